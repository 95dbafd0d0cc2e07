#include "netcore/net_interface.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define CALM_MS 100                     /* one change seldom comes alone */
#define RETRY_MS 1000                   /* after the list could not be read */
#define REPLY_MAX 32768                 /* what the kernel puts into one datagram of a dump */

struct net_interfaces {
	int asks, hears;                /* two sockets: news never stands between a question and its answer */
	unsigned sequence;
	struct net_interface list[NET_INTERFACES_MAX];
	size_t n;
	struct net_watch watch;
	struct net_timer calm;
	struct net_loop *loop;
	net_loop_fn *fn;
	void *owner;
};

static int open_socket(unsigned groups, struct error *err)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	error_set_errno(err, errno, "list the network interfaces");
	net_socket_close(fd);
	return -1;
}

struct net_interfaces *net_interfaces_open(struct error *err)
{
	struct net_interfaces *all = xcalloc(1, sizeof *all);

	all->hears = -1;
	all->asks = open_socket(0, err);
	if (all->asks >= 0)
		all->hears = open_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, err);
	if (all->hears >= 0 && net_interfaces_read(all, err))
		return all;
	net_interfaces_close(all);
	return NULL;
}

void net_interfaces_close(struct net_interfaces *all)
{
	if (all == NULL)
		return;
	net_timer_stop(&all->calm);
	net_watch_stop(&all->watch);
	net_socket_close(all->asks);
	net_socket_close(all->hears);
	free(all);
}

/* ---- reading ---- */

static struct net_interface *find(struct net_interfaces *all, unsigned index)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].index == index)
			return &all->list[i];
	return NULL;
}

static void take_link(struct net_interfaces *all, const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	int left = (int)IFLA_PAYLOAD(h);

	if (all->n == NET_INTERFACES_MAX || find(all, (unsigned)info->ifi_index) != NULL)
		return;
	struct net_interface *i = &all->list[all->n++];
	*i = (struct net_interface){
		.index = (unsigned)info->ifi_index, .is_up = (info->ifi_flags & IFF_UP) != 0,
		.is_loopback = (info->ifi_flags & IFF_LOOPBACK) != 0, .has_multicast = (info->ifi_flags & IFF_MULTICAST) != 0,
		.has_broadcast = (info->ifi_flags & IFF_BROADCAST) != 0,
	};
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_IFNAME)
			bytes_copy_text(bytes_of(RTA_DATA(a), strnlen(RTA_DATA(a), RTA_PAYLOAD(a))), i->name, sizeof i->name);
}

static void set_addr(struct net_interface_addr *at, const struct ifaddrmsg *info, const void *octets)
{
	at->bits = info->ifa_prefixlen;
	if (info->ifa_family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET };
		memcpy(&in.sin_addr, octets, sizeof in.sin_addr);
		memcpy(&at->addr.storage, &in, at->addr.len = sizeof in);
	} else {
		struct sockaddr_in6 in = { .sin6_family = AF_INET6 };
		memcpy(&in.sin6_addr, octets, sizeof in.sin6_addr);
		if (IN6_IS_ADDR_LINKLOCAL(&in.sin6_addr))
			in.sin6_scope_id = info->ifa_index;
		memcpy(&at->addr.storage, &in, at->addr.len = sizeof in);
	}
}

static void take_addr(struct net_interfaces *all, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *info = NLMSG_DATA(h);
	struct net_interface *i = find(all, info->ifa_index);
	size_t size = info->ifa_family == AF_INET ? 4 : 16;
	int left = (int)IFA_PAYLOAD(h);
	const void *local = NULL, *address = NULL;

	if (i == NULL || i->n_addrs == NET_INTERFACE_ADDRS || (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return;
	for (const struct rtattr *a = IFA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (RTA_PAYLOAD(a) < size)
			continue;
		if (a->rta_type == IFA_LOCAL)
			local = RTA_DATA(a);
		if (a->rta_type == IFA_ADDRESS)
			address = RTA_DATA(a);
	}
	/* on a line between two hosts "address" is the other end, and "local" ours */
	if (local != NULL || address != NULL)
		set_addr(&i->addrs[i->n_addrs++], info, local != NULL ? local : address);
}

/* Returns true at the end of the dump; *number: the kernel's own failure. */
static bool take_reply(struct net_interfaces *all, struct nlmsghdr *reply, size_t left, void (*take)(struct net_interfaces *, const struct nlmsghdr *),
                       int *number)
{
	bool done = false;

	for (struct nlmsghdr *h = reply; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_seq != all->sequence)
			continue;
		done = done || h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
		if (h->nlmsg_type == NLMSG_ERROR)
			*number = -((const struct nlmsgerr *)NLMSG_DATA(h))->error;
		if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_NEWADDR)
			take(all, h);
	}
	return done;
}

