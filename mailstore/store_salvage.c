#include "mailstore/store_salvage.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "mailstore/messages.h"
#include "mailstore/store_account.h"
#include "mailstore/store_body.h"
#include "mailstore/store_insert.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_open.h"
#include "message/summary.h"

static int64_t one_for(struct store_context *context, const char *literal, int64_t key)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, key);
	return database_statement_one(s, 0);
}

static void run_for(struct store_context *context, const char *literal, int64_t key, int64_t value)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, key);
	database_statement_bind_int(s, 2, value);
	database_statement_run(s);
}

void store_salvage_mark(struct store_context *context, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO meta(k, v) VALUES(?1 || ?2, 1) ON CONFLICT(k) DO UPDATE SET v = v + 1");

	database_statement_bind_text(s, 1, STORE_SALVAGE_MARK);
	database_statement_bind_int(s, 2, message_id);
	database_statement_run(s);
}

static int64_t recovered_account(struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT name FROM domain ORDER BY domain_id LIMIT 1");
	char name[300];

	struct bytes domain = database_statement_step(s) ? database_statement_bytes(s, 0) : BYTES("localhost");
	snprintf(name, sizeof name, "recovered@%.*s", BYTES_PRINT(domain));
	database_statement_end(s);
	int64_t user_id = store_account_find(context, bytes_text(name), NULL);
	return user_id != 0 ? user_id : store_account_make(context, bytes_text(name), STORE_USER_DISABLED);
}

const char *store_salvage_mailbox(struct store_context *context, int64_t mailbox_id)
{
	run_for(context, "UPDATE mailbox SET name = printf('Recovered %d/%s', user_id, name), user_id = ?2, special_use = 0 WHERE mailbox_id = ?1",
	        mailbox_id, recovered_account(context));
	return "kept in a mailbox of recovered@";
}

const char *store_salvage_messages(struct store_context *context, int64_t mailbox_id)
{
	int64_t user_id = recovered_account(context);

	run_for(context, "INSERT INTO mailbox(mailbox_id, user_id, name, uidvalidity, created) "
	        "SELECT ?1, ?2, printf('Recovered mailbox %d', ?1), next_uidvalidity, created FROM user WHERE user_id = ?2", mailbox_id, user_id);
	run_for(context, "UPDATE user SET next_uidvalidity = next_uidvalidity + 1 WHERE user_id = ?1 AND ?2 = 0", user_id, 0);
	return "kept in a mailbox of recovered@";
}

/* ---- a row made again from its octets ---- */

/* Returns how many octets it holds; a damaged one counts, and is mended when frames are looked at. */
static size_t feed_frame(struct store_context *context, struct summary_builder *builder, struct bytes frame)
{
	struct buffer *plain = &context->stored.plain;
	size_t len = store_packer_plain_len(frame);

	buffer_clear(plain);
	char *to = buffer_reserve(plain, len);
	if (len > 0 && !store_packer_unpack(&context->stored.packer, context->db, frame, to, len, NULL))
		memset(to, ' ', len);
	summary_builder_feed(builder, bytes_of(to, len));
	return len;
}

static uint64_t summarise(struct store_context *context, int64_t message_id, struct summary *summary, enum store_codec *codec)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT data, id & 4095 FROM chunk WHERE id BETWEEN ?1 << 12 AND ?1 << 12 | 4095 ORDER BY id");
	struct summary_builder *builder = summary_builder_create();
	struct buffer frame = { 0 };
	int64_t n_chunk = -1;
	uint64_t size = 0;

	database_statement_bind_int(s, 1, message_id);
	while (database_statement_step(s)) {
		struct bytes octets = database_statement_bytes(s, 0);
		int64_t n = database_statement_int(s, 1) >> 8;
		/* no mail begins like a frame */
		if (n_chunk < 0)
			*codec = store_packer_plain_len(octets) > 0 ? STORE_ZSTD : STORE_PLAIN;
		if (*codec == STORE_PLAIN) {
			summary_builder_feed(builder, octets);
			size += octets.len;
		} else if (n != n_chunk && frame.len > 0) {
			size += feed_frame(context, builder, buffer_bytes(&frame));
			buffer_clear(&frame);
		}
		buffer_add_bytes(&frame, *codec == STORE_ZSTD ? octets : (struct bytes){ 0 });
		n_chunk = n;
	}
	if (frame.len > 0)
		size += feed_frame(context, builder, buffer_bytes(&frame));
	buffer_release(&frame);
	summary_builder_finish(builder, summary);
	summary_builder_destroy(builder);
	return size;
}

