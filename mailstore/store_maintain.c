#include "mailstore/care.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "mailstore/store_context.h"
#include "mailstore/store_file.h"
#include "mailstore/store_journal_row.h"
#include "mailstore/store_lease.h"
#include "mailstore/store_open.h"
#include "mailstore/store_received.h"
#include "mailstore/store_request.h"
#include "mailstore/store_thread_id.h"

#define PART_ROWS 500
#define VACUUM_PAGES 256
#define STRAY_AGE_S 3600                /* an unreferenced body file younger than this may yet be referred to */

struct maintain_request {
	struct store_request request;
	int64_t deadline_ms;
	size_t step;
	bool step_is_over;              /* of the part that runs */
	char (*files)[STORE_FILE_NAME_LEN + 1];         /* to remove once the part is committed */
	size_t n_files;
	store_done_fn *done;
	void *owner;
};

/* ---- the reaper ---- */

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

static void forget_message(struct maintain_request *self, struct store_context *context, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT file FROM message WHERE message_id = ? AND file IS NOT NULL");

	database_statement_bind_int(s, 1, message_id);
	if (database_statement_step(s) &&
	    bytes_copy_text(database_statement_bytes(s, 0), self->files[self->n_files], sizeof *self->files))
		self->n_files++;
	database_statement_end(s);
	run_for(context, "DELETE FROM chunk WHERE id BETWEEN ?1 << 12 AND ?1 << 12 | 4095", message_id);
	run_for(context, "DELETE FROM message WHERE message_id = ?1", message_id);
}

static bool reap(struct maintain_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT message_id FROM gc WHERE at <= ? LIMIT ?");
	int64_t ids[PART_ROWS];
	size_t n = 0, i;

	database_statement_bind_int(s, 1, context->now_s - STORE_RETAIN_S);
	database_statement_bind_int(s, 2, PART_ROWS);
	while (n < PART_ROWS && database_statement_step(s))
		ids[n++] = database_statement_int(s, 0);
	database_statement_end(s);
	for (i = 0; i < n && clock_monotonic_ms() < context->deadline_ms; i++) {
		if (!is_referenced(context, ids[i]))
			forget_message(self, context, ids[i]);
		run_for(context, "DELETE FROM gc WHERE message_id = ?1", ids[i]);
	}
	return i == n && n < PART_ROWS;
}

/* ---- old tombstones, old transmissions, dead leases, free pages ---- */

static bool prune(struct maintain_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT id, modseq FROM tomb WHERE at <= ? LIMIT ?");
	struct { int64_t id, modseq; } rows[PART_ROWS];
	size_t n = 0;

	(void)self;
	database_statement_bind_int(s, 1, context->now_s - STORE_TOMB_KEEP_S);
	database_statement_bind_int(s, 2, PART_ROWS);
	for (; n < PART_ROWS && database_statement_step(s); n++) {
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
	return n < PART_ROWS;
}

static bool forget_received(struct maintain_request *self, struct store_context *context)
{
	(void)self;
	store_received_prune(context);
	return true;
}

static bool forget_journal(struct maintain_request *self, struct store_context *context)
{
	(void)self;
	return store_journal_row_prune(context);
}

static bool forget_threads(struct maintain_request *self, struct store_context *context)
{
	(void)self;
	store_thread_id_prune(context);
	return true;
}

static bool free_dead_leases(struct maintain_request *self, struct store_context *context)
{
	(void)self;
	store_lease_release_dead(&context->store->lease, context->db, context->now_s);
	return true;
}

static bool vacuum(struct maintain_request *self, struct store_context *context)
{
	int64_t n_free = database_statement_one(database_statement_begin(context->db, "PRAGMA freelist_count"), 0);

	(void)self;
	/* a busy store uses its free pages again */
	if (n_free > 16 * VACUUM_PAGES)
		database_statement_run(database_statement_begin(context->db, "PRAGMA incremental_vacuum(256)"));
	return true;
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
static bool sweep(struct maintain_request *self, struct store_context *context)
{
	char path[STORE_FILE_PATH_SIZE];
	struct dirent *entry;

	(void)self;
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

/* True: nothing is left to do for now. */
static bool (*const steps[])(struct maintain_request *, struct store_context *) = {
	free_dead_leases, reap, prune, forget_received, forget_journal, forget_threads, sweep, vacuum,
};

#define N_STEPS (sizeof steps / sizeof *steps)

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct maintain_request *self = (struct maintain_request *)request;

	self->n_files = 0;
	self->step_is_over = steps[self->step](self, context);
	bool is_last = self->step_is_over && self->step + 1 == N_STEPS;
	return is_last || clock_monotonic_ms() >= self->deadline_ms ? STORE_RUN_DONE : STORE_RUN_MORE;
}

static void committed(struct store_request *request, struct store_context *context)
{
	struct maintain_request *self = (struct maintain_request *)request;

	self->step += self->step_is_over;
	for (size_t i = 0; i < self->n_files; i++)
		store_file_remove(context->store->dir_fd, self->files[i]);
}

static void complete(struct store_request *request)
{
	struct maintain_request *self = (struct maintain_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static const struct store_request_ops ops = {
	.name = "maintain", .thread = STORE_IN_WRITER, .run = run, .committed = committed, .complete = complete,
};

struct store_request *store_maintain(struct store_client *client, unsigned budget_ms, store_done_fn *done, void *owner)
{
	struct maintain_request *self = store_request_create(client, &ops, sizeof *self);

	self->deadline_ms = clock_monotonic_ms() + budget_ms;
	self->files = arena_alloc(&self->request.arena, PART_ROWS * sizeof *self->files);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
