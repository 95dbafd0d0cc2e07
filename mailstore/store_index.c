/*
 * Tables (user_version 2): the index grows by segments of at most 4,096 messages, numbered from 0 within each; none is ever changed.
 *
 *	owner    whose it is: another store's index says nothing here
 *	mark     what the builder has read of each mailbox
 *	indexed  every message that is in a segment
 *	segment  its messages' ids: distances d from the one before, as 2d or -2d - 1, in 7-bit groups, the lowest first
 *	posting  segment << 24 | trigram -> numbers (store_index_pack)
 *
 * The rows of the last two end with a seal (store_index_seal): SQLite does not notice octets that are others than were written, and a search would not
 * find what is there, for ever.
 */
#include "mailstore/store_index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "database/database_migrate.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_open.h"

#define TRIGRAMS_ASKED 16
#define WORDS (STORE_INDEX_SEGMENT_MAX / 64)
#define VERSION 2
#define SEAL_LEN 2

static const struct database_migration migrations[] = {
	{ 1,
	  "CREATE TABLE owner(store TEXT NOT NULL, user_id INTEGER NOT NULL) STRICT;"
	  "CREATE TABLE mark(mailbox_id INTEGER PRIMARY KEY, uid INTEGER NOT NULL) STRICT;"
	  "CREATE TABLE indexed(message_id INTEGER PRIMARY KEY) STRICT;"
	  "CREATE TABLE segment(segment_id INTEGER PRIMARY KEY, n INTEGER NOT NULL, ids BLOB NOT NULL) STRICT;"
	  "CREATE TABLE posting(id INTEGER PRIMARY KEY, numbers BLOB NOT NULL) STRICT;" },
	/* rows had no seal */
	{ VERSION, "DELETE FROM mark; DELETE FROM indexed; DELETE FROM segment; DELETE FROM posting" },
};

/* ---- the file ---- */

void store_index_path(int64_t user_id, char path[STORE_INDEX_PATH_SIZE])
{
	snprintf(path, STORE_INDEX_PATH_SIZE, "index/%lld.db", (long long)user_id);
}

void store_index_remove(int dir_fd, int64_t user_id)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[STORE_INDEX_PATH_SIZE], name[STORE_INDEX_PATH_SIZE + 8];

	store_index_path(user_id, path);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(name, sizeof name, "%s%s", path, ends[i]);
		unlinkat(dir_fd, name, 0);
	}
}

static struct database *open_file(const struct store *store, int64_t user_id, enum database_mode mode, struct error *err)
{
	char path[STORE_INDEX_PATH_SIZE];

	store_index_path(user_id, path);
	char *whole = xprintf("%s/%s", store->data_dir, path);
	/* a search does not wait for it; a commit that power takes back is built again */
	struct database_options options = { .path = whole, .mode = mode, .cache_kib = 2000, .busy_ms = mode == DATABASE_LOOK ? 1 : 1000 };
	struct database *db = database_open(&options, err);
	free(whole);
	return db;
}

static bool is_ours(struct database *db, const struct store *store, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(db, "SELECT 1 FROM owner WHERE store = ? AND user_id = ?");

	database_statement_bind_text(s, 1, store->uuid);
	database_statement_bind_int(s, 2, user_id);
	return database_statement_one(s, 0) != 0;
}

static void claim(struct database *db, const struct store *store, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(db, "INSERT INTO owner(store, user_id) VALUES (?, ?)");

	database_statement_bind_text(s, 1, store->uuid);
	database_statement_bind_int(s, 2, user_id);
	database_statement_run(s);
}

static struct database *open_or_make(const struct store *store, int64_t user_id, struct error *err)
{
	struct database *db = open_file(store, user_id, DATABASE_CREATE, err);

