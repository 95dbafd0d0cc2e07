#include "netcore/net_interface.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define CALM_MS 100                     /* one change seldom comes alone */
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

/* Returns true at the end of the dump. */
static bool take_reply(struct net_interfaces *all, struct nlmsghdr *reply, size_t left, void (*take)(struct net_interfaces *, const struct nlmsghdr *))
{
	bool done = false;

	for (struct nlmsghdr *h = reply; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_seq != all->sequence)
			continue;
		done = done || h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
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

	if (sendto(all->asks, &request, request.header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return error_set_errno(err, errno, "list the network interfaces");
	struct nlmsghdr *reply = xmalloc(REPLY_MAX);
	while (!done) {
		ssize_t n = recv(all->asks, reply, REPLY_MAX, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			error_set_errno(err, errno, "list the network interfaces");
			break;
		}
		done = take_reply(all, reply, (size_t)n, take);
	}
	free(reply);
	return done;
}

bool net_interfaces_read(struct net_interfaces *all, struct error *err)
{
	all->n = 0;
	return dump(all, RTM_GETLINK, take_link, err) && dump(all, RTM_GETADDR, take_addr, err);
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

/* ---- news ---- */

static void on_calm(void *owner)
{
	struct net_interfaces *all = owner;

	if (net_interfaces_read(all, NULL))
		all->fn(all->owner);
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
