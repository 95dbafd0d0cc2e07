#include "mailstore/care.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_fault_dictionaries.h"
#include "mailstore/store_fault_files.h"
#include "mailstore/store_fault_frames.h"
#include "mailstore/store_fault_rows.h"
#include "mailstore/store_mend.h"
#include "mailstore/store_open.h"
#include "mailstore/store_salvage.h"
#include "mailstore/store_turnstile.h"

#define LIST_ROWS 1000
#define PATIENCE_MS 60000               /* whoever started it can wait, and can interrupt it */
#define TURN_MS 50                      /* how long others wait for a repair at most, but for the indexes */

struct repair {
	struct store_context context;
	struct store_turnstile turnstile;
	int dir_fd;
	store_repair_fn *told;
	void *owner;
	struct error error;             /* of the turnstile */
	unsigned n_frames;              /* packed messages mended */
};

static bool failed(const struct repair *r)
{
	return r->error.kind != ERROR_NONE || database_failed(r->context.db);
}

static bool enter(struct repair *r)
{
	if (failed(r) || !store_turnstile_enter(&r->turnstile, PATIENCE_MS, &r->error))
		return false;
	r->context.now_s = clock_now_s();
	r->context.n_hints = 0;
	if (database_begin_write(r->context.db))
		return true;
	store_turnstile_leave(&r->turnstile);
	return false;
}

static void leave(struct repair *r)
{
	if (database_failed(r->context.db))
		database_rollback(r->context.db);
	else
		database_commit(r->context.db);
	store_turnstile_leave(&r->turnstile);
}

/* ---- rows ---- */

static const char *repair_one(struct repair *r, const struct store_fault *fault, int64_t key)
{
	if (fault->repair != NULL)
		return fault->repair(&r->context, key);
	for (size_t i = 0; i < sizeof fault->sql / sizeof *fault->sql && fault->sql[i] != NULL; i++) {
		struct database_statement *s = database_statement_begin(r->context.db, fault->sql[i]);
		database_statement_bind_int(s, 1, key);
		database_statement_run(s);
	}
	return fault->done;
}

/* As many of them as a turn allows; returns the first that is left. */
static struct store_fault_row *repair_some(struct repair *r, const struct store_fault *fault, struct store_fault_row *first)
{
	int64_t end_ms = clock_monotonic_ms() + TURN_MS;
	struct store_fault_row *at = first;

	if (!enter(r))
		return NULL;
	do {
		at->done = repair_one(r, fault, at->key);
		at = at->next;
	} while (at != NULL && clock_monotonic_ms() < end_ms && !database_failed(r->context.db));
	leave(r);
	for (; first != at && !failed(r); first = first->next)
		r->told(r->owner, first->text, first->done);
	return at;
}

/* A slice again until the question is answered with nothing, or with what its own repair does not change. */
static void repair_slice(struct repair *r, const struct store_fault *fault, struct store_fault_rows *rows)
{
	const struct store_fault_rows slice = *rows;
	struct arena arena = { 0 };
	struct store_fault_row *found;

	for (int64_t last = -1; (found = store_fault_rows_next(rows, r->context.db, LIST_ROWS, &arena)) != NULL && found->key != last && !failed(r); *rows = slice) {
		last = found->key;
		while (found != NULL && !failed(r))
			found = repair_some(r, fault, found);
		arena_reset(&arena);
	}
	arena_reset(&arena);
}

static void repair_rows(struct repair *r, const struct store_fault *fault)
{
	struct store_fault_rows rows;

	for (store_fault_rows_init(&rows, fault, clock_now_s()); !rows.is_over && !failed(r);)
		repair_slice(r, fault, &rows);
}

/* ---- indexes ---- */

/* What SQLite finds in the file itself.  Indexes can be made anew from their tables; nothing else can. */
static void repair_indexes(struct repair *r)
{
	struct database *db = r->context.db;
	struct database_statement *s = database_statement_begin(db, "PRAGMA integrity_check(1)");
	bool is_sound = database_statement_step(s) && bytes_equal(database_statement_bytes(s, 0), BYTES("ok"));
	char text[300] = "";

	if (!is_sound && !database_failed(db))
		snprintf(text, sizeof text, "%.*s", BYTES_PRINT(database_statement_bytes(s, 0)));
	database_statement_end(s);
	if (is_sound || !enter(r))
		return;
	database_script(db, "REINDEX");
	leave(r);
	bool helped = false;
	if (!failed(r)) {
		s = database_statement_begin(db, "PRAGMA integrity_check(1)");
		helped = database_statement_step(s) && bytes_equal(database_statement_bytes(s, 0), BYTES("ok"));
		database_statement_end(s);
	}
	r->told(r->owner, text, helped ? "all indexes made anew" : NULL);
}

/* ---- body files ---- */

static bool write_filler(int fd, int64_t len)
{
	struct buffer filler = { 0 };

	store_salvage_filler(&filler, (size_t)(len < 1 << 20 ? len : 1 << 20));
	while (len > 0) {
		size_t n = len < (int64_t)filler.len ? (size_t)len : filler.len;
		if (!file_write(fd, bytes_of(filler.at, n)))
			break;
		len -= (int64_t)n;
	}
	buffer_release(&filler);
	return len == 0;
}