	if (db == NULL)
		return NULL;
	bool is_new = database_version(db) == 0;
	if (database_migrate(db, migrations, sizeof migrations / sizeof *migrations, err)) {
		if (is_new)
			claim(db, store, user_id);
		if (is_ours(db, store, user_id))
			return db;
		if (database_failed(db) && err != NULL)
			*err = *database_error(db);
		else
			error_set(err, ERROR_CORRUPT, "the index is another store's");
	}
	database_close(db);
	return NULL;
}

struct database *store_index_open(const struct store *store, int64_t user_id, struct error *err)
{
	struct error first = { 0 };

	if (mkdirat(store->dir_fd, "index", 0700) == 0)
		fsync(store->dir_fd);
	struct database *db = open_or_make(store, user_id, &first);
	if (db != NULL || first.kind == ERROR_TRY_LATER || first.kind == ERROR_FULL) {
		if (db == NULL && err != NULL)
			*err = first;
		return db;
	}
	store_index_remove(store->dir_fd, user_id);
	return open_or_make(store, user_id, err);
}

/* ---- packed numbers ---- */

/* FNV-1a, folded. */
static uint16_t checksum(int64_t id, struct bytes row)
{
	uint32_t hash = 2166136261u;

	for (unsigned shift = 0; shift < 64; shift += 8)
		hash = (hash ^ (uint32_t)((uint64_t)id >> shift & 0xff)) * 16777619u;
	for (size_t i = 0; i < row.len; i++)
		hash = (hash ^ (unsigned char)row.at[i]) * 16777619u;
	return (uint16_t)(hash >> 16 ^ hash);
}

void store_index_seal(int64_t id, struct buffer *row)
{
	uint16_t sum = checksum(id, buffer_bytes(row));

	buffer_add_octet(row, (char)(sum & 0xff));
	buffer_add_octet(row, (char)(sum >> 8));
}

bool store_index_unseal(int64_t id, struct bytes *row)
{
	if (row->len < SEAL_LEN)
		return false;
	const unsigned char *seal = (const unsigned char *)row->at + row->len - SEAL_LEN;
	row->len -= SEAL_LEN;
	return (seal[0] | seal[1] << 8) == checksum(id, *row);
}

void store_index_pack(const uint16_t *numbers, size_t n, size_t n_all, struct buffer *out)
{
	size_t bits_len = (n_all + 7) / 8, before = out->len;
	unsigned last = 0;

	for (size_t i = 0; i < n && out->len - before < bits_len; i++) {
		unsigned distance = numbers[i] - last;
		for (; distance >= 0x80; distance >>= 7)
			buffer_add_octet(out, (char)(distance | 0x80));
		buffer_add_octet(out, (char)distance);
		last = numbers[i];
	}
	if (out->len - before < bits_len)
		return;
	buffer_truncate(out, before);
	memset(buffer_reserve(out, bits_len), 0, bits_len);
	buffer_added(out, bits_len);
	for (size_t i = 0; i < n; i++)
		out->at[before + numbers[i] / 8] = (char)(out->at[before + numbers[i] / 8] | 1 << numbers[i] % 8);
}

/* The next 7-bit groups; false: none, or too long. */
static bool take_number(struct bytes *rest, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; rest->len > 0 && shift < 63; shift += 7) {
		unsigned char octet = (unsigned char)rest->at[0];
		*rest = bytes_skip(*rest, 1);
		*number |= (uint64_t)(octet & 0x7f) << shift;
		if (!(octet & 0x80))
			return true;
	}
	return false;
}

bool store_index_intersect(struct bytes packed, size_t n_all, uint64_t *bits)
{
	uint64_t those[WORDS] = { 0 }, at = 0, distance;
	size_t n_words = (n_all + 63) / 64;

	if (n_all > STORE_INDEX_SEGMENT_MAX)
		return false;
	if (packed.len == (n_all + 7) / 8) {
		for (size_t i = 0; i < packed.len; i++)
			those[i / 8] |= (uint64_t)(unsigned char)packed.at[i] << 8 * (i % 8);
		packed.len = 0;
	}
	while (packed.len > 0) {
		if (!take_number(&packed, &distance) || distance >= n_all - at)
			return false;
		at += distance;
		those[at / 64] |= UINT64_C(1) << at % 64;
	}
	for (size_t i = 0; i < n_words; i++)
		bits[i] &= those[i];
	return true;
}

