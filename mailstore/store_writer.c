#include "mailstore/store_writer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "database/database_transaction.h"
#include "mailstore/store_ballast.h"
#include "mailstore/store_client.h"
#include "mailstore/store_context.h"
#include "mailstore/store_file.h"
#include "mailstore/store_log.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

#define BATCH_REQUESTS 256
#define BATCH_OCTETS ((size_t)4 << 20)
#define BATCH_MS 100                    /* many long requests are not one transaction: the log and others' turns are bounded */
#define SHARED_BATCH_MS 4               /* the same while another process waits for its turn */
#define PART_MS 20                      /* a long request gives way to others after so long */
#define ROOM_MS 100                     /* a disk with so much room is not asked again for so long */
#define ROOM_MUCH ((uint64_t)4 << 30)

struct store_writer {
	struct store *store;
	struct store_context context;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct list waiting;
	bool stopping;
	int64_t roomy_until_ms;         /* the disk is not asked before */
};

/* Where the requests of a batch go when it ends. */
struct batch {
	struct list requests;           /* to run */
	struct list done;               /* ran, not committed yet */
	struct list again;              /* ran a part, not committed yet */
	struct list later;              /* not run: the batch took long enough */
	struct list finished;           /* to their clients */
	int64_t start_ms;               /* of its turn, monotonic */
	size_t n, octets;               /* taken */
	bool is_open;                   /* its transaction runs, and takes those in that come */
};

static struct store_request *request_of(struct list_node *node)
{
	return LIST_OWNER(node, struct store_request, node);
}

static struct store_request *take(struct list *from)
{
	struct list_node *node = list_take_first(from);

	return node != NULL ? request_of(node) : NULL;
}

static void move_all(struct list *to, struct list *from)
{
	for (struct list_node *node; (node = list_take_first(from)) != NULL;)
		list_append(to, node);
}

static void fail_all(struct list *requests, struct list *finished, const struct error *why)
{
	for (struct store_request *request; (request = take(requests)) != NULL;) {
		request->error = *why;
		list_append(finished, &request->node);
	}
}

/* Run one request.  False: the connection failed, and the batch with it. */
static bool run_one(struct store_context *context, struct store_request *request, enum store_run *outcome)
{
	size_t n_hints = context->n_hints;
	bool has_savepoint = request->ops->can_fail_halfway;

	if (has_savepoint)
		database_part_begin(context->db);
	store_context_start(context, PART_MS);
	*outcome = request->ops->run(request, context);
	if (database_failed(context->db))
		return false;
	if (*outcome == STORE_RUN_FAILED) {
		context->n_hints = n_hints;
		if (has_savepoint)
			database_part_undo(context->db);
	} else if (has_savepoint) {
		database_part_keep(context->db);
	}
	return !database_failed(context->db);
}

static bool has_run_long(const struct store_writer *writer, int64_t start_ms)
{
	int64_t ms = clock_monotonic_ms() - start_ms;

	return ms >= BATCH_MS || (ms >= SHARED_BATCH_MS && store_turnstile_is_wanted(&writer->store->turnstile));
}

static void refuse_without_room(struct store_writer *writer, struct batch *batch)
{
	const struct store *store = writer->store;
	int64_t now_ms = clock_monotonic_ms();

	if (now_ms < writer->roomy_until_ms)
		return;
	uint64_t room = store_file_room(store->dir_fd), reserve = store_ballast_reserve(store);
	writer->roomy_until_ms = room >= reserve + ROOM_MUCH ? now_ms + ROOM_MS : 0;
	for (struct list_node *node = batch->requests.first, *next; node != NULL; node = next) {
		struct store_request *request = request_of(node);
		next = node->next;
		if (!request->ops->grows || store_file_fits(room, reserve, request->weight, &request->error))
			continue;
		list_remove(&batch->requests, node);
		list_append(&batch->finished, node);
	}
}

static void take_batch(struct store_writer *writer, struct batch *batch)
{
	while (!list_is_empty(&writer->waiting) && batch->n < BATCH_REQUESTS && batch->octets < BATCH_OCTETS) {
		/* outside a transaction only */
		if (batch->is_open && request_of(writer->waiting.first)->ops->thread == STORE_BESIDE_WRITER)
			break;
		struct store_request *request = take(&writer->waiting);
		batch->n++;
		batch->octets += request->weight;
		list_append(&batch->requests, &request->node);
	}
}