const char *store_salvage_chunks(struct store_context *context, int64_t message_id)
{
	struct summary summary = { 0 };
	enum store_codec codec = STORE_PLAIN;
	uint64_t size = summarise(context, message_id, &summary, &codec);
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO message(message_id, size, header_len, sent, envelope, structure, sortkeys, codec) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, message_id);
	database_statement_bind_int(s, 2, (int64_t)size);
	database_statement_bind_int(s, 3, (int64_t)summary.header_len);
	database_statement_bind_int(s, 4, summary.sent_s);
	database_statement_bind_blob(s, 5, buffer_bytes(&summary.envelope));
	database_statement_bind_blob(s, 6, buffer_bytes(&summary.structure));
	database_statement_bind_blob(s, 7, buffer_bytes(&summary.sortkeys));
	database_statement_bind_int(s, 8, codec);
	database_statement_run(s);
	summary_release(&summary);
	store_salvage_mark(context, message_id);
	return "read again";
}

const char *store_salvage_orphan(struct store_context *context, int64_t message_id)
{
	int64_t user_id = recovered_account(context);
	struct database_statement *s = database_statement_begin(context->db, "SELECT size, sent, sortkeys FROM message WHERE message_id = ?");
	struct store_thread_names names = { 0 };
	struct store_inbox inbox = { 0 };

	store_account_read_inbox(context, user_id, &inbox, NULL);
	struct store_copy copy = {
		.mailbox_id = inbox.mailbox_id, .user_id = user_id, .message_id = message_id, .uid = inbox.uidnext, .modseq = inbox.modseq + 1,
		.internal_date_s = context->now_s, .names = &names,
	};

	database_statement_bind_int(s, 1, message_id);
	if (database_statement_step(s)) {
		copy.size = (uint64_t)database_statement_int(s, 0);
		copy.sent_s = database_statement_int(s, 1);
		store_thread_id_names(database_statement_bytes(s, 2), &names);
	}
	database_statement_end(s);
	store_insert_copy(context, &copy);
	store_salvage_mark(context, message_id);
	return "kept in the INBOX of recovered@";
}

/* ---- octets that are gone ---- */

const char *store_salvage_lost(struct store_context *context, int64_t message_id)
{
	struct arena arena = { 0 };
	struct row { struct row *next; int64_t id; } *first = NULL;
	struct database_statement *s = database_statement_begin(context->db, "SELECT id FROM msg WHERE message_id = ?");

	database_statement_bind_int(s, 1, message_id);
	while (database_statement_step(s)) {
		struct row *row = arena_alloc(&arena, sizeof *row);
		*row = (struct row){ first, database_statement_int(s, 0) };
		first = row;
	}
	for (; first != NULL; first = first->next) {
		s = database_statement_begin(context->db, "INSERT OR REPLACE INTO tomb(id, modseq, message_id, size, flags, internal_date, at) "
			"SELECT id, ?2, message_id, size, flags, internal_date, ?3 FROM msg WHERE id = ?1");
		database_statement_bind_int(s, 1, first->id);
		/* nobody is to read it any more */
		database_statement_bind_int(s, 3, context->now_s - STORE_RETAIN_S - 1);
		database_statement_bind_int(s, 2, (int64_t)store_mailbox_next_modseq(context, first->id >> 32));
		database_statement_run(s);
		run_for(context, "DELETE FROM msg WHERE id = ?1 AND ?2 = 0", first->id, 0);
	}
	arena_reset(&arena);
	run_for(context, "DELETE FROM qrcpt WHERE queue_id IN (SELECT queue_id FROM qmsg WHERE message_id = ?1) AND ?2 = 0", message_id, 0);
	run_for(context, "DELETE FROM qmsg WHERE message_id = ?1 AND ?2 = 0", message_id, 0);
	run_for(context, "DELETE FROM chunk WHERE id BETWEEN ?1 << 12 AND ?1 << 12 | 4095 AND ?2 = 0", message_id, 0);
	run_for(context, "DELETE FROM message WHERE message_id = ?1 AND ?2 = 0", message_id, 0);
	return "nothing of it is left: removed";
}

