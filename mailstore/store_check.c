#include "mailstore/care.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "database/database_statement.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_fault_dictionaries.h"
#include "mailstore/store_fault_files.h"
#include "mailstore/store_fault_frames.h"
#include "mailstore/store_fault_rows.h"
#include "mailstore/store_faults.h"
#include "mailstore/store_open.h"

#define FINDINGS_MAX 1000               /* more say nothing new */
#define WHOLE_PAGES 65536               /* a file of 256 MiB is read within a second */

struct check {
	struct database *db;
	int dir_fd;
	int64_t now_s;
	store_finding_fn *finding;
	void *owner;
	int n;
};

static void report(struct check *check, struct bytes text)
{
	char line[1000];

	if (check->n++ >= FINDINGS_MAX)
		return;
	snprintf(line, sizeof line, "%.*s", BYTES_PRINT(text));
	check->finding(check->owner, line);
}

static void ask(struct check *check, const struct store_fault *fault)
{
	struct store_fault_rows rows;
	struct arena arena = { 0 };

	for (store_fault_rows_init(&rows, fault, check->now_s); !rows.is_over; arena_reset(&arena))
		for (struct store_fault_row *row = store_fault_rows_next(&rows, check->db, FINDINGS_MAX, &arena); row != NULL; row = row->next)
			report(check, bytes_text(row->text));
	arena_reset(&arena);
}

struct text {
	struct text *next;
	const char *at;
};

/* Told when the read is over: whoever is told may take long. */
static struct text *list(struct database_statement *s, struct arena *arena)
{
	struct text *first = NULL, **end = &first;

	while (database_statement_step(s)) {
		struct text *text = arena_alloc(arena, sizeof *text);
		*text = (struct text){ .at = database_statement_text(s, 0, arena) };
		*end = text;
		end = &text->next;
	}
	return first;
}

static void report_unsound(struct check *check, struct database_statement *s, struct arena *arena)
{
	for (struct text *text = list(s, arena); text != NULL; text = text->next)
		if (strcmp(text->at, "ok") != 0)
			report(check, bytes_text(text->at));
}

/* SQLite's own, one read: of a large file a read a table, without what only the whole can tell (pages that belong to no table, or to two). */
static void check_integrity(struct check *check)
{
	struct database *db = check->db;
	struct arena arena = { 0 };

	if (database_statement_one(database_statement_begin(db, "PRAGMA page_count"), 0) <= WHOLE_PAGES)
		report_unsound(check, database_statement_begin(db, "PRAGMA integrity_check"), &arena);
	else
		for (struct text *table = list(database_statement_begin(db, "SELECT name FROM sqlite_schema WHERE type = 'table'"), &arena); table != NULL; table = table->next) {
			struct database_statement *s = database_statement_begin(db, "SELECT * FROM pragma_integrity_check(?)");
			database_statement_bind_text(s, 1, table->at);
			report_unsound(check, s, &arena);
		}
	arena_reset(&arena);
}

static void report_file(void *owner, const struct store_fault_file *file)
{
	report(owner, bytes_text(file->text));
}

static void report_frame(void *owner, const struct store_fault_frame *frame)
{
	report(owner, bytes_text(frame->text));
}

static void report_dictionary(void *owner, unsigned number, const char *text)
{
	(void)number;
	report(owner, bytes_text(text));
}

/* Each slice of a question sees one state, and no reader stays longer than it needs: the log can be emptied between. */
static void run_checks(struct check *check)
{
	check_integrity(check);
	for (size_t i = 0; i < store_n_faults; i++)
		ask(check, &store_faults[i]);
	store_fault_files_walk(check->db, check->dir_fd, check->now_s, report_file, check);
	struct store_dictionaries *dictionaries = store_dictionaries_create(NULL);
	store_fault_dictionaries_walk(check->db, report_dictionary, check);
	store_fault_frames_walk(check->db, dictionaries, check->dir_fd, report_frame, check);
	store_dictionaries_destroy(dictionaries);
}

int store_check(const char *data_dir, store_finding_fn *finding, void *owner, struct error *err)
{
	struct check check = { .now_s = clock_now_s(), .finding = finding, .owner = owner };
	struct error why = { 0 };

	check.dir_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (check.dir_fd < 0) {
		error_set_errno(err, errno, "cannot open %s", data_dir);
		return -1;
	}
	if (store_is_known(data_dir, NULL, &why) && (check.db = store_database_open(data_dir, DATABASE_READ, false, &why)) != NULL) {
		run_checks(&check);
		why = *database_error(check.db);
	}
	database_close(check.db);
	close(check.dir_fd);
	if (why.kind == ERROR_CORRUPT)
		report(&check, bytes_text(why.text));   /* damage that stops the reading is a finding too */
	else if (why.kind != ERROR_NONE && err != NULL)
		*err = why;
	return why.kind == ERROR_NONE || why.kind == ERROR_CORRUPT ? check.n : -1;
}
