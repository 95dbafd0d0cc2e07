#include "mailstore/store_fault_rows.h"

#include <string.h>

#include "database/database_statement.h"
#include "mailstore/store_open.h"

#define SLICE_ROWS 5000

void store_fault_rows_init(struct store_fault_rows *rows, const struct store_fault *fault, int64_t now_s)
{
	*rows = (struct store_fault_rows){ .fault = fault, .young_s = now_s - STORE_RETAIN_S, .first = fault->slice != NULL ? fault->slice->min : 0 };
}

/* The last key of the slice that begins at the cursor. */
static int64_t end_of_slice(const struct store_fault_rows *rows, struct database *db)
{
	const struct store_slice *slice = rows->fault->slice;
	struct database_statement *s = database_statement_begin(db, slice->last);

	database_statement_bind_int(s, 1, rows->first);
	database_statement_bind_int(s, 2, SLICE_ROWS - 1);
	int64_t last = database_statement_one(s, slice->max) | slice->low_bits;
	return last < slice->max ? last : slice->max;
}

static struct database_statement *ask(struct store_fault_rows *rows, struct database *db)
{
	const struct store_fault *fault = rows->fault;
	int64_t last = fault->slice != NULL ? end_of_slice(rows, db) : 0;
	struct database_statement *s = database_statement_begin(db, fault->question);

	if (strstr(fault->question, "?1") != NULL)
		database_statement_bind_int(s, 1, rows->young_s);
	rows->is_over = fault->slice == NULL || last == fault->slice->max;
	if (fault->slice == NULL)
		return s;
	database_statement_bind_int(s, 2, rows->first);
	database_statement_bind_int(s, 3, last);
	rows->first = rows->is_over ? last : last + 1;
	return s;
}

struct store_fault_row *store_fault_rows_next(struct store_fault_rows *rows, struct database *db, size_t max, struct arena *arena)
{
	struct database_statement *s = ask(rows, db);
	struct store_fault_row *first = NULL, **end = &first;

	for (size_t n = 0; n < max && database_statement_step(s); n++) {
		struct store_fault_row *row = arena_alloc(arena, sizeof *row);
		*row = (struct store_fault_row){ .text = database_statement_text(s, 0, arena), .key = database_statement_int(s, 1) };
		*end = row;
		end = &row->next;
	}
	database_statement_end(s);
	rows->is_over |= database_failed(db);
	return first;
}