void store_salvage_filler(struct buffer *out, size_t len)
{
	static const char line[] = "[This part of the message was lost on the disk.]\r\n";
	size_t end = out->len + len;

	while (out->len < end)
		buffer_add_bytes(out, bytes_slice(BYTES(line), 0, end - out->len));
}

void store_salvage_hold(struct store_context *context, int64_t message_id)
{
	run_for(context, "UPDATE qrcpt SET hold = 1 WHERE queue_id IN (SELECT queue_id FROM qmsg WHERE message_id = ?1) AND ?2 = 0", message_id, 0);
}

/* Chunk n is to hold len octets: what is there of them, and filler; of a damaged frame nothing is. */
static void mend_chunk(struct store_context *context, const struct store_stored *stored, uint64_t n, size_t len)
{
	int64_t id = store_stored_first_row(stored->message_id, stored->codec, n);
	struct buffer octets = { 0 };
	struct database_statement *s = database_statement_begin(context->db, "SELECT data FROM chunk WHERE id = ?");

	database_statement_bind_int(s, 1, id);
	if (stored->codec == STORE_PLAIN && database_statement_step(s))
		buffer_add_bytes(&octets, bytes_slice(database_statement_bytes(s, 0), 0, len));
	database_statement_end(s);
	store_salvage_filler(&octets, len - octets.len);
	run_for(context, "DELETE FROM chunk WHERE id BETWEEN ?1 AND ?2", id, store_stored_last_row(stored->message_id, stored->codec, n));
	s = database_statement_begin(context->db, "INSERT INTO chunk(id, data) VALUES(?, ?)");
	database_statement_bind_int(s, 1, id);
	database_statement_bind_blob(s, 2, stored->codec == STORE_ZSTD ? store_packer_pack(&context->stored.packer, NULL, buffer_bytes(&octets)) : buffer_bytes(&octets));
	database_statement_run(s);
	buffer_release(&octets);
}

const char *store_salvage_body(struct store_context *context, int64_t message_id)
{
	int64_t size = one_for(context, "SELECT size FROM message WHERE message_id = ?", message_id);
	enum store_codec codec = (enum store_codec)one_for(context, "SELECT codec FROM message WHERE message_id = ?", message_id);
	struct store_stored *stored = &context->stored;
	struct bytes chunk;
	uint64_t n = 0;
	size_t len;

	if (!store_stored_open(stored, -1, message_id, (uint64_t)size, codec, NULL, NULL))
		return NULL;
	if (one_for(context, "SELECT count(*) FROM chunk WHERE id BETWEEN ?1 << 12 AND ?1 << 12 | 4095", message_id) == 0)
		return store_salvage_lost(context, message_id);
	for (; (len = store_stored_chunk_len(stored, n)) > 0; n++)
		if (!store_stored_chunk(stored, context->db, n, &chunk, NULL))
			mend_chunk(context, stored, n, len);
	run_for(context, "DELETE FROM chunk WHERE id BETWEEN ?2 AND ?1 << 12 | 4095", message_id, store_stored_first_row(message_id, codec, n));
	store_salvage_hold(context, message_id);
	store_salvage_mark(context, message_id);
	return "lines that say so stand where octets are lost";
}
