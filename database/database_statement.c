#include "database/database_statement.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/memory.h"
#include "database/database_handle.h"

#define FIRST_SLOTS 32u

struct database_statement {
	struct database *db;
	const char *literal;
	sqlite3_stmt *prepared;         /* NULL when it could not be compiled */
};

static struct database_statement **find_slot(struct database_statement **slots, size_t n_slots, const char *literal)
{
	size_t at = (size_t)((uintptr_t)literal * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (;; at++) {
		struct database_statement **slot = &slots[at & (n_slots - 1)];
		if (*slot == NULL || (*slot)->literal == literal)
			return slot;
	}
}

static void make_room(struct database *db)
{
	size_t n_slots = db->n_slots > 0 ? db->n_slots * 2 : FIRST_SLOTS;

	if ((db->n_statements + 1) * 2 <= db->n_slots)
		return;
	struct database_statement **slots = xcalloc(n_slots, sizeof *slots);
	for (size_t i = 0; i < db->n_slots; i++) {
		if (db->statements[i] != NULL)
			*find_slot(slots, n_slots, db->statements[i]->literal) = db->statements[i];
	}
	free(db->statements);
	db->statements = slots;
	db->n_slots = n_slots;
}

static void prepare(struct database_statement *s)
{
	int code = sqlite3_prepare_v3(s->db->handle, s->literal, -1, SQLITE_PREPARE_PERSISTENT, &s->prepared, NULL);

	if (code != SQLITE_OK)
		database_handle_fail(s->db, code);
}

struct database_statement *database_statement_begin(struct database *db, const char *literal)
{
	make_room(db);
	struct database_statement **slot = find_slot(db->statements, db->n_slots, literal);
	if (*slot == NULL) {
		*slot = xcalloc(1, sizeof **slot);
		**slot = (struct database_statement){ .db = db, .literal = literal };
		db->n_statements++;
	}
	struct database_statement *s = *slot;
	if (s->prepared != NULL) {
		sqlite3_reset(s->prepared);
		sqlite3_clear_bindings(s->prepared);
	} else if (!database_failed(db)) {
		prepare(s);
	}
	return s;
}

static void check_bound(struct database_statement *s, int code)
{
	/* without a compiled statement the failure that prevented it stands already */
	if (code != SQLITE_OK && s->prepared != NULL)
		database_handle_fail(s->db, code);
}

void database_statement_bind_int(struct database_statement *s, int parameter, int64_t value)
{
	check_bound(s, sqlite3_bind_int64(s->prepared, parameter, value));
}

void database_statement_bind_text(struct database_statement *s, int parameter, const char *text)
{
	check_bound(s, sqlite3_bind_text(s->prepared, parameter, text, -1, SQLITE_STATIC));
}

void database_statement_bind_bytes(struct database_statement *s, int parameter, struct bytes text)
{
	/* NULL at would bind NULL */
	const char *at = text.at != NULL ? text.at : "";

	check_bound(s, sqlite3_bind_text64(s->prepared, parameter, at, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void database_statement_bind_blob(struct database_statement *s, int parameter, struct bytes octets)
{
	const char *at = octets.at != NULL ? octets.at : "";

	check_bound(s, sqlite3_bind_blob64(s->prepared, parameter, at, octets.len, SQLITE_STATIC));
}

bool database_statement_step(struct database_statement *s)
{
	if (s->prepared != NULL && !database_failed(s->db)) {
		int code = sqlite3_step(s->prepared);
		if (code == SQLITE_ROW)
			return true;
		if (code != SQLITE_DONE)
			database_handle_fail(s->db, code);
	}
	database_statement_end(s);
	return false;
}

void database_statement_end(struct database_statement *s)
{
	sqlite3_reset(s->prepared);
}

int64_t database_statement_run(struct database_statement *s)
{
	while (database_statement_step(s))
		;
	return database_failed(s->db) ? 0 : database_changes(s->db);
}

int64_t database_statement_one(struct database_statement *s, int64_t otherwise)
{
	int64_t value = database_statement_step(s) ? database_statement_int(s, 0) : otherwise;

	database_statement_end(s);
	return value;
}

int64_t database_statement_int(struct database_statement *s, int column)
{
	return sqlite3_column_int64(s->prepared, column);
}

struct bytes database_statement_bytes(struct database_statement *s, int column)
{
	/* the length is asked for after the pointer: a conversion may change it */
	const void *at = sqlite3_column_blob(s->prepared, column);

	return bytes_of(at, (size_t)sqlite3_column_bytes(s->prepared, column));
}

bool database_statement_is_null(struct database_statement *s, int column)
{
	return sqlite3_column_type(s->prepared, column) == SQLITE_NULL;
}

const char *database_statement_text(struct database_statement *s, int column, struct arena *arena)
{
	/* as text first: a number's octets are its digits */
	const void *at = sqlite3_column_text(s->prepared, column);

	if (at == NULL)
		return NULL;
	return arena_bytes(arena, bytes_of(at, (size_t)sqlite3_column_bytes(s->prepared, column))).at;
}

void database_handle_reset_statements(struct database *db)
{
	for (size_t i = 0; i < db->n_slots; i++) {
		if (db->statements[i] != NULL)
			sqlite3_reset(db->statements[i]->prepared);
	}
}

void database_handle_release_statements(struct database *db)
{
	for (size_t i = 0; i < db->n_slots; i++) {
		if (db->statements[i] != NULL)
			sqlite3_finalize(db->statements[i]->prepared);
		free(db->statements[i]);
	}
	free(db->statements);
	db->statements = NULL;
	db->n_statements = db->n_slots = 0;
}