/* ---- the filter ---- */

struct filter_entry {
	int64_t message_id;
	uint64_t needles;
};

struct store_index_filter {
	struct database *db;            /* NULL once it is filled */
	const struct store_finder *finders;
	size_t n_finders;
	int64_t segment_id;             /* the last one read */
	struct filter_entry *at;        /* by message id */
	size_t n, capacity;
	size_t last;                    /* where the last answer was: ids mostly come in order */
};

/* Trigrams of a needle, spread over it. */
static size_t choose_trigrams(struct bytes text, uint32_t trigrams[TRIGRAMS_ASKED])
{
	const unsigned char *at = (const unsigned char *)text.at;
	size_t n_all = text.len < 3 ? 0 : text.len - 2, n = n_all < TRIGRAMS_ASKED ? n_all : TRIGRAMS_ASKED;

	for (size_t i = 0; i < n; i++) {
		size_t where = n == n_all ? i : i * (n_all - 1) / (n - 1);
		trigrams[i] = (uint32_t)at[where] << 16 | (uint32_t)at[where + 1] << 8 | at[where + 2];
	}
	return n;
}

static bool intersect_posting(struct database *db, int64_t segment_id, uint32_t trigram, size_t n_all, uint64_t *bits)
{
	struct database_statement *s = database_statement_begin(db, "SELECT numbers FROM posting WHERE id = ?");
	bool ok = true;

	database_statement_bind_int(s, 1, segment_id << 24 | trigram);
	if (database_statement_step(s)) {
		struct bytes numbers = database_statement_bytes(s, 0);
		ok = store_index_unseal(segment_id << 24 | trigram, &numbers) && store_index_intersect(numbers, n_all, bits);
	} else {
		memset(bits, 0, WORDS * sizeof *bits);
	}
	database_statement_end(s);
	return ok && !database_failed(db);
}

static bool is_any(const uint64_t *bits)
{
	for (size_t i = 0; i < WORDS; i++)
		if (bits[i] != 0)
			return true;
	return false;
}

/* Which messages of a segment may hold the needle. */
static bool ask_segment(struct database *db, int64_t segment_id, size_t n_all, const struct store_finder *finder, uint64_t *bits)
{
	uint32_t trigrams[TRIGRAMS_ASKED];
	size_t n = choose_trigrams(finder->text, trigrams);
	uint64_t any[WORDS];

	memset(bits, 0xff, WORDS * sizeof *bits);
	memset(any, 0xff, sizeof any);
	for (size_t i = 0; i < n && is_any(bits); i++)
		if (!intersect_posting(db, segment_id, trigrams[i], n_all, bits))
			return false;
	if (n == 0)
		return true;
	if (!intersect_posting(db, segment_id, STORE_INDEX_ANY, n_all, any))
		return false;
	for (size_t i = 0; i < WORDS; i++)
		bits[i] |= any[i];
	return true;
}

static bool add_ids(struct store_index_filter *filter, struct bytes ids, size_t n)
{
	uint64_t id = 0, distance;

	if (filter->n + n > filter->capacity) {
		filter->capacity = 2 * filter->capacity + n;
		filter->at = xreallocarray(filter->at, filter->capacity, sizeof *filter->at);
	}
	for (size_t i = 0; i < n; i++) {
		if (!take_number(&ids, &distance))
			return false;
		id += distance & 1 ? ~(distance >> 1) : distance >> 1;
		filter->at[filter->n + i] = (struct filter_entry){ .message_id = (int64_t)id };
	}
	return ids.len == 0;
}

