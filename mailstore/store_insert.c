#include "mailstore/store_insert.h"

#include "database/database_statement.h"
#include "mailstore/messages.h"
#include "mailstore/store_account.h"
#include "mailstore/store_body.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_stored.h"

void store_insert_keep(struct store_kept *kept, const struct summary *summary, struct arena *arena)
{
	*kept = (struct store_kept){
		.header_len = summary->header_len, .sent_s = summary->sent_s,
		.envelope = arena_bytes(arena, buffer_bytes(&summary->envelope)),
		.structure = arena_bytes(arena, buffer_bytes(&summary->structure)),
		.sortkeys = arena_bytes(arena, buffer_bytes(&summary->sortkeys)),
	};
	store_thread_id_names(kept->sortkeys, &kept->names);
}

static void insert_row(struct store_context *context, int64_t id, struct bytes octets)
{
	struct database_statement *s = database_statement_begin(context->db, "INSERT INTO chunk(id, data) VALUES(?, ?)");

	database_statement_bind_int(s, 1, id);
	database_statement_bind_blob(s, 2, octets);
	database_statement_run(s);
}

/* Pieces of about the same size. */
static void insert_frame(struct store_context *context, int64_t id, struct bytes frame)
{
	size_t n = frame.len <= STORE_FRAME_WHOLE ? (frame.len + STORE_FRAME_PIECE - 1) / STORE_FRAME_PIECE : 1;

	for (size_t i = 0; i < n; i++)
		insert_row(context, id + (int64_t)i, bytes_slice(frame, frame.len * i / n, frame.len * (i + 1) / n));
}

static void insert_chunks(struct store_context *context, int64_t message_id, const struct store_body *body)
{
	enum store_codec codec = store_body_codec(body);
	struct buffer scratch = { 0 };

	for (size_t n = 0; (uint64_t)n * STORE_CHUNK_SIZE < store_body_size(body); n++) {
		struct bytes chunk;
		struct error error = { 0 };
		if (!store_body_chunk(body, n, &scratch, &chunk, &error)) {
			database_fail(context->db, error.kind, error.text);
			break;
		}
		int64_t id = store_stored_first_row(message_id, codec, n);
		if (codec == STORE_ZSTD)
			insert_frame(context, id, chunk);
		else
			insert_row(context, id, chunk);
	}
	buffer_release(&scratch);
}

int64_t store_insert_message(struct store_context *context, const struct store_body *body, const struct store_kept *kept)
{
	int64_t message_id = store_ids_take(&context->ids, context->db, STORE_IDS_MESSAGE);
	struct database_statement *s;

	s = database_statement_begin(context->db, "INSERT INTO message(size, header_len, codec, file, sent, envelope, structure, sortkeys, message_id) "
	                             "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
	database_statement_bind_int(s, 1, (int64_t)store_body_size(body));
	database_statement_bind_int(s, 2, (int64_t)kept->header_len);
	database_statement_bind_int(s, 3, store_body_codec(body));
	database_statement_bind_text(s, 4, store_body_file_name(body));
	database_statement_bind_int(s, 5, kept->sent_s);
	database_statement_bind_blob(s, 6, kept->envelope);
	database_statement_bind_blob(s, 7, kept->structure);
	database_statement_bind_blob(s, 8, kept->sortkeys);
	database_statement_bind_int(s, 9, message_id);
	database_statement_run(s);
	if (store_body_file_name(body) == NULL)
		insert_chunks(context, message_id, body);
	return message_id;
}

static void count_in_mailbox(struct store_context *context, const struct store_copy *copy)
{
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE mailbox SET uidnext = ?2, modseq = ?3, n_messages = n_messages + 1, n_unseen = n_unseen + ?4, "
		"n_deleted = n_deleted + ?5, n_octets = n_octets + ?6 WHERE mailbox_id = ?1");

	database_statement_bind_int(s, 1, copy->mailbox_id);
	database_statement_bind_int(s, 2, (int64_t)copy->uid + 1);
	database_statement_bind_int(s, 3, (int64_t)copy->modseq);
	database_statement_bind_int(s, 4, (copy->flags & STORE_SEEN) == 0);
	database_statement_bind_int(s, 5, (copy->flags & STORE_DELETED) != 0);
	database_statement_bind_int(s, 6, (int64_t)copy->size);
	database_statement_run(s);
}

void store_insert_copy(struct store_context *context, const struct store_copy *copy)
{
	int64_t thread = store_thread_id_take(context, copy->user_id, copy->message_id, copy->names);
	struct database_statement *s;

	s = database_statement_begin(context->db, "INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, thread_back, message_id) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
	database_statement_bind_int(s, 1, store_row_id(copy->mailbox_id, copy->uid));
	database_statement_bind_int(s, 2, (int64_t)copy->modseq);
	database_statement_bind_int(s, 3, (int64_t)copy->flags);
	database_statement_bind_int(s, 4, copy->internal_date_s);
	database_statement_bind_int(s, 5, context->now_s - copy->internal_date_s);
	database_statement_bind_int(s, 6, (int64_t)copy->size);
	database_statement_bind_int(s, 7, copy->sent_s);
	database_statement_bind_int(s, 8, copy->message_id - thread);
	database_statement_bind_int(s, 9, copy->message_id);
	database_statement_run(s);
	count_in_mailbox(context, copy);
	store_account_count(context, copy->user_id, 1, (int64_t)copy->size);
	store_context_touch(context, copy->mailbox_id, copy->modseq);
}

void store_insert_garbage(struct store_context *context, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(context->db, "INSERT OR REPLACE INTO gc(message_id, at) VALUES(?, ?)");

	database_statement_bind_int(s, 1, message_id);
	database_statement_bind_int(s, 2, context->now_s);
	database_statement_run(s);
}
