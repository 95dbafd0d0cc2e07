#include "mailstore/store_stager.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "mailstore/store_ballast.h"
#include "mailstore/store_body.h"
#include "mailstore/store_client.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"
#include "mailstore/store_writer.h"

#define BLOCK_SIZE ((size_t)64 * 1024)
#define START_AT ((size_t)16 * 1024)    /* write once so much waits */
#define STOP_AT ((size_t)256 * 1024)    /* ask the body's thread to stop */

struct block {
	struct list_node node;
	struct buffer octets;
};

struct store_stager {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake, idle;
	struct list files;              /* struct store_staged with work */
	struct list requests;           /* to seal */
	bool is_busy, stopping;
};

static void enqueue(struct store_stager *stager, struct store_staged *staged)
{
	if (staged->is_queued)
		return;
	staged->is_queued = true;
	list_append(&stager->files, &staged->node);
	pthread_cond_signal(&stager->wake);
}

static void write_blocks(struct store_stager *stager, struct store_staged *staged, struct list *blocks, struct error *err)
{
	const struct store_options *options = &stager->store->options;

	for (struct list_node *node; (node = list_take_first(blocks)) != NULL;) {
		struct block *block = LIST_OWNER(node, struct block, node);
		if (err->kind == ERROR_NONE && !staged->is_abandoned &&
		    (staged->file.fd >= 0 || store_file_create(stager->store->dir_fd, &staged->file, err)) &&
		    store_file_fits(store_file_room(stager->store->dir_fd), store_ballast_reserve(stager->store), block->octets.len, err))
			store_file_add(&staged->file, buffer_bytes(&block->octets), err);
		budget_give(options->budget, block->octets.len);
		buffer_release(&block->octets);
		free(block);
	}
}

/* Write what waits; called and returns with the mutex held. */
static void flush(struct store_stager *stager, struct store_staged *staged)
{
	while (!list_is_empty(&staged->blocks)) {
		struct list blocks = staged->blocks;
		struct error error = staged->error;
		staged->blocks = (struct list){ 0 };
		pthread_mutex_unlock(&stager->mutex);
		write_blocks(stager, staged, &blocks, &error);
		pthread_mutex_lock(&stager->mutex);
		staged->error = error;
		staged->n_waiting = 0;
		for (struct list_node *node = staged->blocks.first; node != NULL; node = node->next)
			staged->n_waiting += LIST_OWNER(node, struct block, node)->octets.len;
	}
	if (staged->ready != NULL) {
		struct list finished = { 0 };
		list_append(&finished, &staged->ready->node);
		staged->ready = NULL;
		store_client_post(&finished);
	}
}

static void run_file(struct store_stager *stager, struct store_staged *staged)
{
	staged->is_queued = false;
	staged->is_busy = true;
	flush(stager, staged);
	staged->is_busy = false;
	if (staged->is_abandoned && !staged->is_queued) {
		pthread_mutex_unlock(&stager->mutex);
		store_file_release(stager->store->dir_fd, &staged->file, staged->keep);
		free(staged);
		pthread_mutex_lock(&stager->mutex);
	}
}

static void run_request(struct store_stager *stager, struct store_request *request)
{
	for (size_t i = 0; i < request->n_bodies && request->error.kind == ERROR_NONE; i++) {
		struct store_staged *staged = store_body_staged(request->bodies[i]);
		if (staged == NULL)
			continue;
		flush(stager, staged);
		request->error = staged->error;
		if (request->error.kind != ERROR_NONE || store_body_size(request->bodies[i]) <= STORE_BODY_ROWS_MAX)
			continue;
		pthread_mutex_unlock(&stager->mutex);
		store_file_seal(stager->store->dir_fd, &staged->file, stager->store->options.ephemeral, &request->error);
		pthread_mutex_lock(&stager->mutex);
	}
	pthread_mutex_unlock(&stager->mutex);
	if (request->error.kind == ERROR_NONE) {
		store_writer_add(stager->store->writer, request);
	} else {
		struct list finished = { 0 };
		list_append(&finished, &request->node);
		store_client_post(&finished);
	}
	pthread_mutex_lock(&stager->mutex);
}

static void *run(void *at)
{
	struct store_stager *stager = at;

	pthread_mutex_lock(&stager->mutex);
	for (;;) {
		struct list_node *node;
		if ((node = list_take_first(&stager->requests)) != NULL) {
			stager->is_busy = true;
			run_request(stager, LIST_OWNER(node, struct store_request, node));
			stager->is_busy = false;
		} else if ((node = list_take_first(&stager->files)) != NULL) {
			run_file(stager, LIST_OWNER(node, struct store_staged, node));
		} else {
			pthread_cond_broadcast(&stager->idle);
			if (stager->stopping)
				break;
			pthread_cond_wait(&stager->wake, &stager->mutex);
		}
	}
	pthread_mutex_unlock(&stager->mutex);
	return NULL;
}