/* The kernel's answer is there as soon as it was asked: no wait, and none needed. */
static bool dump(struct net_interfaces *all, int type, void (*take)(struct net_interfaces *, const struct nlmsghdr *), struct error *err)
{
	struct { struct nlmsghdr header; struct rtgenmsg what; } request = {
		{ .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)), .nlmsg_type = (uint16_t)type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		  .nlmsg_seq = ++all->sequence }, { AF_UNSPEC },
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	bool done = false;
	int number = 0;

	if (sendto(all->asks, &request, request.header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return error_set_errno(err, errno, "list the network interfaces");
	struct nlmsghdr *reply = xmalloc(REPLY_MAX);
	while (!done && number == 0) {
		ssize_t n = recv(all->asks, reply, REPLY_MAX, MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			number = errno;
		else if (n == 0 || n > REPLY_MAX)
			number = EMSGSIZE;
		else
			done = take_reply(all, reply, (size_t)n, take, &number);
	}
	free(reply);
	return number == 0 || error_set_errno(err, number, "list the network interfaces");
}

bool net_interfaces_read(struct net_interfaces *all, struct error *err)
{
	size_t n = all->n;
	struct net_interface *before = xmemdup(all->list, n * sizeof *before);

	all->n = 0;
	bool ok = dump(all, RTM_GETLINK, take_link, err) && dump(all, RTM_GETADDR, take_addr, err);
	if (!ok) {
		memcpy(all->list, before, n * sizeof *before);
		all->n = n;
	}
	free(before);
	return ok;
}

/* ---- looking ---- */

const struct net_interface *net_interfaces_list(const struct net_interfaces *all, size_t *n)
{
	*n = all->n;
	return all->list;
}

const struct net_interface *net_interfaces_by_index(const struct net_interfaces *all, unsigned index)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].index == index)
			return &all->list[i];
	return NULL;
}

const struct net_interface *net_interfaces_by_name(const struct net_interfaces *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->list[i].name, name) == 0)
			return &all->list[i];
	return NULL;
}

static bool octets_of(const struct net_addr *a, struct net_cidr *block)
{
	const void *at = &a->storage;

	*block = (struct net_cidr){ .family = net_addr_family(a) };
	if (block->family == AF_INET)
		memcpy(block->octets, &((const struct sockaddr_in *)at)->sin_addr, 4);
	else if (block->family == AF_INET6)
		memcpy(block->octets, &((const struct sockaddr_in6 *)at)->sin6_addr, 16);
	return block->family == AF_INET || block->family == AF_INET6;
}

bool net_interface_is_near(const struct net_interface *i, const struct net_addr *addr)
{
	struct net_cidr block;

	for (size_t at = 0; at < i->n_addrs; at++) {
		block.bits = 0;
		if (!octets_of(&i->addrs[at].addr, &block))
			continue;
		block.bits = i->addrs[at].bits;
		if (net_cidr_contains(&block, addr))
			return true;
	}
	return false;
}

bool net_interface_has(const struct net_interface *i, const struct net_addr *addr)
{
	struct net_cidr ours, theirs;

	for (size_t at = 0; at < i->n_addrs && octets_of(addr, &theirs); at++)
		if (octets_of(&i->addrs[at].addr, &ours) && ours.family == theirs.family && memcmp(ours.octets, theirs.octets, sizeof ours.octets) == 0)
			return true;
	return false;
}

