#include "mailstore/store_fault_dictionaries.h"

#include <stdio.h>

#include "database/database_statement.h"
#include "mailstore/store_dictionary.h"

static unsigned next_number(struct database *db, unsigned last)
{
	struct database_statement *s = database_statement_begin(db, "SELECT ifnull(min(abs(dictionary_id)), 0) FROM dictionary WHERE abs(dictionary_id) > ?");

	database_statement_bind_int(s, 1, last);
	return (unsigned)database_statement_one(s, 0);
}

void store_fault_dictionaries_walk(struct database *db, store_fault_dictionary_fn *fn, void *owner)
{
	char text[120];

	for (unsigned number = 0; (number = next_number(db, number)) != 0;) {
		unsigned n = store_dictionary_n_sound(db, number);
		if (n == 2 || database_failed(db))
			continue;
		snprintf(text, sizeof text, n == 1 ? "dictionary %u: one of its two rows is missing or damaged" :
		         "dictionary %u is damaged: what was packed with it cannot be read until its row is copied from a backup", number);
		fn(owner, number, text);
	}
}
