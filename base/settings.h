/*
 * settings: a schema over a libconfig file.  The schema is a table; unknown key, wrong type, value out of
 * range, duplicate and missing required key are refused with `file:line: path: what is wrong`, and a near
 * miss is named ("did you mean …").
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum settings_type {
	SETTINGS_TEXT,                  /* const char *            libconfig string */
	SETTINGS_PATH,                  /* const char *            string; relative to the main file's folder, made absolute; a "unix:" in front stays */
	SETTINGS_TEXTS,                 /* struct settings_texts   array of strings */
	SETTINGS_INT,                   /* int64_t                 integer */
	SETTINGS_SIZE,                  /* uint64_t octets         string with K M G, or integer */
	SETTINGS_DURATION,              /* int64_t seconds         string with s m h d, or integer */
	SETTINGS_BOOL,                  /* bool */
	SETTINGS_CHOICE,                /* int: index into choices */
	SETTINGS_GROUP,                 /* struct described by `rows`, in place */
	SETTINGS_LIST,                  /* struct settings_list of structs described by `rows`, each item_size octets */
};

struct settings_texts {
	const char **at;
	size_t n;
};

struct settings_list {
	void *at;                       /* n structs of the row's item_size */
	size_t n;
};

struct settings_row {
	const char *name;               /* NULL ends the table */
	enum settings_type type;
	size_t offset;                  /* of the field in the struct the table describes */
	const char *value;              /* default as written in the file, outer quotes optional; NULL = zero */
	int64_t min, max;               /* for INT, SIZE, DURATION, and the length of TEXTS and LIST; 0,0 = no bound */
	unsigned flags;
	const char *const *choices;     /* CHOICE: NULL-terminated */
	const struct settings_row *rows;/* GROUP, LIST */
	size_t item_size;               /* LIST */
	const char *help;               /* one line: sample file and man page */
	/*
	 * May refuse a value that the file gave (not a default): false and err->text, which then gets file, line and path.
	 * GROUP: after its members.  LIST: after each item, with n = the items read so far.
	 */
	bool (*check)(const void *field, struct error *err);
};

#define SETTINGS_REQUIRED 1u            /* absence is an error */
#define SETTINGS_NOT_BUILT 2u           /* known key whose feature does not exist yet: refused by name */
#define SETTINGS_LINE 4u                /* (in a LIST item's table, type INT) filled with the item's line number, not a key */

/*
 * Read the file and fill *out (the struct `rows` describes; zeroed first).  Everything allocated lives in
 * the arena.  False: err->text is `file:line: path: …`.
 */
bool settings_load(const char *path, const struct settings_row *rows, void *out, size_t size, struct arena *, struct error *err);
/* The same from text that was read elsewhere; `path` names it in errors and is the base of relative paths; no @include. */
bool settings_load_text(const char *text, const char *path, const struct settings_row *rows, void *out, size_t size,
                        struct arena *, struct error *err);
/* The file with every @include resolved (named relative to its folder), as text for settings_load_text.  The caller frees it; NULL on error. */
char *settings_flatten(const char *path, struct error *err);
/* Append all values (defaults included) in libconfig syntax: what settings_load_text reads back the same. */
struct buffer;
void settings_format(const struct settings_row *rows, const void *values, struct buffer *out);

#endif
