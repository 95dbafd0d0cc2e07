/*
 * store_dictionary: what the mails of a store have in common, known to zstd beforehand, so that a short one shrinks like a part of a long one.
 *
 * The table `dictionary` keeps them for ever, because frames name them by number: the octets zstd works with and behind them their SHA-256, in the row of
 * that number and once more in the row of the number with a minus, since thousands of bodies are lost with one.  A process loads each once.
 */
#ifndef MAILSTORE_STORE_DICTIONARY_H
#define MAILSTORE_STORE_DICTIONARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "database/database.h"

#define STORE_DICTIONARY_FIRST 32768u   /* zstd leaves the numbers from here on to its users */
#define STORE_DICTIONARIES_MAX 16u
#define STORE_DICTIONARY_SIZE_MAX ((size_t)64 * 1024)

/* One of them, ready for use in any thread. */
struct store_dictionary {
	unsigned number;
	struct ZSTD_DDict_s *out;
	struct ZSTD_CDict_s *in;        /* NULL until it is the newest */
	size_t counted;                 /* octets of the budget */
};

/* Those of a process. */
struct store_dictionaries;

/* Their memory is counted in the budget; NULL: nowhere. */
struct store_dictionaries *store_dictionaries_create(struct budget *);
void store_dictionaries_destroy(struct store_dictionaries *);

/* That one, from the table when this process has not met it; borrowed until destroy.  CORRUPT when neither row of it is sound; *is_missing tells this from a number no dictionary has. */
const struct store_dictionary *store_dictionaries_find(struct store_dictionaries *, struct database *, unsigned number, bool *is_missing, struct error *err);
/* The one to pack with; NULL: none. */
const struct store_dictionary *store_dictionaries_newest(const struct store_dictionaries *);
/* Make the newest of the table the newest.  True when there is none. */
bool store_dictionaries_load_newest(struct store_dictionaries *, struct database *, struct error *err);

/* The highest number in the table; 0 = none. */
unsigned store_dictionary_top(struct database *);
/* Inside a transaction: both its rows, unless they are there.  Octets: as zstd made them. */
void store_dictionary_insert(struct database *, unsigned number, struct bytes octets);
/* Inside a transaction: a sound row is copied over one that is not.  False: none is sound. */
bool store_dictionary_mend(struct database *, unsigned number);
/* How many of its two rows are sound. */
unsigned store_dictionary_n_sound(struct database *, unsigned number);

#endif
