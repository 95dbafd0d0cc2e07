#include "mailstore/store_dictionary.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>
#include <zstd.h>

#include "base/memory.h"
#include "database/database_statement.h"
#include "mailstore/store_packer.h"

#define DIGEST_LEN SHA256_DIGEST_LENGTH

struct store_dictionaries {
	struct budget *budget;
	pthread_mutex_t mutex;          /* while one is loaded */
	_Atomic(struct store_dictionary *) at[STORE_DICTIONARIES_MAX];
	_Atomic(struct store_dictionary *) newest;
};

struct store_dictionaries *store_dictionaries_create(struct budget *budget)
{
	struct store_dictionaries *all = xcalloc(1, sizeof *all);

	all->budget = budget;
	pthread_mutex_init(&all->mutex, NULL);
	return all;
}

void store_dictionaries_destroy(struct store_dictionaries *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < STORE_DICTIONARIES_MAX; i++) {
		struct store_dictionary *dictionary = atomic_load(&all->at[i]);
		if (dictionary == NULL)
			continue;
		ZSTD_freeDDict(dictionary->out);
		ZSTD_freeCDict(dictionary->in);
		budget_give(all->budget, dictionary->counted);
		free(dictionary);
	}
	pthread_mutex_destroy(&all->mutex);
	free(all);
}

/* ---- rows ---- */

static void digest_of(struct bytes octets, unsigned char digest[DIGEST_LEN])
{
	SHA256((const unsigned char *)octets.at, octets.len, digest);
}

static bool is_sound(struct bytes row, unsigned number)
{
	unsigned char digest[DIGEST_LEN];

	if (row.len <= DIGEST_LEN || row.len > STORE_DICTIONARY_SIZE_MAX + DIGEST_LEN)
		return false;
	struct bytes octets = bytes_of(row.at, row.len - DIGEST_LEN);
	digest_of(octets, digest);
	return memcmp(digest, octets.at + octets.len, DIGEST_LEN) == 0 && ZSTD_getDictID_fromDict(octets.at, octets.len) == number;
}

/* The row whole; false: it is not sound. */
static bool read_row(struct database *db, int64_t id, struct buffer *row)
{
	struct database_statement *s = database_statement_begin(db, "SELECT octets FROM dictionary WHERE dictionary_id = ?");

	buffer_clear(row);
	database_statement_bind_int(s, 1, id);
	if (database_statement_step(s))
		buffer_add_bytes(row, database_statement_bytes(s, 0));
	database_statement_end(s);
	return is_sound(buffer_bytes(row), (unsigned)(id < 0 ? -id : id));
}

static void write_row(struct database *db, int64_t id, struct bytes row)
{
	struct database_statement *s = database_statement_begin(db, "INSERT OR REPLACE INTO dictionary(dictionary_id, octets) VALUES(?, ?)");

	database_statement_bind_int(s, 1, id);
	database_statement_bind_blob(s, 2, row);
	database_statement_run(s);
}

unsigned store_dictionary_top(struct database *db)
{
	return (unsigned)database_statement_one(database_statement_begin(db, "SELECT ifnull(max(abs(dictionary_id)), 0) FROM dictionary"), 0);
}

void store_dictionary_insert(struct database *db, unsigned number, struct bytes octets)
{
	unsigned char digest[DIGEST_LEN];
	struct buffer row = { 0 };
	struct database_statement *s = database_statement_begin(db, "SELECT count(*) FROM dictionary WHERE abs(dictionary_id) = ?");

	/* another process was first: frames may name what is there */
	database_statement_bind_int(s, 1, number);
	if (database_statement_one(s, 1) != 0)
		return;
	digest_of(octets, digest);
	buffer_add_bytes(&row, octets);
	buffer_add_bytes(&row, bytes_of((const char *)digest, sizeof digest));
	write_row(db, (int64_t)number, buffer_bytes(&row));
	write_row(db, -(int64_t)number, buffer_bytes(&row));
	buffer_release(&row);
}

