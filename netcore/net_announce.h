/*
 * net_announce: says on the local network which services are here.  RFC 6762 6, 8, 9, 10; RFC 6763 4 to 7, 9.
 * Names are asked for three times, 250 ms apart, before they are used; who has one already keeps it, and we become "name (2)".
 */
#ifndef NETCORE_NET_ANNOUNCE_H
#define NETCORE_NET_ANNOUNCE_H

#include "netcore/net_discover.h"

#define NET_ANNOUNCE_SERVICES_MAX 8

struct net_announce_service {
	const char *type;               /* "_imap._tcp" */
	int port;
	struct net_addr bound;          /* where it listens: told only on interfaces that have this address; len 0 or the wildcard: on all */
	const char *const *texts;       /* "key=value", at most 255 octets each, NULL-terminated; NULL: none */
};

struct net_announce_options {
	const char *instance;           /* what people see: UTF-8, at most 63 octets, dots and spaces as they are */
	const char *host;               /* one label: the services are at HOST.local */
	const struct net_announce_service *services;
	size_t n_services;
};

struct net_announce;
/* The names are ours, these: once after the first probing, and again whenever another one had to be taken. */
typedef void net_announce_fn(void *owner, const char *instance, const char *host);

/* Everything is copied; the net_discover must outlive it.  NULL: err names what is too long or too many. */
struct net_announce *net_announce_start(struct net_discover *, const struct net_announce_options *, net_announce_fn *, void *owner, struct error *err);
/* Says goodbye for the services (other programs of this host may use its name still) and frees.  NULL is ignored. */
void net_announce_stop(struct net_announce *);

#endif
