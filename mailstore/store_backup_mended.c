#include "mailstore/store_backup_mended.h"

#include "base/arena.h"
#include "database/database_statement.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_fault_frames.h"
#include "mailstore/store_salvage.h"
#include "mailstore/store_stored.h"

struct mended {
	struct mended *next;
	int64_t message_id;
};

static struct mended *list(struct database *db, struct arena *arena)
{
	struct database_statement *s = database_statement_begin(db,
		"SELECT CAST(substr(l.k, length(?1) + 1) AS INTEGER) FROM live.meta l WHERE substr(l.k, 1, length(?1)) = ?1 "
		"AND l.v IS NOT (SELECT m.v FROM main.meta m WHERE m.k = l.k)");
	struct mended *first = NULL;

	database_statement_bind_text(s, 1, STORE_SALVAGE_MARK);
	while (database_statement_step(s)) {
		struct mended *mended = arena_alloc(arena, sizeof *mended);
		*mended = (struct mended){ first, database_statement_int(s, 0) };
		first = mended;
	}
	return first;
}

static bool has_whole(struct database *db, int folder_fd, struct store_stored *stored, int64_t message_id, struct arena *arena)
{
	struct database_statement *s = database_statement_begin(db, "SELECT size, codec, file FROM main.message WHERE message_id = ?");
	struct store_fault_frame frame = { .message_id = message_id };

	database_statement_bind_int(s, 1, message_id);
	bool is_there = database_statement_step(s);
	if (is_there) {
		frame.size = (uint64_t)database_statement_int(s, 0);
		frame.codec = (enum store_codec)database_statement_int(s, 1);
		frame.file = database_statement_text(s, 2, arena);
	}
	database_statement_end(s);
	return is_there && store_fault_frames_is_whole(stored, db, folder_fd, &frame, NULL);
}

static int64_t run_for(struct database *db, const char *literal, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(db, literal);

	database_statement_bind_int(s, 1, message_id);
	return database_statement_run(s);
}

static int64_t ask_for(struct database *db, const char *literal, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(db, literal);

	database_statement_bind_int(s, 1, message_id);
	return database_statement_one(s, 0);
}

void store_backup_copy_mended(struct database *db, int folder_fd, uint64_t *n, uint64_t *n_octets)
{
	struct store_dictionaries *dictionaries = store_dictionaries_create(NULL);
	struct store_stored stored = { .fd = -1, .packer = { .dictionaries = dictionaries } };
	struct arena arena = { 0 };

	*n = *n_octets = 0;
	for (struct mended *mended = list(db, &arena); mended != NULL && !database_failed(db); mended = mended->next) {
		int64_t message_id = mended->message_id;
		if (has_whole(db, folder_fd, &stored, message_id, &arena))
			continue;
		run_for(db, "DELETE FROM main.chunk WHERE id BETWEEN ?1 << 12 AND ?1 << 12 | 4095", message_id);
		run_for(db, "DELETE FROM main.message WHERE message_id = ?", message_id);
		run_for(db, "INSERT INTO main.chunk SELECT * FROM live.chunk WHERE id BETWEEN ?1 << 12 AND ?1 << 12 | 4095", message_id);
		*n += (uint64_t)run_for(db, "INSERT INTO main.message SELECT * FROM live.message WHERE message_id = ?", message_id);
		*n_octets += (uint64_t)ask_for(db, "SELECT size FROM main.message WHERE message_id = ? AND file IS NULL", message_id);
	}
	store_stored_release(&stored);
	store_dictionaries_destroy(dictionaries);
	arena_reset(&arena);
}