static bool add_segment(struct store_index_filter *filter, struct bytes ids, size_t n)
{
	uint64_t bits[WORDS];

	if (n == 0 || n > STORE_INDEX_SEGMENT_MAX || !store_index_unseal((int64_t)n, &ids) || !add_ids(filter, ids, n))
		return false;
	for (size_t f = 0; f < filter->n_finders; f++) {
		if (!ask_segment(filter->db, filter->segment_id, n, &filter->finders[f], bits))
			return false;
		for (size_t i = 0; i < n; i++)
			filter->at[filter->n + i].needles |= (bits[i / 64] >> i % 64 & 1) << f;
	}
	filter->n += n;
	return true;
}

static int compare_entries(const void *a, const void *b)
{
	const struct filter_entry *x = a, *y = b;

	return x->message_id < y->message_id ? -1 : x->message_id > y->message_id;
}

static void sort(struct store_index_filter *filter)
{
	for (size_t i = 1; i < filter->n; i++) {
		if (filter->at[i - 1].message_id < filter->at[i].message_id)
			continue;
		qsort(filter->at, filter->n, sizeof *filter->at, compare_entries);
		return;
	}
}

struct store_index_filter *store_index_filter_create(const struct store *store, int64_t user_id, const struct store_finder *finders, size_t n, bool *is_damaged)
{
	struct error err = { 0 };
	struct database *db = open_file(store, user_id, DATABASE_LOOK, &err);

	*is_damaged = err.kind == ERROR_CORRUPT;
	if (db == NULL)
		return NULL;
	/* one that is just being made is not ours yet */
	if (!database_begin_read(db) || database_version(db) != VERSION || !is_ours(db, store, user_id)) {
		*is_damaged = database_failed(db) && database_error(db)->kind == ERROR_CORRUPT;
		database_close(db);
		return NULL;
	}
	struct store_index_filter *filter = xcalloc(1, sizeof *filter);
	filter->db = db;
	filter->finders = finders;
	filter->n_finders = n;
	return filter;
}

/* False: there is none left, or it is damaged, or the database failed. */
static bool next_segment(struct store_index_filter *filter, bool *is_damaged)
{
	struct database_statement *s = database_statement_begin(filter->db, "SELECT segment_id, n, ids FROM segment WHERE segment_id > ? ORDER BY segment_id LIMIT 1");
	bool found;

	database_statement_bind_int(s, 1, filter->segment_id);
	found = database_statement_step(s);
	if (found) {
		filter->segment_id = database_statement_int(s, 0);
		*is_damaged = !add_segment(filter, database_statement_bytes(s, 2), (size_t)database_statement_int(s, 1));
	}
	database_statement_end(s);
	if (database_failed(filter->db)) {
		*is_damaged = database_error(filter->db)->kind == ERROR_CORRUPT;
		filter->n = 0;          /* what cannot be read now says nothing */
		return false;
	}
	return found && !*is_damaged;
}

bool store_index_filter_fill(struct store_index_filter *filter, int64_t deadline_ms, bool *is_damaged)
{
	if (filter->db == NULL)
		return true;
	while (next_segment(filter, is_damaged))
		if (clock_monotonic_ms() >= deadline_ms)
			return false;
	database_close(filter->db);
	filter->db = NULL;
	sort(filter);
	return true;
}

void store_index_filter_destroy(struct store_index_filter *filter)
{
	if (filter == NULL)
		return;
	database_close(filter->db);
	free(filter->at);
	free(filter);
}

uint64_t store_index_filter_ask(struct store_index_filter *filter, int64_t message_id, bool *is_indexed)
{
	size_t low = filter->last + 1, high = filter->n;

	if (low >= high || filter->at[low].message_id != message_id) {
		low = 0;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (filter->at[middle].message_id < message_id)
				low = middle + 1;
			else
				high = middle;
		}
	}
	*is_indexed = low < filter->n && filter->at[low].message_id == message_id;
	if (!*is_indexed)
		return UINT64_MAX;
	filter->last = low;
	return filter->at[low].needles;
}
