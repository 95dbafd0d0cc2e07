#define _GNU_SOURCE
#include "netcore/net_broadcast.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "netcore/net_interface.h"
#include "netcore/net_socket.h"

static int udp_socket(struct error *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		error_set_errno(err, errno, "socket");
	return fd;
}

static bool find(const char *interface, struct net_interface *on, struct net_addr *ip, struct error *err)
{
	if (!net_interface_find(interface, AF_INET, on, ip, err))
		return false;
	return ip->len > 0 || error_set(err, ERROR_NOT_FOUND, "interface %.40s has no IPv4 address", interface);
}

int net_broadcast_sender(const char *interface, struct error *err)
{
	struct net_interface on;
	struct net_addr ip;
	int one = 1;

	if (!find(interface, &on, &ip, err))
		return -1;
	int fd = udp_socket(err);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one) < 0)
		error_set_errno(err, errno, "SO_BROADCAST");
	else if (bind(fd, net_addr_sockaddr(&ip), ip.len) < 0)
		error_set_errno(err, errno, "bind to interface %s", interface);
	else {
		/* A second bolt on the same door; old kernels keep it for root. */
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, on.name, (socklen_t)strlen(on.name));
		return fd;
	}
	net_socket_close(fd);
	return -1;
}

bool net_broadcast_everybody(const char *interface, bool directed, int port, struct net_addr *to, struct error *err)
{
	struct net_interface on;
	struct net_addr ip;

	if (!find(interface, &on, &ip, err))
		return false;
	if (!directed)
		return net_addr_from_ip("255.255.255.255", port, to);
	if (!net_interface_broadcast(&on, &ip, to))
		return error_set(err, ERROR_NOT_FOUND, "interface %.40s has no broadcast address", interface);
	net_addr_set_port(to, port);
	return true;
}

int net_broadcast_receiver(int port, struct error *err)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int one = 1, fd = udp_socket(err);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 && setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) == 0 &&
	    bind(fd, (const struct sockaddr *)&any, sizeof any) == 0)
		return fd;
	error_set_errno(err, errno, "receive on udp port %d", port);
	net_socket_close(fd);
	return -1;
}
