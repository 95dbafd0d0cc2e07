#include "mailstore/store_trainer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <zdict.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_client.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"
#include "mailstore/store_stored.h"

#define LOOK_EVERY 256u
#define LOOK_EVERY_FIRST 64u            /* until there is one */
#define SAMPLES_MAX ((size_t)1024)
#define SAMPLES_MIN ((size_t)200)
#define SAMPLE_MAX ((size_t)4096)       /* octets of its beginning: headers are what repeats most */
#define SPREAD ((int64_t)8192)          /* samples are of so many last messages, about */
#define LOOKS_MAX 4096                  /* more messages are files, or empty */
#define BATCH 64                        /* samples a read transaction */
#define COUNT_ROWS 5000                 /* messages a read, while they are counted */

/* The n-th dictionary is trained when so many messages have come. */
static const struct { int64_t n_messages; size_t size; } steps[] = {
	{ 256, 32 * 1024 }, { 8192, STORE_DICTIONARY_SIZE_MAX }, { 262144, STORE_DICTIONARY_SIZE_MAX },
};
#define N_STEPS (sizeof steps / sizeof *steps)

_Static_assert(N_STEPS <= STORE_DICTIONARIES_MAX, "each has a number");

struct store_trainer {
	struct store *store;
	_Atomic unsigned n_notes;
	int64_t n_counted, counted_to;  /* messages, and the id of the last of them; its thread only */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool has_thread, is_wanted;
	_Atomic bool stopping;
};

struct samples {
	struct buffer octets;
	size_t lens[SAMPLES_MAX], n;
};

/* ---- what to learn from ---- */

/* The last one up to id; its id, 0 = there is none. */
static int64_t take_sample(struct store_stored *stored, struct database *db, int64_t id, struct samples *samples)
{
	struct database_statement *s = database_statement_begin(db, "SELECT message_id, size, codec, file IS NOT NULL FROM message WHERE message_id <= ? "
	                                                        "ORDER BY message_id DESC LIMIT 1");
	struct bytes chunk;

	database_statement_bind_int(s, 1, id);
	if (!database_statement_step(s))
		return 0;
	int64_t message_id = database_statement_int(s, 0);
	uint64_t size = (uint64_t)database_statement_int(s, 1);
	enum store_codec codec = (enum store_codec)database_statement_int(s, 2);
	bool is_file = database_statement_int(s, 3) != 0;
	database_statement_end(s);
	if (!is_file && size > 0 && store_stored_open(stored, -1, message_id, size, codec, NULL, NULL) && store_stored_chunk(stored, db, 0, &chunk, NULL)) {
		chunk = bytes_slice(chunk, 0, SAMPLE_MAX);
		buffer_add_bytes(&samples->octets, chunk);
		samples->lens[samples->n++] = chunk.len;
	}
	return message_id;
}

/* Every so many of the last ones, in short read transactions. */
static void take_samples(struct store_trainer *t, struct database *db, int64_t top, struct samples *samples)
{
	struct store_stored stored = { .fd = -1, .packer = { .dictionaries = t->store->dictionaries } };
	int64_t spread = top < SPREAD ? top : SPREAD, step = spread > (int64_t)SAMPLES_MAX ? spread / (int64_t)SAMPLES_MAX : 1;
	int n_looks = 0;

	while (top > 0 && n_looks < LOOKS_MAX && samples->n < SAMPLES_MAX && !t->stopping && database_begin_read(db)) {
		for (int i = 0; i < BATCH && top > 0 && samples->n < SAMPLES_MAX; i++, n_looks++)
			top = take_sample(&stored, db, top, samples) - step;
		database_rollback(db);
	}
	store_stored_release(&stored);
}

/* ---- into the table ---- */

struct keep_request {
	struct store_request request;
	unsigned number;
	struct bytes octets;
};

static enum store_run run_keep(struct store_request *request, struct store_context *context)
{
	struct keep_request *self = (struct keep_request *)request;

	store_dictionary_insert(context->db, self->number, self->octets);
	return STORE_RUN_DONE;
}

/* Who wants to know asks the table. */
static void complete_keep(struct store_request *request)
{
	if (request->error.kind != ERROR_NONE)
		log_warning("store", "dictionary-failed", "error=%s", request->error.text);
}

static const struct store_request_ops keep_ops = {
	.name = "keep-dictionary", .thread = STORE_IN_WRITER, .grows = true, .run = run_keep, .complete = complete_keep,
};

static void keep(struct store_trainer *t, unsigned number, struct bytes octets)
{
	struct store_client *client = store_client_create(t->store, NULL);

	if (client == NULL)
		return;
	struct keep_request *self = store_request_create(client, &keep_ops, sizeof *self);
	self->number = number;
	self->octets = octets;
	self->request.weight = 2 * octets.len;
	store_request_submit(&self->request);
	store_client_wait(client);
	store_client_destroy(client);
}

/* ---- one of them ---- */

/* A dictionary's number stands behind its magic number, little-endian: RFC 8878 section 5. */
static void set_number(char *octets, unsigned number)
{
	for (int i = 0; i < 4; i++)
		octets[4 + i] = (char)(number >> 8 * i & 255);
}