/* What came since shares the commit, unless another process waits for its turn.  False: nothing did. */
static bool take_more(struct store_writer *writer, struct batch *batch)
{
	if (!batch->is_open)
		return false;
	pthread_mutex_lock(&writer->mutex);
	if (!list_is_empty(&writer->waiting) && !store_turnstile_is_wanted(&writer->store->turnstile))
		take_batch(writer, batch);
	pthread_mutex_unlock(&writer->mutex);
	if (!list_is_empty(&batch->requests))
		refuse_without_room(writer, batch);
	return !list_is_empty(&batch->requests);
}

static bool run_all(struct store_writer *writer, struct batch *batch)
{
	struct store_context *context = &writer->context;

	while (!list_is_empty(&batch->requests) || take_more(writer, batch)) {
		struct store_request *request = take(&batch->requests);
		enum store_run outcome = STORE_RUN_FAILED;
		bool ok = run_one(context, request, &outcome);
		list_append(outcome == STORE_RUN_MORE ? &batch->again : &batch->done, &request->node);
		if (!ok)
			return false;
		if (has_run_long(writer, batch->start_ms)) {
			move_all(&batch->later, &batch->requests);
			break;
		}
	}
	return true;
}

static void after_commit(struct store_writer *writer, struct list *requests)
{
	for (struct list_node *node = requests->first; node != NULL; node = node->next) {
		struct store_request *request = request_of(node);
		if (request->error.kind != ERROR_NONE)
			continue;
		request->committed = true;
		if (request->ops->committed != NULL)
			request->ops->committed(request, &writer->context);
	}
}

static bool commit(struct store_writer *writer, struct batch *batch)
{
	struct database *db = writer->context.db;

	fault_point("store.before_commit");
	if (!database_commit(db)) {
		enum error_kind kind = database_error(db)->kind;
		for (struct list_node *node = batch->done.first; node != NULL; node = node->next)
			request_of(node)->in_doubt = kind != ERROR_FULL && kind != ERROR_TRY_LATER;
		return false;
	}
	fault_point("store.after_commit");
	writer->store->lease.is_written |= writer->context.wrote_lease;
	after_commit(writer, &batch->done);
	after_commit(writer, &batch->again);
	return true;
}

/* One transaction over all of them.  False: nothing of it happened, all are in batch->requests again, *why is set. */
static bool try_batch(struct store_writer *writer, struct batch *batch, struct error *why)
{
	struct store_context *context = &writer->context;

	context->n_hints = 0;
	context->wrote_lease = false;
	store_ids_begin(&context->ids);
	database_clear(context->db);
	if (database_begin_write(context->db) && run_all(writer, batch) && commit(writer, batch))
		return true;
	*why = *database_error(context->db);
	batch->is_open = false;
	store_ids_forget(&context->ids);
	database_rollback(context->db);
	database_clear(context->db);
	context->n_hints = 0;
	/* what ran is tried again before what did not: the order of arrival */
	move_all(&batch->done, &batch->again);
	move_all(&batch->done, &batch->requests);
	move_all(&batch->done, &batch->later);
	move_all(&batch->requests, &batch->done);
	for (struct list_node *node = batch->requests.first; node != NULL; node = node->next)
		error_clear(&request_of(node)->error);
	return false;
}

static void hint(struct store_writer *writer)
{
	const struct store_options *options = &writer->store->options;

	store_context_coalesce(&writer->context);
	if (options->on_commit != NULL && writer->context.n_hints > 0)
		options->on_commit(options->owner, writer->context.hints, writer->context.n_hints);
}

/* A batch that fails whole says nothing about which request was too much: each is tried alone. */
static void try_one_by_one(struct store_writer *writer, struct batch *batch)
{
	struct list all = batch->requests, again = { 0 };

	batch->requests = (struct list){ 0 };
	for (struct store_request *request; (request = take(&all)) != NULL;) {
		struct error why = { 0 };
		list_append(&batch->requests, &request->node);
		if (try_batch(writer, batch, &why)) {
			move_all(&batch->finished, &batch->done);
			/* committed: the next one's fate is not theirs */
			move_all(&again, &batch->again);
			hint(writer);
		} else {
			fail_all(&batch->requests, &batch->finished, &why);
		}
	}
	batch->again = again;
}