bool net_interface_has_family(const struct net_interface *i, int family)
{
	for (size_t at = 0; at < i->n_addrs; at++)
		if (net_addr_family(&i->addrs[at].addr) == family)
			return true;
	return false;
}

/* Does the interface hold it?  Any address of 127.0.0.0/8 is loopback's. */
static bool answers_to(const struct net_interface *i, const struct net_addr *ip)
{
	for (size_t at = 0; at < i->n_addrs; at++)
		if (net_addr_equal(&i->addrs[at].addr, ip))
			return true;
	return i->is_loopback && net_addr_family(ip) == AF_INET && net_addr_is_loopback(ip);
}

static struct net_addr first_of(const struct net_interface *i, int family)
{
	for (size_t at = 0; at < i->n_addrs; at++)
		if (net_addr_family(&i->addrs[at].addr) == family)
			return i->addrs[at].addr;
	return (struct net_addr){ 0 };
}

bool net_interface_find(const char *text, int family, struct net_interface *found, struct net_addr *ip, struct error *err)
{
	bool by_ip = net_addr_from_ip(text, 0, ip), is_found = false;

	if (by_ip && net_addr_family(ip) != family)
		return error_set(err, ERROR_SYNTAX, "\"%.40s\" is not an IPv%d address", text, family == AF_INET ? 4 : 6);
	struct net_interfaces *all = net_interfaces_open(err);
	if (all == NULL)
		return false;
	for (size_t i = 0; i < all->n && !is_found; i++)
		if ((is_found = by_ip ? answers_to(&all->list[i], ip) : strcmp(all->list[i].name, text) == 0))
			*found = all->list[i];
	net_interfaces_close(all);
	if (is_found && !by_ip)
		*ip = first_of(found, family);
	return is_found || error_set(err, ERROR_NOT_FOUND, "\"%.40s\" is neither an interface of this host nor an address of one", text);
}

/* Whether or not the interface calls itself one for broadcasts: loopback does not, and delivers them all the same. */
bool net_interface_broadcast(const struct net_interface *i, const struct net_addr *ip, struct net_addr *to)
{
	struct net_cidr block;
	struct sockaddr_in in;

	if (net_addr_family(ip) != AF_INET || !(i->has_broadcast || i->is_loopback))
		return false;
	for (size_t at = 0; at < i->n_addrs; at++) {
		if (!octets_of(&i->addrs[at].addr, &block) || block.family != AF_INET || i->addrs[at].bits > 30)
			continue;               /* /31 and /32 have no such address */
		block.bits = i->addrs[at].bits;
		if (!net_cidr_contains(&block, ip))
			continue;
		*to = *ip;
		memcpy(&in, &to->storage, sizeof in);
		in.sin_addr.s_addr |= htonl(UINT32_MAX >> block.bits);
		memcpy(&to->storage, &in, sizeof in);
		return true;
	}
	return false;
}

/* ---- news ---- */

static void on_calm(void *owner)
{
	struct net_interfaces *all = owner;
	struct error why = { 0 };

	if (net_interfaces_read(all, &why)) {
		all->fn(all->owner);
		return;
	}
	log_warning("net", "interfaces-unread", "why=%s", why.text);
	net_timer_start(&all->calm, all->loop, RETRY_MS, on_calm, all);
}

static void on_news(void *owner, unsigned events)
{
	struct net_interfaces *all = owner;
	char octets[4096];

	(void)events;
	/* what changed is in the list; that something did is enough.  ENOBUFS: so much that it did not fit */
	while (recv(all->hears, octets, sizeof octets, MSG_TRUNC) > 0 || errno == ENOBUFS)
		;
	net_timer_start(&all->calm, all->loop, CALM_MS, on_calm, all);
}

bool net_interfaces_watch(struct net_interfaces *all, struct net_loop *loop, net_loop_fn *fn, void *owner, struct error *err)
{
	all->loop = loop;
	all->fn = fn;
	all->owner = owner;
	return net_watch_start(&all->watch, loop, all->hears, NET_READABLE, on_news, all, err);
}
