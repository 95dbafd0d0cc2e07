#include "netcore/net_worker.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/memory.h"

struct job {
	struct net_loop *loop;
	void (*work)(void *), (*done)(void *);
	void *owner;
};

struct net_worker {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *queue;              /* a ring of `max` places */
	size_t first, n, max;
	bool stopping;
	unsigned n_threads;
	pthread_t threads[];
};

static void *run(void *owner)
{
	struct net_worker *w = owner;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->n == 0 && !w->stopping)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->n == 0)
			break;
		struct job job = w->queue[w->first];
		w->first = (w->first + 1) % w->max;
		w->n--;
		pthread_mutex_unlock(&w->lock);
		job.work(job.owner);
		net_loop_post(job.loop, job.done, job.owner);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct net_worker *net_worker_create(unsigned n_threads, size_t queue_max, struct error *err)
{
	struct net_worker *w = xcalloc(1, sizeof *w + n_threads * sizeof w->threads[0]);
	sigset_t all, before;
	int failed = 0;

	assert(n_threads > 0 && queue_max > 0);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->max = queue_max;
	w->queue = xcalloc(queue_max, sizeof *w->queue);
	/* Signals belong to the loop's signalfd: a thread inherits its maker's mask. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (w->n_threads < n_threads && failed == 0) {
		failed = pthread_create(&w->threads[w->n_threads], NULL, run, w);
		if (failed == 0)
			w->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0)
		return w;
	error_set_errno(err, failed, "start a worker thread");
	net_worker_destroy(w);
	return NULL;
}

void net_worker_destroy(struct net_worker *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->n_threads; i++)
		pthread_join(w->threads[i], NULL);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	free(w->queue);
	free(w);
}

bool net_worker_submit(struct net_worker *w, struct net_loop *loop, void (*work)(void *), void (*done)(void *), void *owner)
{
	pthread_mutex_lock(&w->lock);
	bool has_room = w->n < w->max && !w->stopping;
	if (has_room) {
		w->queue[(w->first + w->n++) % w->max] = (struct job){ loop, work, done, owner };
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return has_room;
}
