#define _GNU_SOURCE                     /* F_OFD_SETLK */

#include "mailstore/store_indexer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "database/database_transaction.h"
#include "mailstore/store_index_build.h"
#include "mailstore/store_open.h"

#define USERS_WAITING 256               /* more are noted again by their next search */
#define WORK_MS 10
#define REST_MS 20

struct waiting {
	int64_t user_id;
	bool is_damaged;
};

struct store_indexer {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool has_thread, stopping;
	struct waiting waiting[USERS_WAITING];
	size_t n_waiting;
	int64_t work_until_ms;          /* the thread's own */
};

struct store_indexer *store_indexer_create(struct store *store)
{
	struct store_indexer *x = xcalloc(1, sizeof *x);
	pthread_condattr_t clock;

	x->store = store;
	pthread_mutex_init(&x->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&x->wake, &clock);
	pthread_condattr_destroy(&clock);
	return x;
}


/* Rest when it is time to; a stop ends the rest. */
static bool pace(void *owner)
{
	struct store_indexer *x = owner;
	struct timespec until;

	if (clock_monotonic_ms() < x->work_until_ms)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += REST_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&x->mutex);
	while (!x->stopping && pthread_cond_timedwait(&x->wake, &x->mutex, &until) == 0)
		;
	bool go_on = !x->stopping;
	pthread_mutex_unlock(&x->mutex);
	x->work_until_ms = clock_monotonic_ms() + WORK_MS;
	return go_on;
}

/* The user's octet of the lock file; -1: another process has it, or there is no file. */
static int take_lock(struct store_indexer *x, int64_t user_id)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = user_id, .l_len = 1 };

	mkdirat(x->store->dir_fd, "index", 0700);
	int fd = openat(x->store->dir_fd, "index/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void build(struct store_indexer *x, struct waiting who)
{
	struct store_index_built built = { 0 };
	struct error err = { 0 };
	int64_t began_ms = clock_monotonic_ms();
	int lock = take_lock(x, who.user_id);

	if (lock < 0)
		return;
	x->work_until_ms = began_ms + WORK_MS;
	if (who.is_damaged)
		log_warning("store", "index-damaged", "user=%lld", (long long)who.user_id);
	bool ok = store_index_build(x->store, who.user_id, who.is_damaged, pace, x, &built, &err);
	if (!ok)
		log_warning("store", "index-failed", "user=%lld error=%s", (long long)who.user_id, err.text);
	else if (built.n_messages > 0)
		log_info("store", "indexed", "user=%lld messages=%llu text=%llu index=%llu ms=%lld", (long long)who.user_id, (unsigned long long)built.n_messages,
		         (unsigned long long)built.text_octets, (unsigned long long)built.index_octets, (long long)(clock_monotonic_ms() - began_ms));
	close(lock);
}

static void *run(void *owner)
{
	struct store_indexer *x = owner;

	store_index_sweep(x->store);
	pthread_mutex_lock(&x->mutex);
	while (!x->stopping) {
		if (x->n_waiting == 0) {
			pthread_cond_wait(&x->wake, &x->mutex);
			continue;
		}
		struct waiting who = x->waiting[0];
		pthread_mutex_unlock(&x->mutex);
		build(x, who);
		pthread_mutex_lock(&x->mutex);
		/* only now, so that searches meanwhile do not ask for the same again */
		x->waiting[0] = x->waiting[--x->n_waiting];
	}
	pthread_mutex_unlock(&x->mutex);
	return NULL;
}

void store_indexer_note(struct store_indexer *x, int64_t user_id, uint64_t n_unindexed, bool is_damaged)
{
	size_t i = 0;

	if (x == NULL || (n_unindexed < STORE_INDEX_BEHIND && !is_damaged) || x->store->options.ephemeral)
		return;
	pthread_mutex_lock(&x->mutex);
	while (i < x->n_waiting && x->waiting[i].user_id != user_id)
		i++;
	if (i == x->n_waiting && i < USERS_WAITING && !x->stopping) {
		x->waiting[x->n_waiting++] = (struct waiting){ user_id, is_damaged };
		if (!x->has_thread)
			x->has_thread = pthread_create(&x->thread, NULL, run, x) == 0;
		pthread_cond_signal(&x->wake);
	}
	pthread_mutex_unlock(&x->mutex);
}

void store_indexer_destroy(struct store_indexer *x)
{
	if (x == NULL)
		return;
	pthread_mutex_lock(&x->mutex);
	x->stopping = true;
	pthread_cond_broadcast(&x->wake);
	pthread_mutex_unlock(&x->mutex);
	if (x->has_thread)
		pthread_join(x->thread, NULL);
	pthread_mutex_destroy(&x->mutex);
	pthread_cond_destroy(&x->wake);
	free(x);
}