static void train(struct store_trainer *t, struct database *db, unsigned number, size_t size, int64_t top)
{
	struct samples *samples = xcalloc(1, sizeof *samples);
	struct buffer made = { 0 };
	int64_t began_ms = clock_monotonic_ms();

	take_samples(t, db, top, samples);
	if (samples->n >= SAMPLES_MIN && !t->stopping && !database_failed(db)) {
		size_t len = ZDICT_trainFromBuffer(buffer_reserve(&made, size), size, samples->octets.at, samples->lens, (unsigned)samples->n);
		/* mail in which nothing repeats has none */
		if (!ZDICT_isError(len)) {
			buffer_added(&made, len);
			set_number(made.at, number);
			keep(t, number, buffer_bytes(&made));
			log_info("store", "dictionary", "number=%u samples=%zu octets=%zu ms=%lld", number, samples->n, len,
			         (long long)(clock_monotonic_ms() - began_ms));
		}
	}
	buffer_release(&made);
	buffer_release(&samples->octets);
	free(samples);
}

/* How many came, `most` or a few more at the most.  Ids are an upper bound only: processes that write in turns leave gaps. */
static int64_t count_messages(struct store_trainer *t, struct database *db, int64_t most)
{
	int64_t n = COUNT_ROWS;

	while (n == COUNT_ROWS && t->n_counted < most && !t->stopping) {
		struct database_statement *s = database_statement_begin(db, "SELECT count(*), max(message_id) FROM "
			"(SELECT message_id FROM message WHERE message_id > ? ORDER BY message_id LIMIT ?)");
		database_statement_bind_int(s, 1, t->counted_to);
		database_statement_bind_int(s, 2, COUNT_ROWS);
		n = database_statement_step(s) ? database_statement_int(s, 0) : 0;
		if (n > 0)
			t->counted_to = database_statement_int(s, 1);
		database_statement_end(s);
		t->n_counted += n;
	}
	return t->n_counted;
}

/* The dictionary after number `have` that it is time for; 0 = it is not. */
static unsigned next_step(struct store_trainer *t, struct database *db, unsigned have, int64_t top, size_t *size)
{
	unsigned number = 0;

	for (unsigned i = have < STORE_DICTIONARY_FIRST ? 0 : have - STORE_DICTIONARY_FIRST + 1; i < N_STEPS; i++) {
		if (top < steps[i].n_messages || count_messages(t, db, steps[i].n_messages) < steps[i].n_messages)
			break;
		number = STORE_DICTIONARY_FIRST + i;
		*size = steps[i].size;
	}
	return number;
}

/* Take over what another process made; make what it is time for. */
static void look(struct store_trainer *t)
{
	struct error err = { 0 };
	struct database *db = store_database_open(t->store->data_dir, DATABASE_READ, t->store->options.ephemeral, &err);
	struct store_dictionaries *dictionaries = t->store->dictionaries;

	if (db == NULL)
		return;
	int64_t top = database_statement_one(database_statement_begin(db, "SELECT ifnull(max(message_id), 0) FROM message"), 0);
	size_t size = 0;
	unsigned number = next_step(t, db, store_dictionary_top(db), top, &size);
	if (number != 0 && !database_failed(db))
		train(t, db, number, size, top);
	const struct store_dictionary *newest = store_dictionaries_newest(dictionaries);
	if (!database_failed(db) && store_dictionary_top(db) > (newest != NULL ? newest->number : 0) && !store_dictionaries_load_newest(dictionaries, db, &err))
		log_warning("store", "dictionary-failed", "error=%s", err.text);
	database_close(db);
}

/* ---- the thread ---- */

static void *run(void *owner)
{
	struct store_trainer *t = owner;

	pthread_mutex_lock(&t->mutex);
	while (!t->stopping) {
		if (!t->is_wanted) {
			pthread_cond_wait(&t->wake, &t->mutex);
			continue;
		}
		t->is_wanted = false;
		pthread_mutex_unlock(&t->mutex);
		look(t);
		pthread_mutex_lock(&t->mutex);
	}
	pthread_mutex_unlock(&t->mutex);
	return NULL;
}

struct store_trainer *store_trainer_create(struct store *store)
{
	struct store_trainer *t = xcalloc(1, sizeof *t);

	t->store = store;
	pthread_mutex_init(&t->mutex, NULL);
	pthread_cond_init(&t->wake, NULL);
	return t;
}

void store_trainer_note(struct store_trainer *t)
{
	const struct store_dictionary *newest = store_dictionaries_newest(t->store->dictionaries);

	if (t->n_notes++ % (newest != NULL ? LOOK_EVERY : LOOK_EVERY_FIRST) != 0 || (newest != NULL && newest->number - STORE_DICTIONARY_FIRST >= N_STEPS - 1))
		return;
	pthread_mutex_lock(&t->mutex);
	t->is_wanted = true;
	if (!t->has_thread && !t->stopping)
		t->has_thread = pthread_create(&t->thread, NULL, run, t) == 0;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->mutex);
}

void store_trainer_destroy(struct store_trainer *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->mutex);
	t->stopping = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->mutex);
	if (t->has_thread)
		pthread_join(t->thread, NULL);
	pthread_mutex_destroy(&t->mutex);
	pthread_cond_destroy(&t->wake);
	free(t);
}
