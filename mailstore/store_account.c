#include "mailstore/store_account.h"

#include "mailstore/mailboxes.h"
#include "mailstore/users.h"

int64_t store_account_find(struct store_context *context, struct bytes name, int64_t *state)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT user_id, state FROM user WHERE name = ?");
	int64_t user_id = 0;

	database_statement_bind_bytes(s, 1, name);
	if (database_statement_step(s)) {
		user_id = database_statement_int(s, 0);
		if (state != NULL)
			*state = database_statement_int(s, 1);
	}
	database_statement_end(s);
	return user_id;
}

static const struct first_mailbox {
	const char *name;
	unsigned special_use;
} first_mailboxes[] = {
	{ "INBOX", 0 },
	{ "Drafts", STORE_USE_DRAFTS },
	{ "Sent", STORE_USE_SENT },
	{ "Archive", STORE_USE_ARCHIVE },
	{ "Junk", STORE_USE_JUNK },
	{ "Trash", STORE_USE_TRASH },
};

#define N_FIRST_MAILBOXES (sizeof first_mailboxes / sizeof *first_mailboxes)

static void make_mailbox(struct store_context *context, int64_t user_id, const struct first_mailbox *first, int64_t uidvalidity)
{
	struct database_statement *s;

	s = database_statement_begin(context->db, "INSERT INTO mailbox(user_id, name, special_use, uidvalidity, created) VALUES(?, ?, ?, ?, ?)");
	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_text(s, 2, first->name);
	database_statement_bind_int(s, 3, first->special_use);
	database_statement_bind_int(s, 4, uidvalidity);
	database_statement_bind_int(s, 5, context->now_s);
	database_statement_run(s);
	s = database_statement_begin(context->db, "INSERT OR IGNORE INTO subscription(user_id, name) VALUES(?, ?)");
	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_text(s, 2, first->name);
	database_statement_run(s);
}

int64_t store_account_make(struct store_context *context, struct bytes name, int64_t state)
{
	struct database_statement *s;

	s = database_statement_begin(context->db, "INSERT INTO user(name, state, next_uidvalidity, created) VALUES(?, ?, 0, ?)");
	database_statement_bind_bytes(s, 1, name);
	database_statement_bind_int(s, 2, state);
	database_statement_bind_int(s, 3, context->now_s);
	database_statement_run(s);
	int64_t user_id = database_last_id(context->db);
	/* both rise: an address deleted and made again, even within a second, never shows an old UIDVALIDITY */
	int64_t uidvalidity = (context->now_s + 16 * user_id) & 0x7fffffff;
	s = database_statement_begin(context->db, "UPDATE user SET next_uidvalidity = ? WHERE user_id = ?");
	database_statement_bind_int(s, 1, uidvalidity + (int64_t)N_FIRST_MAILBOXES);
	database_statement_bind_int(s, 2, user_id);
	database_statement_run(s);
	for (size_t i = 0; i < N_FIRST_MAILBOXES; i++)
		make_mailbox(context, user_id, &first_mailboxes[i], uidvalidity + (int64_t)i);
	return user_id;
}

bool store_account_domain(struct store_context *context, struct bytes domain, bool *catch_all)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT catch_all FROM domain WHERE name = ?");

	database_statement_bind_bytes(s, 1, domain);
	int64_t found = database_statement_one(s, -1);
	if (catch_all != NULL)
		*catch_all = found == 1;
	return found >= 0;
}

static void read_target(struct database_statement *s, struct store_target *target)
{
	target->disabled = (database_statement_int(s, 0) & STORE_USER_DISABLED) != 0;
	target->quota = (uint64_t)database_statement_int(s, 1);
	target->used = (uint64_t)database_statement_int(s, 2);
	target->full_since_s = database_statement_int(s, 3);
}

bool store_account_read(struct store_context *context, int64_t user_id, struct store_target *target)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT state, quota_octets, used_octets, over_quota_since FROM user WHERE user_id = ?");

	database_statement_bind_int(s, 1, user_id);
	bool found = database_statement_step(s);
	if (found)
		read_target(s, target);
	database_statement_end(s);
	return found;
}

bool store_account_read_inbox(struct store_context *context, int64_t user_id, struct store_inbox *inbox, struct store_target *target)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT u.state, u.quota_octets, u.used_octets, u.over_quota_since, m.mailbox_id, m.uidnext, m.modseq "
		"FROM user u CROSS JOIN mailbox m ON m.user_id = u.user_id AND m.name = 'INBOX' WHERE u.user_id = ?");

	database_statement_bind_int(s, 1, user_id);
	bool found = database_statement_step(s);
	if (found) {
		if (target != NULL)
			read_target(s, target);
		*inbox = (struct store_inbox){
			.mailbox_id = database_statement_int(s, 4), .uidnext = (uint32_t)database_statement_int(s, 5), .modseq = (uint64_t)database_statement_int(s, 6),
		};
	}
	database_statement_end(s);
	return found;
}

void store_account_start_grace(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db, "UPDATE user SET over_quota_since = ? WHERE user_id = ? AND over_quota_since = 0");

	database_statement_bind_int(s, 1, context->now_s);
	database_statement_bind_int(s, 2, user_id);
	database_statement_run(s);
}

bool store_account_has_room(struct store_context *context, int64_t user_id, uint64_t octets)
{
	struct database_statement *s;

	s = database_statement_begin(context->db, "SELECT quota_octets = 0 OR used_octets + ? <= quota_octets FROM user WHERE user_id = ?");
	database_statement_bind_int(s, 1, (int64_t)octets);
	database_statement_bind_int(s, 2, user_id);
	return database_statement_one(s, 0) != 0;
}

void store_account_count(struct store_context *context, int64_t user_id, int64_t messages, int64_t octets)
{
	struct database_statement *s;

	s = database_statement_begin(context->db, "UPDATE user SET used_octets = max(0, used_octets + ?1), used_messages = max(0, used_messages + ?2), "
		"over_quota_since = CASE WHEN quota_octets > 0 AND used_octets + ?1 > quota_octets THEN over_quota_since ELSE 0 END WHERE user_id = ?3");
	database_statement_bind_int(s, 1, octets);
	database_statement_bind_int(s, 2, messages);
	database_statement_bind_int(s, 3, user_id);
	database_statement_run(s);
}
