#include "mailstore/store_schema.h"

#include <stddef.h>
#include <stdio.h>

static const char *const tables[] = {
	"CREATE TABLE meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID",
	"CREATE TABLE domain(domain_id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, catch_all INTEGER NOT NULL DEFAULT 0) STRICT",
	"CREATE TABLE user(user_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE UNIQUE, state INTEGER NOT NULL DEFAULT 0,"
	"  next_uidvalidity INTEGER NOT NULL, quota_octets INTEGER NOT NULL DEFAULT 0, used_octets INTEGER NOT NULL DEFAULT 0,"
	"  used_messages INTEGER NOT NULL DEFAULT 0, over_quota_since INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL) STRICT",
	"CREATE TABLE credential(user_id INTEGER NOT NULL, label TEXT NOT NULL DEFAULT '', mechanism TEXT NOT NULL, iterations INTEGER NOT NULL,"
	"  salt BLOB NOT NULL, stored_key BLOB NOT NULL, server_key BLOB NOT NULL, created INTEGER NOT NULL,"
	"  PRIMARY KEY(user_id, label, mechanism)) STRICT, WITHOUT ROWID",
	"CREATE TABLE alias(address TEXT NOT NULL COLLATE NOCASE, target TEXT NOT NULL COLLATE NOCASE, kind INTEGER NOT NULL DEFAULT 0,"
	"  PRIMARY KEY(address, target)) STRICT, WITHOUT ROWID",
	"CREATE TABLE send_count(user_id INTEGER NOT NULL, day INTEGER NOT NULL, messages INTEGER NOT NULL, recipients INTEGER NOT NULL,"
	"  PRIMARY KEY(user_id, day)) STRICT, WITHOUT ROWID",
	"CREATE TABLE mailbox(mailbox_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK(mailbox_id BETWEEN 1 AND 2147483647), user_id INTEGER NOT NULL,"
	"  name TEXT NOT NULL, special_use INTEGER NOT NULL DEFAULT 0, uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL DEFAULT 1,"
	"  modseq INTEGER NOT NULL DEFAULT 1, vanished_floor INTEGER NOT NULL DEFAULT 0, first_recent_uid INTEGER NOT NULL DEFAULT 1,"
	"  n_messages INTEGER NOT NULL DEFAULT 0, n_unseen INTEGER NOT NULL DEFAULT 0, n_deleted INTEGER NOT NULL DEFAULT 0,"
	"  n_octets INTEGER NOT NULL DEFAULT 0, expire_after INTEGER NOT NULL DEFAULT 0, object_id INTEGER NOT NULL DEFAULT 0,"
	"  created INTEGER NOT NULL, UNIQUE(user_id, name)) STRICT",
	"CREATE TABLE subscription(user_id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY(user_id, name)) STRICT, WITHOUT ROWID",
	"CREATE TABLE past_name(user_id INTEGER NOT NULL, name TEXT NOT NULL, uidvalidity INTEGER NOT NULL, PRIMARY KEY(user_id, name)) STRICT, WITHOUT ROWID",
	"CREATE TABLE keyword(mailbox_id INTEGER NOT NULL, bit INTEGER NOT NULL CHECK(bit BETWEEN 8 AND 62), name TEXT NOT NULL COLLATE NOCASE,"
	"  PRIMARY KEY(mailbox_id, bit), UNIQUE(mailbox_id, name)) STRICT, WITHOUT ROWID",
	"CREATE TABLE message(message_id INTEGER PRIMARY KEY, size INTEGER NOT NULL, header_len INTEGER NOT NULL,"
	"  codec INTEGER NOT NULL DEFAULT 0, file TEXT, sent INTEGER NOT NULL, envelope BLOB NOT NULL, structure BLOB NOT NULL, sortkeys BLOB NOT NULL) STRICT",
	"CREATE INDEX message_file ON message(file) WHERE file IS NOT NULL",
	"CREATE TABLE chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT",
	"CREATE TABLE dictionary(dictionary_id INTEGER PRIMARY KEY, octets BLOB NOT NULL) STRICT",
	"CREATE TABLE msg(id INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, flags INTEGER NOT NULL, internal_date INTEGER NOT NULL,"
	"  saved_after INTEGER NOT NULL, size INTEGER NOT NULL, sent INTEGER NOT NULL, thread_back INTEGER NOT NULL DEFAULT 0,"
	"  message_id INTEGER NOT NULL, saved INTEGER AS (internal_date + saved_after), thread INTEGER AS (message_id - thread_back)) STRICT",
	"CREATE INDEX msg_modseq ON msg(id>>32, modseq)",
	"CREATE INDEX msg_message ON msg(message_id)",
	"CREATE TABLE tomb(id INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, message_id INTEGER NOT NULL, size INTEGER NOT NULL,"
	"  flags INTEGER NOT NULL, internal_date INTEGER NOT NULL, at INTEGER NOT NULL) STRICT",
	"CREATE INDEX tomb_modseq ON tomb(id>>32, modseq)",
	"CREATE INDEX tomb_at ON tomb(at)",
	"CREATE TABLE gc(message_id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT",
	"CREATE TABLE thread_id(user_id INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL,"
	"  PRIMARY KEY(user_id, hash)) STRICT, WITHOUT ROWID",
	"CREATE TABLE qmsg(queue_id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL, skip INTEGER NOT NULL DEFAULT 0, sender TEXT NOT NULL,"
	"  arrived INTEGER NOT NULL, expires INTEGER NOT NULL, is_8bit INTEGER NOT NULL DEFAULT 0, envelope_id TEXT,"
	"  returns INTEGER NOT NULL DEFAULT 0, n_left INTEGER NOT NULL) STRICT",
	"CREATE INDEX qmsg_message ON qmsg(message_id)",
	"CREATE TABLE qrcpt(item_id INTEGER PRIMARY KEY, queue_id INTEGER NOT NULL, kind INTEGER NOT NULL DEFAULT 0,"
	"  recipient TEXT NOT NULL, original TEXT, notify INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL, token INTEGER NOT NULL DEFAULT 0,"
	"  hold INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, delay_noticed INTEGER NOT NULL DEFAULT 0,"
	"  status TEXT, remote TEXT) STRICT",
	"CREATE INDEX qrcpt_next ON qrcpt(next_at) WHERE hold = 0",
	"CREATE INDEX qrcpt_queue ON qrcpt(queue_id)",
	"CREATE TABLE lease(token INTEGER PRIMARY KEY, pid INTEGER NOT NULL, program TEXT NOT NULL, since INTEGER NOT NULL) STRICT",
	"CREATE TABLE destination(domain TEXT PRIMARY KEY COLLATE NOCASE, hold INTEGER NOT NULL DEFAULT 0, retry_at INTEGER NOT NULL DEFAULT 0,"
	"  failures INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID",
	"CREATE TABLE received(peer TEXT NOT NULL, peer_transaction TEXT NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL,"
	"  PRIMARY KEY(peer, peer_transaction, digest)) STRICT, WITHOUT ROWID",
	"CREATE TABLE journal(entry_id INTEGER PRIMARY KEY, queue_id INTEGER, after_ms INTEGER NOT NULL, id_hash INTEGER NOT NULL,"
	"  stage INTEGER NOT NULL, recipient TEXT, remote TEXT, detail TEXT) STRICT",
	"CREATE INDEX journal_queue ON journal(queue_id) WHERE queue_id IS NOT NULL",
};

