/* net_announce_records: the records an announcer has, each with a number ("item"); for net_announce.c only. */
#ifndef NETCORE_NET_ANNOUNCE_RECORDS_H
#define NETCORE_NET_ANNOUNCE_RECORDS_H

#include "netcore/net_announce.h"

/* Items: four a service, then the addresses of the host. */
enum { ITEM_PTR, ITEM_SRV, ITEM_TXT, ITEM_META, ITEMS_OF_SERVICE };
#define ITEM_OF(service, kind) ((service) * ITEMS_OF_SERVICE + (kind))
#define ITEM_A (NET_ANNOUNCE_SERVICES_MAX * ITEMS_OF_SERVICE)
#define ITEM_AAAA (ITEM_A + 1)
#define N_ITEMS (ITEM_A + 2)
#define BIT(item) (UINT64_C(1) << (item))

struct net_announce_set {
	char instance[NET_DNS_LABEL_MAX + 1], host[NET_DNS_LABEL_MAX + 1];
	size_t n;
	struct net_announce_service services[NET_ANNOUNCE_SERVICES_MAX];        /* their texts are in `texts` */
	struct net_dns_name types[NET_ANNOUNCE_SERVICES_MAX], instances[NET_ANNOUNCE_SERVICES_MAX], host_name;
	struct buffer texts[NET_ANNOUNCE_SERVICES_MAX];                         /* the TXT record's data */
};

bool net_announce_set_init(struct net_announce_set *, const struct net_announce_options *, struct error *err);
void net_announce_set_release(struct net_announce_set *);
/* After `instance` or `host` changed. */
void net_announce_set_name(struct net_announce_set *);

/* The items that are told on this interface. */
uint64_t net_announce_items_on(const struct net_announce_set *, const struct net_interface *);
bool net_announce_item_is_shared(unsigned item);
/* Those that a question asks for, and those that help with the answer. */
uint64_t net_announce_items_asked(const struct net_announce_set *, const struct net_dns_question *);
uint64_t net_announce_items_beside(uint64_t asked);

#define NET_ANNOUNCE_RECORDS_MAX NET_INTERFACE_ADDRS
/* The records of one item there (several addresses, else one); SRV data is put into `room`, so use them before the next call.  Returns how many. */
size_t net_announce_item_records(const struct net_announce_set *, unsigned item, const struct net_interface *, struct buffer *room,
                                 struct net_dns_record records[NET_ANNOUNCE_RECORDS_MAX]);

#endif
