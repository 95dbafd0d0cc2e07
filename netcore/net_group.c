#include "netcore/net_group.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "netcore/net_socket.h"

static bool set(int fd, int option, const void *value, socklen_t len, const char *name, struct error *err)
{
	return setsockopt(fd, IPPROTO_IP, option, value, len) == 0 || error_set_errno(err, errno, "%s", name);
}

static bool set_int(int fd, int option, int value, const char *name, struct error *err)
{
	return set(fd, option, &value, sizeof value, name, err);
}

/* Checks both addresses; returns a new datagram socket or -1. */
static int group_socket(const struct net_addr *group, const char *interface_ip, struct in_addr *interface, struct error *err)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&group->storage;

	if (net_addr_family(group) != AF_INET || !IN_MULTICAST(ntohl(in->sin_addr.s_addr))) {
		error_set(err, ERROR_SYNTAX, "not an IPv4 multicast group");
		return -1;
	}
	if (inet_pton(AF_INET, interface_ip, interface) != 1) {
		error_set(err, ERROR_SYNTAX, "\"%.40s\" is not an interface's IPv4 address", interface_ip);
		return -1;
	}
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		error_set_errno(err, errno, "socket");
	return fd;
}

int net_group_receiver(const struct net_addr *group, const char *interface_ip, struct error *err)
{
	struct ip_mreq join;
	int one = 1, fd = group_socket(group, interface_ip, &join.imr_interface, err);

	if (fd < 0)
		return -1;
	join.imr_multiaddr = ((const struct sockaddr_in *)(const void *)&group->storage)->sin_addr;
	/* Several processes of a host listen to one group: all of them set this before bind. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, net_addr_sockaddr(group), group->len) < 0)
		error_set_errno(err, errno, "bind to the group");
	else if (set_int(fd, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL", err) &&
	         set(fd, IP_ADD_MEMBERSHIP, &join, sizeof join, "join the group", err))
		return fd;
	net_socket_close(fd);
	return -1;
}

int net_group_sender(const struct net_addr *group, const char *interface_ip, int ttl, struct error *err)
{
	struct in_addr interface;
	int fd = group_socket(group, interface_ip, &interface, err);
	struct net_addr from;

	if (fd < 0)
		return -1;
	if (!net_addr_from_ip(interface_ip, 0, &from) || bind(fd, net_addr_sockaddr(&from), from.len) < 0)
		error_set_errno(err, errno, "bind to interface %s", interface_ip);
	else if (!set(fd, IP_MULTICAST_IF, &interface, sizeof interface, "IP_MULTICAST_IF", err) ||
	         !set_int(fd, IP_MULTICAST_TTL, ttl, "IP_MULTICAST_TTL", err))
		;
	else if (connect(fd, net_addr_sockaddr(group), group->len) < 0)
		error_set_errno(err, errno, "connect to the group");
	else
		return fd;
	net_socket_close(fd);
	return -1;
}
