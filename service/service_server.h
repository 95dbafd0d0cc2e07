/*
 * service_server: the life of a daemon's server process: loops, store, accepted connections, reload, graceful stop.
 * A program describes itself in one struct service_program and calls service_main (service_main.h).
 */
#ifndef SERVICE_SERVICE_SERVER_H
#define SERVICE_SERVICE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/budget.h"
#include "base/error.h"
#include "mailstore/store.h"
#include "netcore/net_addr.h"
#include "netcore/net_loop.h"
#include "netcore/net_stream.h"
#include "netcore/net_tls_context.h"
#include "netcore/net_worker.h"
#include "service/service_generation.h"
#include "service/service_main.h"
#include "service/service_settings.h"
#include "service/service_watch.h"

struct service;

/* One thread of the server. */
struct service_loop {
	struct service *service;
	unsigned index;
	struct net_loop *net;
	struct store_client *store;
	struct service_generation *generation;  /* the current one; replaced in the loop by a reload */
	void *program;                          /* the program's own state of this loop */
	struct service_watches *watches;        /* service_watch's */
	atomic_size_t n_connections;            /* counted by loop 0, which hands them out */
};

struct service_program {
	const char *name;                       /* "smtpd": log area, --help, --version */
	unsigned services;                      /* bits 1u << enum service_kind: the `listen` rows it serves */
	/* In the loop's thread, before the first connection; NULL where nothing is to do.  False refuses to start. */
	bool (*start)(struct service_loop *, struct error *err);
	/* A connection for this loop; fd is the program's.  It must call service_connection_end when it is over.
	 * The row lives as long as the process. */
	void (*accept)(struct service_loop *, int fd, const struct net_addr *peer, const struct service_listen *);
	/* A refused connection (limits): say one line and close; fd is the program's, service_connection_end must not be called.
	 * In loop 0; NULL: it is just closed. */
	void (*refuse)(struct service_loop *, int fd, const struct service_listen *, const char *why);
	/* SIGTERM: answer what is under way, then 421/BYE.  The process ends when all connections and holds are gone, or after 8.5 s. */
	void (*stop)(struct service_loop *);
	/* A new generation is in place; NULL accepted. */
	void (*reload)(struct service_loop *);
	/* In the loop's thread, after its last connection: free what start made; NULL accepted.  Not called when the stop was forced. */
	void (*finish)(struct service_loop *);
};

/* From the loop that had the connection, once. */
void service_connection_end(struct service_loop *, const struct net_addr *peer);
/* Work that a graceful stop waits for (a relay transaction, a pending commit).  Any thread. */
void service_hold(struct service *);
void service_unhold(struct service *);

/* What the loops of a process share; valid while it serves.  The count of loops does not change. */
struct budget *service_budget(struct service *);
struct net_worker *service_worker(struct service *);
size_t service_loop_count(const struct service *);
struct service_loop *service_loop_at(struct service *, size_t index);

/*
 * For service_keeper: be the server, until it stops.  Takes the sockets and the channel over.  Returns the exit code; errors are logged.
 */
struct service_listeners;
int service_server_run(const struct service_program *, const struct service_reading *, struct service_listeners *, int channel);

#endif