static const char *mend_file(struct repair *r, const struct store_fault_file *file)
{
	int fd = openat(r->dir_fd, file->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	bool ok = fd >= 0 && (file->size > file->wanted ? ftruncate(fd, (off_t)file->wanted) == 0 : write_filler(fd, file->wanted - file->size));

	ok = ok && fdatasync(fd) == 0;
	if (!ok)
		error_set_errno(&r->error, errno, "cannot mend %s", file->path);
	if (fd >= 0)
		close(fd);
	if (!ok)
		return NULL;
	if (file->size > file->wanted)
		return "cut to its size";
	store_salvage_hold(&r->context, file->message_id);
	return "lines that say so stand where octets are lost";
}

/* Told the reader's connection asked meanwhile: once more, now that nobody else can write. */
static bool is_still_so(struct repair *r, const struct store_fault_file *file)
{
	struct database_statement *s = database_statement_begin(r->context.db, "SELECT count(*) FROM message WHERE file = ?1");

	database_statement_bind_text(s, 1, file->path + sizeof "bodies/00/" - 1);
	return database_statement_one(s, -1) == (file->message_id != 0);
}

static void repair_file(void *owner, const struct store_fault_file *file)
{
	struct repair *r = owner;
	const char *done = NULL;

	if (!enter(r))
		return;
	if (is_still_so(r, file)) {
		if (file->message_id == 0)
			done = unlinkat(r->dir_fd, file->path, 0) == 0 ? "removed: nobody was told that it was taken" : NULL;
		else if (file->size < 0)
			done = store_salvage_lost(&r->context, file->message_id);
		else
			done = mend_file(r, file);
	}
	leave(r);
	if (!failed(r))
		r->told(r->owner, file->text, done);
}

/* ---- packed bodies ---- */

/* False: the message is gone, or has another file. */
static bool name_mended(struct repair *r, const struct store_fault_frame *frame, const struct store_file *made)
{
	struct database_statement *s = database_statement_begin(r->context.db, "UPDATE message SET file = ?, codec = 0 WHERE message_id = ? AND file = ?");

	database_statement_bind_text(s, 1, made->name);
	database_statement_bind_int(s, 2, frame->message_id);
	database_statement_bind_text(s, 3, frame->file);
	bool is_named = database_statement_run(s) == 1;
	if (is_named) {
		store_salvage_hold(&r->context, frame->message_id);
		store_salvage_mark(&r->context, frame->message_id);
	}
	return is_named;
}

/* Long work before the turn, which is short. */
static const char *mend_packed(struct repair *r, const struct store_fault_frame *frame)
{
	struct store_file made = { .fd = -1 };
	bool is_named = false;

	if (!store_mend_file(r->context.db, r->context.stored.packer.dictionaries, r->dir_fd, frame, &made, &r->error))
		return NULL;
	if (enter(r)) {
		is_named = name_mended(r, frame, &made);
		leave(r);
	}
	is_named = is_named && !failed(r);
	store_file_release(r->dir_fd, &made, is_named);
	if (is_named)
		store_file_remove(r->dir_fd, frame->file);
	return is_named ? "lines that say so stand where octets are lost" : NULL;
}

static void repair_frame(void *owner, const struct store_fault_frame *frame)
{
	struct repair *r = owner;
	const char *done = NULL;

	if (failed(r))
		return;
	if (frame->lacks_dictionary) {
		/* a backup may have it: its octets are worth keeping */
		r->told(r->owner, frame->text, NULL);
		return;
	}
	if (frame->file != NULL) {
		done = mend_packed(r, frame);
	} else if (enter(r)) {
		done = store_salvage_body(&r->context, frame->message_id);
		leave(r);
	}
	r->n_frames++;
	if (!failed(r))
		r->told(r->owner, frame->text, done);
}

/* ---- dictionaries ---- */

static void repair_dictionary(void *owner, unsigned number, const char *text)
{
	struct repair *r = owner;
	bool is_mended = false;

	if (enter(r)) {
		is_mended = store_dictionary_mend(r->context.db, number);
		leave(r);
	}
	if (!failed(r))
		r->told(r->owner, text, is_mended ? "copied from its other row" : NULL);
}

static void repair_all(struct repair *r)
{
	repair_indexes(r);
	/* before what is read with their help */
	if (!failed(r))
		store_fault_dictionaries_walk(r->context.db, repair_dictionary, r);
	/* files first: a lost one leaves counters wrong */
	if (!failed(r))
		store_fault_files_walk(r->context.db, r->dir_fd, clock_now_s(), repair_file, r);
	for (size_t i = 0; i < store_n_faults && !failed(r); i++)
		repair_rows(r, &store_faults[i]);
	if (!failed(r))
		store_fault_frames_walk(r->context.db, r->context.stored.packer.dictionaries, r->dir_fd, repair_frame, r);
	/* what had to go with a message of which no frame was left */
	for (size_t i = 0; i < store_n_faults && r->n_frames > 0 && !failed(r); i++)
		repair_rows(r, &store_faults[i]);
}

bool store_repair(const char *data_dir, store_repair_fn *told, void *owner, struct error *err)
{
	struct store_dictionaries *dictionaries = store_dictionaries_create(NULL);
	struct repair r = { .context = { .stored = { .fd = -1, .packer = { .dictionaries = dictionaries } } }, .turnstile = { .fd = -1 }, .told = told, .owner = owner };

	r.dir_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r.dir_fd < 0) {
		store_dictionaries_destroy(dictionaries);
		return error_set_errno(err, errno, "cannot open %s", data_dir);
	}
	bool ok = store_is_known(data_dir, NULL, &r.error) && store_turnstile_open(&r.turnstile, r.dir_fd, &r.error) &&
	          (r.context.db = store_database_open(data_dir, DATABASE_WRITE, false, &r.error)) != NULL;
	if (ok) {
		repair_all(&r);
		if (r.error.kind == ERROR_NONE)
			r.error = *database_error(r.context.db);
	}
	database_close(r.context.db);
	store_turnstile_close(&r.turnstile);
	store_context_release(&r.context);
	store_dictionaries_destroy(dictionaries);
	close(r.dir_fd);
	if (r.error.kind != ERROR_NONE && err != NULL)
		*err = r.error;
	return r.error.kind == ERROR_NONE;
}
