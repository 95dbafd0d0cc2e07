/*
 * database_statement: statements that are compiled once a connection and used again.
 *
 *	struct database_statement *s = database_statement_begin(db, "SELECT name FROM user WHERE id=?");
 *	database_statement_bind_int(s, 1, id);
 *	while (database_statement_step(s))
 *		… database_statement_bytes(s, 0) …
 *
 * A statement is over when step answers false or with database_statement_end; leave a loop early only with end.
 */
#ifndef DATABASE_DATABASE_STATEMENT_H
#define DATABASE_DATABASE_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "database/database.h"

struct database_statement;

/*
 * Ready for binding, all parameters NULL.  Kept by the address of its text: literals only, and two users of
 * one literal must not overlap, for what the statement did before is over.  Never NULL.
 */
struct database_statement *database_statement_begin(struct database *, const char *literal);

/* Parameters count from 1.  Text and octets are borrowed until the statement is over. */
void database_statement_bind_int(struct database_statement *, int parameter, int64_t);
void database_statement_bind_text(struct database_statement *, int parameter, const char *);      /* NULL is NULL */
void database_statement_bind_bytes(struct database_statement *, int parameter, struct bytes);     /* as text, never NULL */
void database_statement_bind_blob(struct database_statement *, int parameter, struct bytes);

/* True: a row.  False: no more rows, or a failure (database_failed tells); the statement is over. */
bool database_statement_step(struct database_statement *);
/* Legal at any time and twice. */
void database_statement_end(struct database_statement *);
/* For statements whose rows nobody wants: to the end.  Returns the number of rows changed, 0 after a failure. */
int64_t database_statement_run(struct database_statement *);
/* The first column of the first row as a number, `otherwise` when there is none; the statement is over. */
int64_t database_statement_one(struct database_statement *, int64_t otherwise);

/* Columns count from 0 and are legal after a step that answered true. */
int64_t database_statement_int(struct database_statement *, int column);          /* 0 for NULL */
/* Text or octets, borrowed until the next step or end; empty for NULL. */
struct bytes database_statement_bytes(struct database_statement *, int column);
bool database_statement_is_null(struct database_statement *, int column);
/* A copy in the arena; NULL for NULL. */
const char *database_statement_text(struct database_statement *, int column, struct arena *);

#endif
