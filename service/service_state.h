/* service_state: what the files of the server process share (service_server, _connections, _changes, _reload). */
#ifndef SERVICE_SERVICE_STATE_H
#define SERVICE_SERVICE_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "auth/guess_limit.h"
#include "auth/success_cache.h"
#include "mailstore/store.h"
#include "netcore/net_limit.h"
#include "netcore/net_listener.h"
#include "netcore/net_signal.h"
#include "netcore/net_timer.h"
#include "service/service_hint.h"
#include "service/service_server.h"

struct service_place {                  /* one listening socket */
	struct service *service;
	struct net_listener *listener;
	struct net_addr address;                /* with its real port */
	const struct service_listen *row;       /* of the keeper's listeners: lives as long as the process */
};

struct service {
	const struct service_program *program;
	struct service_generation *first;       /* what needs a restart is in force as it says */
	struct service_generation *newest;      /* its limits.exempt is net_limit's */
	struct service_loop *loops;
	pthread_t *threads;                     /* [1..n_loops) */
	size_t n_loops, n_threads;              /* threads that were started */
	sem_t started;                          /* once a loop's program->start is through */
	atomic_bool start_failed;
	struct error start_error;               /* of the first that failed */

	struct budget *budget;
	struct net_worker *worker;
	struct store *store;
	struct net_watch *store_watches;        /* a loop each */
	struct guess_limit *guesses;            /* of all loops: service_login */
	struct success_cache *successes;
	struct service_hint *hint;              /* NULL: no multicast */
	struct net_discover *discover;          /* service_announce; NULL: not asked for, or not possible */
	struct net_announce *announce;

	struct service_place *places;
	size_t n_places;
	struct net_limit *limit;
	size_t n_connections;

	int ports_fd;                           /* service_ports; -1 = not told */
	int channel;                            /* to the keeper */
	struct net_watch channel_watch;
	struct net_signal *signals;
	struct net_timer stop_timer, poll_timer, maintain_timer, watchdog_timer;
	int64_t watchdog_ms;                    /* service_watchdog */
	atomic_size_t n_unanswered;             /* loops that were asked */
	bool polling, maintaining;              /* a request is under way */

	atomic_bool stopping;
	atomic_long n_holds;
	size_t n_stopped;                       /* loops that ran program->stop */
	bool forced;                            /* time ran out */
	bool has_ended;                         /* the loops were told: checks that still come find them gone */
	bool sandboxed;
};

/* service_connections */
bool service_connections_start(struct service *, struct service_listeners *, struct error *err);
void service_connections_stop(struct service *);        /* accept no more */
void service_connections_release(struct service *);
/* The limits of a new generation; its listeners are compared with those there are. */
void service_connections_reload(struct service *, struct service_generation *);

/* service_changes */
void service_changes_committed(void *service, const struct store_hint *, size_t n);    /* store_options.on_commit */
bool service_changes_start(struct service *, struct error *err);
void service_changes_stop(struct service *);

/* service_reload */
bool service_reload_start(struct service *, struct error *err);
void service_reload_stop(struct service *);
void service_reload_tell(struct service *, char octet);         /* SERVICE_KEEPER_… */

/* service_server */
void service_stop_begin(struct service *);
void service_stop_check(struct service *);

#endif
