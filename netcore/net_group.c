#define _GNU_SOURCE
#include "netcore/net_group.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "netcore/net_interface.h"
#include "netcore/net_socket.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static struct sockaddr_in6 *v6(struct net_addr *a)
{
	return (struct sockaddr_in6 *)(void *)&a->storage;
}

static bool set(int fd, int level, int option, const void *value, socklen_t len, const char *what, struct error *err)
{
	return setsockopt(fd, level, option, value, len) == 0 || error_set_errno(err, errno, "%s", what);
}

static bool set_int(int fd, int level, int option, int value, const char *what, struct error *err)
{
	return set(fd, level, option, &value, sizeof value, what, err);
}

static bool is_group(const struct net_addr *a)
{
	if (net_addr_family(a) == AF_INET)
		return IN_MULTICAST(ntohl(((const struct sockaddr_in *)(const void *)&a->storage)->sin_addr.s_addr));
	return net_addr_family(a) == AF_INET6 && IN6_IS_ADDR_MULTICAST(&((const struct sockaddr_in6 *)(const void *)&a->storage)->sin6_addr);
}

static int level_of(const struct net_addr *a)
{
	return net_addr_family(a) == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

/* The interface, and its own address: the one it was given by, or its first of the group's family. */
struct link {
	struct net_interface interface;
	struct net_addr ip;
};

/* Checks group and interface: false with err. */
static bool look_at(const struct net_addr *group, const char *interface, struct link *on, struct error *err)
{
	if (!is_group(group))
		return error_set(err, ERROR_SYNTAX, "not a multicast group (224.0.0.0/4, ff00::/8)");
	return net_interface_find(interface, net_addr_family(group), &on->interface, &on->ip, err);
}

/* As it is joined, bound and sent to: the scope of an IPv6 group is its interface. */
static struct net_addr group_on(const struct net_addr *group, const struct link *on)
{
	struct net_addr a = *group;

	if (net_addr_family(&a) == AF_INET6)
		v6(&a)->sin6_scope_id = on->interface.index;
	return a;
}

static bool membership(int fd, const struct net_addr *group, const char *interface, const struct net_addr *source, bool join, struct error *err)
{
	struct group_source_req one = { 0 };
	struct group_req all = { 0 };
	struct link on = { 0 };

	if (!look_at(group, interface, &on, err))
		return false;
	if (source && net_addr_family(source) != net_addr_family(group))
		return error_set(err, ERROR_SYNTAX, "group and source are of different families");
	struct net_addr at = group_on(group, &on);
	all.gr_interface = one.gsr_interface = on.interface.index;
	all.gr_group = one.gsr_group = at.storage;
	if (source)
		one.gsr_source = source->storage;
	int option = source ? join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP : join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;
	if (setsockopt(fd, level_of(group), option, source ? (void *)&one : (void *)&all, source ? sizeof one : sizeof all) == 0)
		return true;
	int number = errno;
	error_set_errno(err, number, "%s the group on %s", join ? "join" : "leave", interface);
	if (err && (number == EADDRINUSE || (number == EADDRNOTAVAIL && join && source)))
		err->kind = ERROR_EXISTS;
	if (err && number == ENOBUFS)
		err->kind = ERROR_LIMIT;
	return false;
}

bool net_group_join(int fd, const struct net_addr *group, const char *interface, const struct net_addr *source, struct error *err)
{
	return membership(fd, group, interface, source, true, err);
}

bool net_group_leave(int fd, const struct net_addr *group, const char *interface, const struct net_addr *source, struct error *err)
{
	return membership(fd, group, interface, source, false, err);
}

static int group_socket(const struct net_addr *group, struct error *err)
{
	int fd = socket(net_addr_family(group), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		error_set_errno(err, errno, "socket");
	return fd;
}

/* What others on this host have joined is not ours. */
static bool hear_only_ours(int fd, const struct net_addr *group, struct error *err)
{
	if (net_addr_family(group) == AF_INET)
		return set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL", err) && set_int(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO", err);
	return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL", err) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO", err);
}

int net_group_source_receiver(const struct net_addr *group, const char *interface, const struct net_addr *source, struct error *err)
{
	struct link on = { 0 };

	if (!look_at(group, interface, &on, err))
		return -1;
	struct net_addr at = group_on(group, &on);
	int fd = group_socket(group, err);
	if (fd < 0)
		return -1;
	/* Several processes of a host listen to one group: all of them set this before bind. */
	if (!set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR", err))
		;
	else if (bind(fd, net_addr_sockaddr(&at), at.len) < 0)
		error_set_errno(err, errno, "bind to the group");
	else if (hear_only_ours(fd, group, err) && net_group_join(fd, group, interface, source, err))
		return fd;
	net_socket_close(fd);
	return -1;
}

int net_group_receiver(const struct net_addr *group, const char *interface, struct error *err)
{
	return net_group_source_receiver(group, interface, NULL, err);
}

static bool aim(int fd, const struct net_addr *group, const struct link *on, int ttl, struct error *err)
{
	struct ip_mreqn out = { .imr_ifindex = (int)on->interface.index };

	if (net_addr_family(group) == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)on->interface.index, "IPV6_MULTICAST_IF", err) &&
		       set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl, "IPV6_MULTICAST_HOPS", err);
	if (on->ip.len > 0)
		out.imr_address = ((const struct sockaddr_in *)(const void *)&on->ip.storage)->sin_addr;
	return set(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out, "IP_MULTICAST_IF", err) &&
	       set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl, "IP_MULTICAST_TTL", err);
}

int net_group_sender(const struct net_addr *group, const char *interface, int ttl, struct error *err)
{
	struct link on = { 0 };
	struct net_addr given;

	if (!look_at(group, interface, &on, err))
		return -1;
	struct net_addr at = group_on(group, &on);
	int fd = group_socket(group, err);
	if (fd < 0)
		return -1;
	if (net_addr_from_ip(interface, 0, &given) && bind(fd, net_addr_sockaddr(&given), given.len) < 0)
		error_set_errno(err, errno, "bind to interface %s", interface);
	else if (!aim(fd, group, &on, ttl, err))
		;
	else if (connect(fd, net_addr_sockaddr(&at), at.len) < 0)
		error_set_errno(err, errno, "connect to the group");
	else
		return fd;
	net_socket_close(fd);
	return -1;
}

bool net_group_set_loop(int fd, bool on, struct error *err)
{
	struct net_addr local;

	if (!net_socket_local_addr(fd, &local))
		return error_set_errno(err, errno, "the family of a group's socket");
	if (net_addr_family(&local) == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, on, "IPV6_MULTICAST_LOOP", err);
	return set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, on, "IP_MULTICAST_LOOP", err);
}
