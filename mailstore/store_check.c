#include "mailstore/care.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_fault_dictionaries.h"
#include "mailstore/store_fault_files.h"
#include "mailstore/store_fault_frames.h"
#include "mailstore/store_faults.h"
#include "mailstore/store_open.h"

#define FINDINGS_MAX 1000               /* more say nothing new */

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

static void ask(struct check *check, const char *question)
{
	struct database_statement *s = database_statement_begin(check->db, question);

	if (strstr(question, "?1") != NULL)
		database_statement_bind_int(s, 1, check->now_s - STORE_RETAIN_S);
	while (database_statement_step(s))
		report(check, database_statement_bytes(s, 0));
}

static void check_integrity(struct check *check)
{
	struct database_statement *s = database_statement_begin(check->db, "PRAGMA integrity_check");

	while (database_statement_step(s))
		if (!bytes_equal(database_statement_bytes(s, 0), BYTES("ok")))
			report(check, database_statement_bytes(s, 0));
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

/* Each question is one statement and sees one state; none after another, so that no reader stays longer than it needs. */
static void run_checks(struct check *check)
{
	check_integrity(check);
	for (size_t i = 0; i < store_n_faults; i++)
		ask(check, store_faults[i].question);
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
