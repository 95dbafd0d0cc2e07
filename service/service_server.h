/*
 * service_server: the life of a daemon's server process: loops, store, accepted connections, reload, graceful stop.
 * A program describes itself in one struct service_program and calls service_main.
 */
#ifndef SERVICE_SERVICE_SERVER_H
#define SERVICE_SERVICE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/budget.h"
#include "base/error.h"
#include "base/list.h"
#include "mailstore/store.h"
#include "netcore/net_addr.h"
#include "netcore/net_loop.h"
#include "netcore/net_stream.h"
#include "netcore/net_tls_context.h"
#include "netcore/net_worker.h"
#include "service/service_settings.h"

struct service;

/* Settings and certificate of one reading; immutable.  Sessions keep the one they began with. */
struct service_generation {
	struct service_settings settings;
	struct net_tls_context *tls;            /* NULL: no certificate, no STARTTLS */
	/* Secrets and trust that were opened by the keeper, in the order of settings.peers, the smarthost last. */
	struct service_peer_files { const char *ca_pem; size_t ca_len; const char *password; } *peer_files;
	struct arena arena;
	int references;                         /* atomic: use the two calls */
};
struct service_generation *service_generation_ref(struct service_generation *);
void service_generation_unref(struct service_generation *);

/* One thread of the server. */
struct service_loop {
	struct service *service;
	unsigned index;
	struct net_loop *net;
	struct store_client *store;
	struct service_generation *generation;  /* the current one; replaced in the loop by a reload */
	void *program;                          /* the program's own state of this loop */
	size_t n_connections;
};

struct service_program {
	const char *name;                       /* "smtpd": log area, NOTIFY status, --help */
	unsigned services;                      /* bits 1u << enum service_kind: the `listen` rows it serves */
	/* In the loop's thread, before the first connection; NULL where nothing is to do.  False refuses to start. */
	bool (*start)(struct service_loop *, struct error *err);
	/* A connection for this loop; fd is the program's.  It must call service_connection_end when it is over. */
	void (*accept)(struct service_loop *, int fd, const struct net_addr *peer, const struct service_listen *);
	/* A refused connection (limits): say one line and close; fd is the program's, service_connection_end must not be called. */
	void (*refuse)(struct service_loop *, int fd, const struct service_listen *, const char *why);
	/* SIGTERM: answer what is under way, then 421/BYE.  The process ends when all connections and holds are gone, or after 9 s. */
	void (*stop)(struct service_loop *);
	/* A new generation is in place; NULL accepted. */
	void (*reload)(struct service_loop *);
};

/* main() of a daemon: options (-c FILE, -t, -h, -V), keeper, server.  Returns the exit code (sysexits.h). */
int service_main(const struct service_program *, int argc, char **argv);

void service_connection_end(struct service_loop *, const struct net_addr *peer);
/* Work that a graceful stop waits for (a relay transaction, a pending commit).  Any thread. */
void service_hold(struct service *);
void service_unhold(struct service *);
bool service_is_stopping(const struct service *);

struct budget *service_budget(struct service *);
struct net_worker *service_worker(struct service *);
struct store *service_store(struct service *);
size_t service_loop_count(const struct service *);
struct service_loop *service_loop_at(struct service *, size_t index);

/*
 * Waiting for changes of a mailbox (0 = the queue) made by any session or process.  fn runs in the loop, modseq 0 when only
 * "perhaps" is known (the 1 s poll under the hints).  Embed; zero-initialise.  fn may stop the watch.
 */
typedef void service_watch_fn(void *owner, uint64_t modseq);
struct service_watch {
	struct list_node node;
	struct service_loop *loop;              /* NULL while not watching */
	int64_t mailbox_id;
	service_watch_fn *fn;
	void *owner;
};
void service_watch_start(struct service_watch *, struct service_loop *, int64_t mailbox_id, service_watch_fn *fn, void *owner);
void service_watch_stop(struct service_watch *);

#endif
