#include "mailstore/store_reader.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/list.h"
#include "base/memory.h"
#include "database/database_transaction.h"
#include "mailstore/store_client.h"
#include "mailstore/store_context.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

#define BATCH_MS 10
#define TURNS 8                         /* so many batches, then one of a long request */

struct reader {
	struct store_readers *all;
	struct store_context context;
	pthread_t thread;
};

struct store_readers {
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct list waiting, later;     /* later: further batches of long requests */
	size_t n_later;                 /* threads at one of those */
	unsigned n_turns;               /* other batches since the last of those */
	bool stopping;
	struct reader *at;
	size_t n, n_wanted;             /* n_wanted: while they are being started, how many there will be */
};

/* One batch in one short read transaction.  True: more is to come. */
static bool run_batch(struct reader *reader, struct store_request *request)
{
	struct store_context *context = &reader->context;
	enum store_run outcome = STORE_RUN_FAILED;

	database_clear(context->db);
	fault_point("store.read");
	store_context_start(context, BATCH_MS);
	if (database_begin_read(context->db))
		outcome = request->ops->run(request, context);
	if (database_failed(context->db)) {
		request->error = *database_error(context->db);
		outcome = STORE_RUN_FAILED;
	}
	database_rollback(context->db);
	return outcome == STORE_RUN_MORE;
}

/* NULL: nothing that this thread should do now. */
static struct list_node *take(struct store_readers *all, bool *is_later)
{
	bool may_go_on = !list_is_empty(&all->later) && (all->n_later + 1 < all->n_wanted || all->n_wanted == 1);

	*is_later = may_go_on && (list_is_empty(&all->waiting) || all->n_turns >= TURNS);
	if (*is_later) {
		all->n_turns = 0;
		return list_take_first(&all->later);
	}
	all->n_turns++;
	return list_take_first(&all->waiting);
}

static void finish(struct list_node *node, bool has_run)
{
	struct list finished = { 0 };

	list_append(&finished, node);
	if (has_run)
		store_request_go_on(&finished);
	store_client_post(&finished);
}

static void *run(void *at)
{
	struct reader *reader = at;
	struct store_readers *all = reader->all;

	pthread_mutex_lock(&all->mutex);
	for (;;) {
		struct list_node *node;
		bool is_later;
		while ((node = take(all, &is_later)) == NULL && !all->stopping)
			pthread_cond_wait(&all->wake, &all->mutex);
		if (node == NULL)
			break;
		struct store_request *request = LIST_OWNER(node, struct store_request, node);
		all->n_later += is_later;
		bool is_wanted = !atomic_load(&request->forgotten) && !(is_later && all->stopping);
		pthread_mutex_unlock(&all->mutex);
		bool more = is_wanted && run_batch(reader, request);
		if (!more)
			finish(node, is_wanted);
		pthread_mutex_lock(&all->mutex);
		all->n_later -= is_later;
		if (more)
			list_append(request->ops->is_long ? &all->later : &all->waiting, node);
		if (!list_is_empty(&all->later))
			pthread_cond_signal(&all->wake);
	}
	pthread_mutex_unlock(&all->mutex);
	return NULL;
}

static bool start(struct reader *reader, struct store *store, struct error *err)
{
	struct database *db = store_database_open(store->data_dir, DATABASE_READ, store->options.ephemeral, err);

	if (db == NULL)
		return false;
	reader->context = (struct store_context){ .store = store, .db = db, .stored = { .fd = -1, .packer = { .dictionaries = store->dictionaries } } };
	int failed = pthread_create(&reader->thread, NULL, run, reader);
	if (failed == 0)
		return true;
	database_close(db);
	return error_set_errno(err, failed, "cannot start a reader of the store");
}

struct store_readers *store_readers_create(struct store *store, unsigned n, struct error *err)
{
	struct store_readers *all = xcalloc(1, sizeof *all);

	pthread_mutex_init(&all->mutex, NULL);
	pthread_cond_init(&all->wake, NULL);
	all->at = xcalloc(n, sizeof *all->at);
	all->n_wanted = n;
	for (; all->n < n; all->n++) {
		all->at[all->n].all = all;
		if (!start(&all->at[all->n], store, err)) {
			store_readers_destroy(all);
			return NULL;
		}
	}
	return all;
}

void store_readers_destroy(struct store_readers *all)
{
	if (all == NULL)
		return;
	pthread_mutex_lock(&all->mutex);
	all->stopping = true;
	pthread_cond_broadcast(&all->wake);
	pthread_mutex_unlock(&all->mutex);
	for (size_t i = 0; i < all->n; i++) {
		pthread_join(all->at[i].thread, NULL);
		database_close(all->at[i].context.db);
		store_context_release(&all->at[i].context);
	}
	pthread_cond_destroy(&all->wake);
	pthread_mutex_destroy(&all->mutex);
	free(all->at);
	free(all);
}

void store_readers_add(struct store_readers *all, struct store_request *request)
{
	pthread_mutex_lock(&all->mutex);
	list_append(&all->waiting, &request->node);
	pthread_cond_signal(&all->wake);
	pthread_mutex_unlock(&all->mutex);
}
