/* relay_state: what the relay keeps in each loop. */
#ifndef SMTPD_RELAY_STATE_H
#define SMTPD_RELAY_STATE_H

#include <stdbool.h>

#include "base/list.h"
#include "base/map.h"
#include "netcore/net_timer.h"
#include "service/service_server.h"

#define RELAY_LEASE_S   900             /* of claimed and renewed rows: longer than the wait for a final dot */
#define RELAY_HELD_MAX  10000           /* recipients in memory, all loops together; more stays in the store */
#define RELAY_UNSTORED_MAX 64           /* results that wait for the next commit: no message goes out beyond */

struct relay {
	struct service_loop *loop;
	struct map *items;              /* item_id → struct relay_item: all that this loop holds */
	struct map *destinations;       /* key → struct relay_destination */
	struct list settled;            /* of struct relay_item: results that go with the next commit */
	size_t n_commits;               /* of results, under way */
	bool is_behind;                 /* something was not sent since too many results wait */
	struct net_timer renew_timer;
	bool is_stopping;
	/* loop 0 only */
	struct service_watch watch;
	struct net_timer claim_timer;
	int64_t claim_at_ms;            /* when the timer is due */
	int64_t claimed_at_ms;          /* when the last claim began */
	bool is_claiming, claim_again;
};

#endif