bool store_dictionary_mend(struct database *db, unsigned number)
{
	struct buffer row = { 0 };
	int64_t id = number;
	bool ok = read_row(db, id, &row);

	if (ok) {
		write_row(db, -id, buffer_bytes(&row));
	} else if ((ok = read_row(db, -id, &row))) {
		write_row(db, id, buffer_bytes(&row));
	}
	buffer_release(&row);
	return ok;
}

unsigned store_dictionary_n_sound(struct database *db, unsigned number)
{
	struct buffer row = { 0 };
	unsigned n = read_row(db, (int64_t)number, &row);

	n += read_row(db, -(int64_t)number, &row);
	buffer_release(&row);
	return n;
}

/* ---- of the process ---- */

static void count(struct store_dictionaries *all, struct store_dictionary *dictionary, size_t octets)
{
	/* forced: there are few, and mail cannot be read without */
	budget_force(all->budget, octets);
	dictionary->counted += octets;
}

/* With the mutex held. */
static struct store_dictionary *load(struct store_dictionaries *all, struct database *db, unsigned number, bool to_pack)
{
	struct store_dictionary *dictionary = atomic_load(&all->at[number - STORE_DICTIONARY_FIRST]);
	struct buffer row = { 0 };

	if ((dictionary == NULL || (to_pack && dictionary->in == NULL)) && (read_row(db, (int64_t)number, &row) || read_row(db, -(int64_t)number, &row))) {
		size_t len = row.len - DIGEST_LEN;
		if (dictionary == NULL) {
			dictionary = xcalloc(1, sizeof *dictionary);
			dictionary->number = number;
			dictionary->out = ZSTD_createDDict(row.at, len);
			count(all, dictionary, ZSTD_sizeof_DDict(dictionary->out));
		}
		if (to_pack) {
			dictionary->in = ZSTD_createCDict(row.at, len, STORE_PACKER_LEVEL);
			count(all, dictionary, ZSTD_sizeof_CDict(dictionary->in));
		}
		/* its octets are those zstd made, so only memory can be missing: base/memory.h says what happens then */
		if (dictionary->out == NULL || (to_pack && dictionary->in == NULL))
			abort();
		atomic_store(&all->at[number - STORE_DICTIONARY_FIRST], dictionary);
	}
	buffer_release(&row);
	return dictionary;
}

static bool is_number(unsigned number)
{
	return number >= STORE_DICTIONARY_FIRST && number - STORE_DICTIONARY_FIRST < STORE_DICTIONARIES_MAX;
}

const struct store_dictionary *store_dictionaries_find(struct store_dictionaries *all, struct database *db, unsigned number, bool *is_missing, struct error *err)
{
	struct store_dictionary *dictionary = NULL;

	*is_missing = false;
	if (!is_number(number)) {
		error_set(err, ERROR_CORRUPT, "no dictionary has the number %u", number);
		return NULL;
	}
	if (all != NULL && (dictionary = atomic_load(&all->at[number - STORE_DICTIONARY_FIRST])) == NULL) {
		pthread_mutex_lock(&all->mutex);
		dictionary = load(all, db, number, false);
		pthread_mutex_unlock(&all->mutex);
	}
	*is_missing = dictionary == NULL;
	if (*is_missing)
		error_set(err, ERROR_CORRUPT, "its dictionary %u is missing or damaged", number);
	return dictionary;
}

const struct store_dictionary *store_dictionaries_newest(const struct store_dictionaries *all)
{
	return atomic_load(&all->newest);
}

bool store_dictionaries_load_newest(struct store_dictionaries *all, struct database *db, struct error *err)
{
	unsigned top = store_dictionary_top(db);
	struct store_dictionary *dictionary = NULL;

	if (top == 0 && !database_failed(db))
		return true;
	if (is_number(top)) {
		pthread_mutex_lock(&all->mutex);
		dictionary = load(all, db, top, true);
		pthread_mutex_unlock(&all->mutex);
	}
	if (dictionary != NULL)
		atomic_store(&all->newest, dictionary);
	else if (database_failed(db) && err != NULL)
		*err = *database_error(db);
	else
		error_set(err, ERROR_CORRUPT, "dictionary %u is missing or damaged", top);
	return dictionary != NULL;
}
