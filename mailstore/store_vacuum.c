#include "mailstore/store_vacuum.h"

#define KEPT_PAGES 4096

bool store_vacuum_run(struct store_context *context)
{
	int64_t n_free = database_statement_one(database_statement_begin(context->db, "PRAGMA freelist_count"), 0);

	if (n_free > KEPT_PAGES)
		database_statement_run(database_statement_begin(context->db, "PRAGMA incremental_vacuum(256)"));
	return true;
}
