/* net_announce_state: what the files of the announcer share (net_announce, _reply, _conflict).  Nobody else includes this. */
#ifndef NETCORE_NET_ANNOUNCE_STATE_H
#define NETCORE_NET_ANNOUNCE_STATE_H

#include "netcore/net_announce_records.h"
#include "netcore/net_timer.h"

struct net_announce_link {              /* one interface, while it is there */
	struct net_announce *announce;
	struct net_interface interface;         /* as it was when we last probed */
	uint64_t pending;                       /* items to be multicast when the timer fires */
	struct net_timer timer;
	struct net_addr continues;              /* the querier whose known answers go on in further packets */
	int64_t last_ms[N_ITEMS];               /* when the item was last multicast here; 0: never */
};

struct net_announce {
	struct net_discover *discover;
	struct net_discover_listener listener;
	struct net_announce_set set;
	char wished_instance[NET_DNS_LABEL_MAX + 1], wished_host[NET_DNS_LABEL_MAX + 1];
	unsigned instance_number, host_number, conflicts;
	enum { NET_ANNOUNCE_PROBING, NET_ANNOUNCE_ANNOUNCING, NET_ANNOUNCE_SETTLED } phase;
	unsigned round;                         /* probes or announcements sent */
	bool was_told;
	struct net_timer timer;
	struct net_announce_link *links;
	size_t n_links;
	net_announce_fn *fn;
	void *owner;
};

#define NET_ANNOUNCE_PROBE_MS 250
#define NET_ANNOUNCE_YIELD_MS 1000      /* the loser of a simultaneous probe asks again: RFC 6762 8.2 */

/* net_announce */
void net_announce_probe_again(struct net_announce *, int64_t delay_ms);
/* Somebody has the name: take the next number and begin again. */
void net_announce_rename(struct net_announce *, bool is_host);

/* net_announce_reply */
enum net_announce_manner { NET_ANNOUNCE_MULTICAST, NET_ANNOUNCE_GOODBYE, NET_ANNOUNCE_LEGACY };
uint64_t net_announce_all_items(const struct net_announce_link *);
/* `to` NULL: the groups. */
void net_announce_send(struct net_announce_link *, uint64_t items, const struct net_addr *to, enum net_announce_manner);
void net_announce_send_probe(struct net_announce_link *);
void net_announce_hear_question(struct net_announce_link *, const struct net_discover_packet *);
bool net_announce_is_probe(const struct net_dns_message *);

/* net_announce_conflict */
/* The item that is this very record; N_ITEMS when none is. */
unsigned net_announce_find_item(const struct net_announce_link *, const struct net_dns_record *);
void net_announce_hear_response(struct net_announce_link *, const struct net_discover_packet *);
void net_announce_hear_rival(struct net_announce_link *, const struct net_discover_packet *);

#endif
