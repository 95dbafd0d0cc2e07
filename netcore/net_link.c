#define _GNU_SOURCE
#include "netcore/net_link.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static void take_addr(struct net_addr *a, const struct sockaddr *from)
{
	socklen_t len = from->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	*a = (struct net_addr){ .len = len };
	memcpy(&a->storage, from, len);
	net_addr_set_port(a, 0);
}

static struct sockaddr_in *v4(struct net_addr *a)
{
	return (struct sockaddr_in *)(void *)&a->storage;
}

/* Every host of the subnet, whether or not the interface calls it broadcast: loopback does not, and delivers it all the same. */
static void set_broadcast(struct net_link *i, const struct ifaddrs *entry)
{
	if (entry->ifa_addr->sa_family != AF_INET || entry->ifa_netmask == NULL || !(entry->ifa_flags & (IFF_BROADCAST | IFF_LOOPBACK)))
		return;
	in_addr_t mask = ((const struct sockaddr_in *)(const void *)entry->ifa_netmask)->sin_addr.s_addr;
	if (ntohl(~mask) < 3)                   /* /31 and /32 have no such address */
		return;
	take_addr(&i->broadcast, entry->ifa_addr);
	v4(&i->broadcast)->sin_addr.s_addr |= ~mask;
}

static bool is_of_loopback(const struct ifaddrs *entry, const struct net_addr *ip)
{
	return entry->ifa_flags & IFF_LOOPBACK && net_addr_family(ip) == AF_INET && net_addr_is_loopback(ip);
}

/* Does this address of an interface answer to the text?  ip: the text as an address, len 0 when it is none. */
static bool matches(const struct ifaddrs *entry, const char *text, const struct net_addr *ip)
{
	struct net_addr own;

	if (ip->len == 0)
		return strcmp(entry->ifa_name, text) == 0;
	take_addr(&own, entry->ifa_addr);
	return net_addr_equal(&own, ip) || is_of_loopback(entry, ip);
}

static void fill(struct net_link *i, const struct ifaddrs *entry, const struct net_addr *ip)
{
	*i = (struct net_link){ .index = if_nametoindex(entry->ifa_name), .is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0 };
	bytes_copy_text(bytes_text(entry->ifa_name), i->name, sizeof i->name);
	take_addr(&i->ip, entry->ifa_addr);
	if (ip->len > 0)
		i->ip = *ip;
	set_broadcast(i, entry);
}

bool net_link_find(const char *text, int family, struct net_link *found, struct error *err)
{
	struct net_addr ip = { 0 };
	struct ifaddrs *list, *entry;

	if (net_addr_from_ip(text, 0, &ip) && net_addr_family(&ip) != family)
		return error_set(err, ERROR_SYNTAX, "\"%.40s\" is not an IPv%d address", text, family == AF_INET ? 4 : 6);
	if (getifaddrs(&list) < 0)
		return error_set_errno(err, errno, "list the interfaces");
	for (entry = list; entry; entry = entry->ifa_next)
		if (entry->ifa_addr && entry->ifa_addr->sa_family == family && matches(entry, text, &ip))
			break;
	if (entry)
		fill(found, entry, &ip);
	freeifaddrs(list);
	if (entry)
		return true;
	unsigned index = ip.len == 0 ? if_nametoindex(text) : 0;
	if (index == 0)
		return error_set(err, ERROR_NOT_FOUND, "\"%.40s\" is neither an interface of this host nor an address of one", text);
	*found = (struct net_link){ .index = index };
	return bytes_copy_text(bytes_text(text), found->name, sizeof found->name);
}
