#include "mailstore/store_fault_frames.h"

#include "base/arena.h"
#include "database/database_statement.h"
#include "mailstore/store_faults.h"

#define LIST_ROWS 500

struct packed {
	struct packed *next;
	struct store_fault_frame frame;
};

static struct packed *list(struct database *db, int64_t after, struct arena *arena)
{
	struct database_statement *s = database_statement_begin(db,
		"SELECT message_id, size, codec, file FROM message WHERE codec <> 0 AND message_id > ? ORDER BY message_id LIMIT ?");
	struct packed *first = NULL, **last = &first;

	database_statement_bind_int(s, 1, after);
	database_statement_bind_int(s, 2, LIST_ROWS);
	while (database_statement_step(s)) {
		struct packed *packed = arena_alloc(arena, sizeof *packed);
		*packed = (struct packed){ .frame = {
			.message_id = database_statement_int(s, 0), .size = (uint64_t)database_statement_int(s, 1),
			.codec = (enum store_codec)database_statement_int(s, 2), .file = database_statement_text(s, 3, arena),
		} };
		*last = packed;
		last = &packed->next;
	}
	return first;
}

/* Rows behind the last chunk? */
static bool has_rest(struct store_stored *stored, struct database *db, uint64_t n, struct error *err)
{
	struct database_statement *s = database_statement_begin(db, "SELECT count(*) FROM chunk WHERE id BETWEEN ? AND ?");

	database_statement_bind_int(s, 1, store_stored_first_row(stored->message_id, stored->codec, n));
	database_statement_bind_int(s, 2, stored->message_id << 12 | 4095);
	return stored->fd < 0 && database_statement_one(s, 0) != 0 && !error_set(err, ERROR_CORRUPT, "message %lld: more is stored than its %llu octets", (long long)stored->message_id,
	                         (unsigned long long)stored->size);
}

bool store_fault_frames_is_whole(struct store_stored *stored, struct database *db, int dir_fd, const struct store_fault_frame *frame, struct error *err)
{
	struct bytes chunk;
	uint64_t n = 0;
	bool ok = store_stored_open(stored, dir_fd, frame->message_id, frame->size, frame->codec, frame->file, err);

	for (; ok && store_stored_chunk_len(stored, n) > 0; n++)
		ok = store_stored_chunk(stored, db, n, &chunk, err);
	ok = ok && !has_rest(stored, db, n, err);
	store_stored_close(stored);
	return ok;
}

/* The finding, and whose it is; NULL when the reaper was here meanwhile. */
static const char *describe(struct database *db, int64_t message_id, const struct error *why, struct arena *arena)
{
	struct database_statement *s = database_statement_begin(db, "SELECT ?2 || " STORE_FAULT_WHOSE("?1") " FROM message WHERE message_id = ?1");

	database_statement_bind_int(s, 1, message_id);
	database_statement_bind_text(s, 2, why->text);
	const char *text = database_statement_step(s) ? database_statement_text(s, 0, arena) : NULL;
	database_statement_end(s);
	return text;
}

void store_fault_frames_walk(struct database *db, struct store_dictionaries *dictionaries, int dir_fd, store_fault_frame_fn *fn, void *owner)
{
	struct store_stored stored = { .fd = -1, .packer = { .dictionaries = dictionaries } };
	struct arena arena = { 0 };
	int64_t last = 0;

	for (struct packed *packed; (packed = list(db, last, &arena)) != NULL; arena_reset(&arena)) {
		for (; packed != NULL && !database_failed(db); packed = packed->next) {
			struct error why = { 0 };
			last = packed->frame.message_id;
			if (store_fault_frames_is_whole(&stored, db, dir_fd, &packed->frame, &why) || why.kind == ERROR_NOT_FOUND || database_failed(db))
				continue;
			packed->frame.lacks_dictionary = stored.packer.lacks_dictionary;
			packed->frame.text = describe(db, last, &why, &arena);
			if (packed->frame.text != NULL)
				fn(owner, &packed->frame);
		}
	}
	arena_reset(&arena);
	store_stored_release(&stored);
}
