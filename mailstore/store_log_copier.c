#include "mailstore/store_log_copier.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "mailstore/store_open.h"

struct store_log_copier {
	struct store *store;
	struct database *db;            /* the thread's own */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool has_thread, is_wanted, stopping;
	unsigned n_copied;
};

static unsigned copy(struct store_log_copier *c)
{
	const struct store *store = c->store;
	struct error err = { 0 };
	unsigned n_copied = 0;

	if (c->db == NULL)
		c->db = store_database_open(store->data_dir, DATABASE_WRITE, store->options.ephemeral, &err);
	/* what came meanwhile too: the rest, for which a turn is taken, is little then */
	if (c->db != NULL && !(database_copy_log(c->db, &n_copied) && database_copy_log(c->db, &n_copied))) {
		err = *database_error(c->db);
		database_clear(c->db);
	}
	if (err.kind != ERROR_NONE)
		log_debug("store", "log-not-copied", "error=%s", err.text);
	return n_copied;
}

static void *run(void *owner)
{
	struct store_log_copier *c = owner;

	pthread_mutex_lock(&c->mutex);
	while (!c->stopping) {
		if (!c->is_wanted) {
			pthread_cond_wait(&c->wake, &c->mutex);
			continue;
		}
		pthread_mutex_unlock(&c->mutex);
		unsigned n_copied = copy(c);
		pthread_mutex_lock(&c->mutex);
		c->n_copied = n_copied;
		c->is_wanted = false;
	}
	pthread_mutex_unlock(&c->mutex);
	return NULL;
}

struct store_log_copier *store_log_copier_create(struct store *store)
{
	struct store_log_copier *c = xcalloc(1, sizeof *c);

	c->store = store;
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->wake, NULL);
	return c;
}

void store_log_copier_ask(struct store_log_copier *c)
{
	pthread_mutex_lock(&c->mutex);
	if (!c->has_thread)
		c->has_thread = pthread_create(&c->thread, NULL, run, c) == 0;
	if (c->has_thread && c->n_copied == 0) {
		c->is_wanted = true;
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->mutex);
}

unsigned store_log_copier_take(struct store_log_copier *c)
{
	pthread_mutex_lock(&c->mutex);
	unsigned n_copied = c->n_copied;
	c->n_copied = 0;
	pthread_mutex_unlock(&c->mutex);
	return n_copied;
}

void store_log_copier_destroy(struct store_log_copier *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->mutex);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->mutex);
	if (c->has_thread)
		pthread_join(c->thread, NULL);
	database_close(c->db);
	pthread_mutex_destroy(&c->mutex);
	pthread_cond_destroy(&c->wake);
	free(c);
}
