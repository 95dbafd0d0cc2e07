/* net_worker: a small pool of threads with a bounded queue, for slow work (password hashing, name look-ups). */
#ifndef NETCORE_NET_WORKER_H
#define NETCORE_NET_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "netcore/net_loop.h"

struct net_worker;

/* Threads start at once, with all signals blocked: create after the sandbox is in force. */
struct net_worker *net_worker_create(unsigned n_threads, size_t queue_max, struct error *err);
/* Finishes what is queued, joins. */
void net_worker_destroy(struct net_worker *);

/*
 * work(job) runs in a thread of the pool, then done(job) in the loop.  False: the queue is full, nothing will be called.
 * There is no cancel: a job that lost its owner notes that in itself and done frees it.
 */
bool net_worker_submit(struct net_worker *, struct net_loop *, void (*work)(void *job), void (*done)(void *job), void *job);

#endif
