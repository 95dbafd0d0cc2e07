/* database_handle: what the files of this folder share about a connection.  For nobody else. */
#ifndef DATABASE_DATABASE_HANDLE_H
#define DATABASE_DATABASE_HANDLE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct database_statement;

struct database {
	sqlite3 *handle;
	struct error error;
	int busy_ms;
	int log_pages;
	bool leaves_log;                /* commits copy nothing of it */
	/* by address of their text, open addressing; a power of two, at most half full */
	struct database_statement **statements;
	size_t n_statements, n_slots;
};

/* Record SQLite's result code with its text, unless a failure stands already.  Returns false. */
bool database_handle_fail(struct database *, int code);
/* Reset all; finalise and free all. */
void database_handle_reset_statements(struct database *);
void database_handle_release_statements(struct database *);

#endif