static void put(const char *key, struct database_statement *insert)
{
	database_statement_bind_text(insert, 1, key);
	database_statement_run(insert);
}

void store_schema_create(struct database *db, const char *uuid, const unsigned char secret[32], const char *postmaster, int64_t now_s)
{
	static const char insert[] = "INSERT INTO meta(k, v) VALUES(?, ?)";
	char set_version[40];
	struct database_statement *s;

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		database_script(db, tables[i]);
	/* steps that lead to a later version begin behind this one */
	snprintf(set_version, sizeof set_version, "PRAGMA user_version=%d", STORE_SCHEMA_VERSION);
	database_script(db, set_version);
	s = database_statement_begin(db, insert);
	database_statement_bind_int(s, 2, STORE_SCHEMA_VERSION);
	put("schema", s);
	s = database_statement_begin(db, insert);
	database_statement_bind_int(s, 2, 0);
	put("shard", s);
	s = database_statement_begin(db, insert);
	database_statement_bind_int(s, 2, now_s);
	put("created", s);
	s = database_statement_begin(db, insert);
	database_statement_bind_text(s, 2, uuid);
	put("uuid", s);
	s = database_statement_begin(db, insert);
	database_statement_bind_blob(s, 2, bytes_of(secret, 32));
	put("secret", s);
	if (postmaster == NULL)
		return;
	s = database_statement_begin(db, insert);
	database_statement_bind_text(s, 2, postmaster);
	put("postmaster", s);
}

bool store_schema_check(struct database *db, int *found, struct error *err)
{
	int64_t version = database_statement_one(database_statement_begin(db, "SELECT v FROM meta WHERE k = 'schema'"), 0);

	if (database_failed(db)) {
		const struct error *why = database_error(db);
		if (why->sys_errno == 0 && (why->kind == ERROR_SYSTEM || why->kind == ERROR_CORRUPT))
			return error_set(err, ERROR_CORRUPT, "not a store (%s): make one from its last backup (mailctl restore)", why->text);
		if (err != NULL)
			*err = *why;
		return false;
	}
	if (version > STORE_SCHEMA_VERSION)
		return error_set(err, ERROR_DENIED, "the store has schema %lld, this program knows %d: it is older than the store",
		                 (long long)version, STORE_SCHEMA_VERSION);
	if (version < 1)
		return error_set(err, ERROR_CORRUPT, "the store names no schema");
	if (found != NULL)
		*found = (int)version;
	else if (version < STORE_SCHEMA_VERSION)
		return error_set(err, ERROR_TRY_LATER, "the store has schema %lld, this program wants %d: a daemon or mailctl stats brings it forward",
		                 (long long)version, STORE_SCHEMA_VERSION);
	return true;
}
