#include "mailstore/store_reaper.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "mailstore/store_open.h"

#define STRAY_AGE_S 3600                /* an unreferenced body file younger than this may yet be referred to */

static bool is_referenced(struct store_context *context, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT EXISTS (SELECT 1 FROM msg WHERE message_id = ?1) OR EXISTS (SELECT 1 FROM qmsg WHERE message_id = ?1)");

	database_statement_bind_int(s, 1, message_id);
	return database_statement_one(s, 1) != 0;
}

static void run_for(struct store_context *context, const char *literal, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, message_id);
	database_statement_run(s);
}

static void forget_message(struct store_reaped *reaped, struct store_context *context, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT file FROM message WHERE message_id = ? AND file IS NOT NULL");

	database_statement_bind_int(s, 1, message_id);
	if (database_statement_step(s) &&
	    bytes_copy_text(database_statement_bytes(s, 0), reaped->files[reaped->n_files], sizeof *reaped->files))
		reaped->n_files++;
	database_statement_end(s);
	run_for(context, "DELETE FROM chunk WHERE id BETWEEN ?1 << 12 AND ?1 << 12 | 4095", message_id);
	run_for(context, "DELETE FROM message WHERE message_id = ?1", message_id);
}

/*
 * Goes round the candidates by id, so that many that are still young cost a part no more than its rows.
 * True also at the end of a round in which nothing was old.
 */
bool store_reaper_messages(struct store_context *context, struct store_reaped *reaped)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT message_id, at FROM gc WHERE message_id > ? ORDER BY message_id LIMIT ?");
	struct store_reaper_cursor *cursor = &context->store->next_reaped;
	int64_t ids[STORE_REAPER_PART_ROWS];
	size_t n = 0, n_old = 0, i;

	database_statement_bind_int(s, 1, cursor->message_id);
	database_statement_bind_int(s, 2, STORE_REAPER_PART_ROWS);
	for (; n < STORE_REAPER_PART_ROWS && database_statement_step(s); n++) {
		cursor->message_id = database_statement_int(s, 0);
		if (database_statement_int(s, 1) <= context->now_s - STORE_RETAIN_S)
			ids[n_old++] = cursor->message_id;
	}
	database_statement_end(s);
	for (i = 0; i < n_old && clock_monotonic_ms() < context->deadline_ms; i++) {
		if (!is_referenced(context, ids[i]))
			forget_message(reaped, context, ids[i]);
		run_for(context, "DELETE FROM gc WHERE message_id = ?1", ids[i]);
	}
	cursor->n_old += i;
	if (i < n_old)
		cursor->message_id = ids[i] - 1;
	if (i < n_old || n == STORE_REAPER_PART_ROWS)
		return false;
	bool is_over = cursor->n_old == 0;
	*cursor = (struct store_reaper_cursor){ 0 };
	return is_over;
}

bool store_reaper_tombstones(struct store_context *context, struct store_reaped *reaped)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT id, modseq FROM tomb WHERE at <= ? LIMIT ?");
	struct { int64_t id, modseq; } rows[STORE_REAPER_PART_ROWS];
	size_t n = 0;

	(void)reaped;
	database_statement_bind_int(s, 1, context->now_s - STORE_TOMB_KEEP_S);
	database_statement_bind_int(s, 2, STORE_REAPER_PART_ROWS);
	for (; n < STORE_REAPER_PART_ROWS && database_statement_step(s); n++) {
		rows[n].id = database_statement_int(s, 0);
		rows[n].modseq = database_statement_int(s, 1);
	}
	database_statement_end(s);
	for (size_t i = 0; i < n; i++) {
		s = database_statement_begin(context->db, "UPDATE mailbox SET vanished_floor = ?2 WHERE mailbox_id = ?1 AND vanished_floor < ?2");
		database_statement_bind_int(s, 1, rows[i].id >> 32);
		database_statement_bind_int(s, 2, rows[i].modseq);
		database_statement_run(s);
		run_for(context, "DELETE FROM tomb WHERE id = ?1", rows[i].id);
	}
	return n < STORE_REAPER_PART_ROWS;
}

/* ---- body files nobody refers to ---- */

static bool is_stray(struct store_context *context, int folder_fd, const char *name)
{
	struct database_statement *s;
	struct stat st;

	if (strlen(name) != STORE_FILE_NAME_LEN || fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode) || st.st_ctime > context->now_s - STRAY_AGE_S)
		return false;
	s = database_statement_begin(context->db, "SELECT 1 FROM message WHERE file = ?");
	database_statement_bind_text(s, 1, name);
	return database_statement_one(s, 0) == 0 && !database_failed(context->db);
}

/* One of the 256 folders a call, under the turnstile like every write: nobody is about to refer to an old file. */
bool store_reaper_strays(struct store_context *context, struct store_reaped *reaped)
{
	char path[STORE_FILE_PATH_SIZE];
	struct dirent *entry;

	(void)reaped;
	snprintf(path, sizeof path, "bodies/%02x", context->store->next_sweep++ & 0xff);
	int fd = openat(context->store->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (!is_stray(context, fd, entry->d_name))
			continue;
		log_info("store", "stray-removed", "file=%s/%s", path, entry->d_name);
		unlinkat(fd, entry->d_name, 0);
	}
	closedir(folder);
	return true;
}