struct store_stager *store_stager_create(struct store *store, struct error *err)
{
	struct store_stager *stager = xcalloc(1, sizeof *stager);

	stager->store = store;
	pthread_mutex_init(&stager->mutex, NULL);
	pthread_cond_init(&stager->wake, NULL);
	pthread_cond_init(&stager->idle, NULL);
	int failed = pthread_create(&stager->thread, NULL, run, stager);
	if (failed != 0) {
		error_set_errno(err, failed, "cannot start the store's stager");
		free(stager);
		return NULL;
	}
	return stager;
}

void store_stager_drain(struct store_stager *stager)
{
	pthread_mutex_lock(&stager->mutex);
	while (stager->is_busy || !list_is_empty(&stager->requests))
		pthread_cond_wait(&stager->idle, &stager->mutex);
	pthread_mutex_unlock(&stager->mutex);
}

void store_stager_destroy(struct store_stager *stager)
{
	if (stager == NULL)
		return;
	pthread_mutex_lock(&stager->mutex);
	stager->stopping = true;
	pthread_cond_signal(&stager->wake);
	pthread_mutex_unlock(&stager->mutex);
	pthread_join(stager->thread, NULL);
	pthread_cond_destroy(&stager->wake);
	pthread_cond_destroy(&stager->idle);
	pthread_mutex_destroy(&stager->mutex);
	free(stager);
}

struct store_staged *store_staged_create(void)
{
	struct store_staged *staged = xcalloc(1, sizeof *staged);

	staged->file.fd = -1;
	return staged;
}

static bool failed_before(const struct store_staged *staged, struct error *err)
{
	if (staged->error.kind == ERROR_NONE)
		return false;
	if (err != NULL)
		*err = staged->error;
	return true;
}

static void append_block(struct store_stager *stager, struct store_staged *staged, struct block *block)
{
	list_append(&staged->blocks, &block->node);
	staged->n_waiting += block->octets.len;
	if (staged->n_waiting >= START_AT)
		enqueue(stager, staged);
}

bool store_stager_take(struct store_stager *stager, struct store_staged *staged, struct buffer *octets, struct error *err)
{
	pthread_mutex_lock(&stager->mutex);
	bool ok = !failed_before(staged, err);
	if (ok) {
		struct block *block = xcalloc(1, sizeof *block);
		block->octets = *octets;
		*octets = (struct buffer){ 0 };
		append_block(stager, staged, block);
	}
	pthread_mutex_unlock(&stager->mutex);
	return ok;
}

bool store_stager_add(struct store_stager *stager, struct store_staged *staged, struct bytes octets, struct error *err)
{
	pthread_mutex_lock(&stager->mutex);
	bool ok = !failed_before(staged, err);
	struct block *last = ok && !list_is_empty(&staged->blocks) ? LIST_OWNER(staged->blocks.last, struct block, node) : NULL;
	if (last != NULL && last->octets.len + octets.len <= BLOCK_SIZE) {
		buffer_add_bytes(&last->octets, octets);
		staged->n_waiting += octets.len;
		if (staged->n_waiting >= START_AT)
			enqueue(stager, staged);
	} else if (ok) {
		struct block *block = xcalloc(1, sizeof *block);
		buffer_add_bytes(&block->octets, octets);
		append_block(stager, staged, block);
	}
	pthread_mutex_unlock(&stager->mutex);
	return ok;
}

bool store_stager_is_behind(struct store_stager *stager, struct store_staged *staged)
{
	pthread_mutex_lock(&stager->mutex);
	bool is_behind = staged->n_waiting > STOP_AT;
	pthread_mutex_unlock(&stager->mutex);
	return is_behind;
}

void store_stager_wait(struct store_stager *stager, struct store_staged *staged, struct store_request *ready)
{
	pthread_mutex_lock(&stager->mutex);
	assert(staged->ready == NULL);
	staged->ready = ready;
	enqueue(stager, staged);
	pthread_mutex_unlock(&stager->mutex);
}

void store_stager_seal(struct store_stager *stager, struct store_request *request)
{
	pthread_mutex_lock(&stager->mutex);
	list_append(&stager->requests, &request->node);
	pthread_cond_signal(&stager->wake);
	pthread_mutex_unlock(&stager->mutex);
}

void store_stager_abandon(struct store_stager *stager, struct store_staged *staged, bool keep)
{
	pthread_mutex_lock(&stager->mutex);
	staged->is_abandoned = true;
	staged->keep = keep;
	enqueue(stager, staged);
	pthread_mutex_unlock(&stager->mutex);
}
