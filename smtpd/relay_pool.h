/*
 * relay_pool: the destinations of one loop: what waits for each, its connections, its back-off.  A dead destination
 * costs one attempt a step and nobody else anything.
 */
#ifndef SMTPD_RELAY_POOL_H
#define SMTPD_RELAY_POOL_H

#include <stdbool.h>

#include "base/list.h"
#include "smtpd/relay_item.h"
#include "smtpd/relay_rest.h"
#include "smtpd/relay_route.h"
#include "smtpd/relay_state.h"
#include "smtp/smtp_client.h"

struct relay_destination {
	struct relay *relay;
	char *key;                      /* relay_route.key */
	struct list waiting;            /* of struct relay_item, due now */
	struct list remotes;            /* of struct relay_remote */
	struct list_node touched;       /* while relay_pool_add runs: something was added */
	size_t n_opening;
	struct relay_rest rest;
	int64_t crowded_until_ms;       /* loop time: it refused one more connection beside those it has */
	char host[256];                 /* of the last attempt */
	int tls_policy;                 /* enum service_peer_tls, of the last attempt */
	bool is_in_clear;               /* opportunistic TLS failed: the next session goes without */
	struct net_tls_context *tls;    /* of the generation below */
	struct service_generation *generation;
};

/*
 * Items this loop holds; the list is emptied.  An urgent one ends its destination's rest; those whose destination rests or has too
 * much to do are parked, those without route fail.
 */
void relay_pool_add(struct relay *, struct list *items);
/* One connection, whether anything waits or not. */
void relay_pool_open(struct relay_destination *);
/* Park what waits but the first `keep`. */
void relay_pool_park(struct relay_destination *, size_t keep);
/* Put waiting items on connections, opening what is missing. */
void relay_pool_dispatch(struct relay_destination *);
/* The results that held everything back are on their way to the store: dispatch all. */
void relay_pool_resume(struct relay *);
/* The session is open: the destination lives. */
void relay_pool_opened(struct relay_destination *);
/* A session could not be opened, or took nothing: rest, and park all that waits. */
void relay_pool_failed(struct relay_destination *, enum smtp_client_stage where, const struct error *why);
/* The client context for this generation's settings; NULL: err says why. */
struct net_tls_context *relay_pool_tls(struct relay_destination *, struct service_generation *, const struct relay_route *, struct error *err);
/* New settings are in force: what was out of reach or refused us may be otherwise now. */
void relay_pool_reload(struct relay *);
/* Forget what waits (the leases die with the process), close what is idle, let the rest finish. */
void relay_pool_stop(struct relay *);
/* No connection is left: free the destinations. */
void relay_pool_release(struct relay *);

#endif