static void run_beside(struct store_writer *writer, struct batch *batch)
{
	for (struct list_node *node = batch->requests.first, *next; node != NULL; node = next) {
		struct store_request *request = request_of(node);
		next = node->next;
		if (request->ops->thread != STORE_BESIDE_WRITER)
			continue;
		database_clear(writer->context.db);
		store_context_start(&writer->context, PART_MS);
		request->ops->run(request, &writer->context);
		if (database_failed(writer->context.db))
			request->error = *database_error(writer->context.db);
		list_remove(&batch->requests, node);
		list_append(&batch->finished, node);
	}
}

static void run_batch(struct store_writer *writer, struct batch *batch)
{
	struct store *store = writer->store;
	struct error why = { 0 };

	run_beside(writer, batch);
	refuse_without_room(writer, batch);
	if (list_is_empty(&batch->requests))
		return;
	if (!store_turnstile_enter(&store->turnstile, store->options.turn_wait_ms, &why)) {
		fail_all(&batch->requests, &batch->finished, &why);
		return;
	}
	batch->start_ms = clock_monotonic_ms();
	batch->is_open = true;
	bool committed = store_log_bound(&writer->context, &why) && try_batch(writer, batch, &why);
	batch->is_open = false;
	if (!committed && why.kind == ERROR_FULL && store_ballast_drop(store)) {
		writer->roomy_until_ms = 0;
		refuse_without_room(writer, batch);
		committed = try_batch(writer, batch, &why);
	}
	if (!committed) {
		log_warning("store", "batch-failed", "requests=%zu error=%s", batch->requests.n, why.text);
		if (batch->requests.n > 1 && why.kind != ERROR_TRY_LATER)
			try_one_by_one(writer, batch);
		else
			fail_all(&batch->requests, &batch->finished, &why);
	}
	store_turnstile_leave(&store->turnstile);
	move_all(&batch->finished, &batch->done);
	if (committed)
		fault_point("store.before_complete");
	else
		writer->context.n_hints = 0;
}

static void *run(void *at)
{
	struct store_writer *writer = at;

	pthread_mutex_lock(&writer->mutex);
	for (;;) {
		struct batch batch = { 0 };
		while (list_is_empty(&writer->waiting) && !writer->stopping)
			pthread_cond_wait(&writer->wake, &writer->mutex);
		if (list_is_empty(&writer->waiting))
			break;
		take_batch(writer, &batch);
		pthread_mutex_unlock(&writer->mutex);
		run_batch(writer, &batch);
		store_request_go_on(&batch.finished);
		store_client_post(&batch.finished);
		hint(writer);
		writer->context.n_hints = 0;
		store_log_copy(&writer->context, batch.n);
		pthread_mutex_lock(&writer->mutex);
		move_all(&batch.later, &writer->waiting);
		move_all(&batch.later, &batch.again);
		writer->waiting = batch.later;
	}
	pthread_mutex_unlock(&writer->mutex);
	return NULL;
}

struct store_writer *store_writer_create(struct store *store, struct error *err)
{
	struct database *db = store_database_open(store->data_dir, DATABASE_WRITE, store->options.ephemeral, err);

	if (db == NULL)
		return NULL;
	database_leave_log(db);
	struct store_writer *writer = xcalloc(1, sizeof *writer);
	writer->store = store;
	writer->context = (struct store_context){ .store = store, .db = db, .stored = { .fd = -1, .packer = { .dictionaries = store->dictionaries } } };
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->wake, NULL);
	int failed = pthread_create(&writer->thread, NULL, run, writer);
	if (failed != 0) {
		error_set_errno(err, failed, "cannot start the store's writer");
		database_close(db);
		free(writer);
		return NULL;
	}
	return writer;
}

void store_writer_destroy(struct store_writer *writer)
{
	if (writer == NULL)
		return;
	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	database_close(writer->context.db);
	store_context_release(&writer->context);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->mutex);
	free(writer);
}

void store_writer_add(struct store_writer *writer, struct store_request *request)
{
	pthread_mutex_lock(&writer->mutex);
	bool was_empty = list_is_empty(&writer->waiting);
	list_append(&writer->waiting, &request->node);
	if (was_empty)
		pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
}
