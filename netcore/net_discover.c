#define _GNU_SOURCE                     /* struct in6_pktinfo */
#include "netcore/net_discover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_socket.h"

#define GROUP_V4 "224.0.0.251"
#define GROUP_V6 "ff02::fb"
#define HOPS 255                        /* RFC 6762 11 */
#define RECEIVE_MAX 9000                /* RFC 6762 17 */
#define BATCH 64                        /* datagrams a pass */

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

struct net_discover {
	struct net_loop *loop;
	struct net_interfaces *interfaces;
	char only[NET_INTERFACE_NAME];          /* empty: all */
	int port, fds[2];                       /* IPv4, IPv6; -1: not here */
	struct net_watch watches[2];
	struct list listeners;
};

static bool set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* Other responders of this host are on the same port: everybody says so before bind. */
static bool set_up(int fd, int family, int port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	if (!set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) || !set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return false;
	if (family == AF_INET)
		return set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) && set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, HOPS) && set_int(fd, IPPROTO_IP, IP_TTL, HOPS) &&
		       set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) && bind(fd, (struct sockaddr *)&v4, sizeof v4) == 0;
	return set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS) && set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS) &&
	       (set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) || true) && bind(fd, (struct sockaddr *)&v6, sizeof v6) == 0;
}

static int open_socket(int family, int port, struct error *err)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && set_up(fd, family, port))
		return fd;
	error_set_errno(err, errno, "multicast DNS on port %d", port);
	net_socket_close(fd);
	return -1;
}

struct net_discover *net_discover_open(const struct net_discover_options *options, struct error *err)
{
	struct net_discover *d = xcalloc(1, sizeof *d);
	struct error no_ipv6 = { 0 };

	d->port = options->port != 0 ? options->port : NET_DISCOVER_PORT;
	d->fds[0] = d->fds[1] = -1;
	d->interfaces = net_interfaces_open(err);
	if (d->interfaces != NULL && options->interface != NULL) {
		const struct net_interface *only = net_interfaces_by_name(d->interfaces, options->interface);
		if (only == NULL || !bytes_copy_text(bytes_text(options->interface), d->only, sizeof d->only)) {
			error_set(err, ERROR_NOT_FOUND, "there is no interface \"%.40s\"", options->interface);
			net_discover_close(d);
			return NULL;
		}
	}
	if (d->interfaces != NULL)
		d->fds[0] = open_socket(AF_INET, d->port, err);
	if (d->fds[0] >= 0) {
		d->fds[1] = open_socket(AF_INET6, d->port, &no_ipv6);
		if (d->fds[1] < 0 && no_ipv6.sys_errno != EAFNOSUPPORT)
			log_warning("discover", "only-ipv4", "why=%s", no_ipv6.text);
		return d;
	}
	net_discover_close(d);
	return NULL;
}

void net_discover_close(struct net_discover *d)
{
	if (d == NULL)
		return;
	for (unsigned i = 0; i < 2; i++) {
		net_watch_stop(&d->watches[i]);
		net_socket_close(d->fds[i]);
	}
	net_interfaces_close(d->interfaces);
	free(d);
}

/* ---- interfaces ---- */

static bool is_ours(const struct net_discover *d, const struct net_interface *i)
{
	if (d->only[0] != '\0')
		return strcmp(d->only, i->name) == 0 && i->is_up;
	return i->is_up && i->has_multicast && !i->is_loopback && i->n_addrs > 0;
}

size_t net_discover_interfaces(const struct net_discover *d, const struct net_interface *at[NET_INTERFACES_MAX])
{
	size_t n_all, n = 0;
	const struct net_interface *all = net_interfaces_list(d->interfaces, &n_all);

	for (size_t i = 0; i < n_all; i++)
		if (is_ours(d, &all[i]))
			at[n++] = &all[i];
	return n;
}

bool net_discover_is_own(const struct net_discover *d, const struct net_addr *addr)
{
	size_t n;
	const struct net_interface *all = net_interfaces_list(d->interfaces, &n);

	for (size_t i = 0; i < n; i++)
		if (net_interface_has(&all[i], addr))
			return true;
	return false;
}

struct net_loop *net_discover_loop(const struct net_discover *d)
{
	return d->loop;
}

/* Leaving first makes it a new membership: an interface that was down and is up again has forgotten the old one. */
static void join(struct net_discover *d, const struct net_interface *i)
{
	struct ip_mreqn v4 = { .imr_ifindex = (int)i->index };
	struct ipv6_mreq v6 = { .ipv6mr_interface = i->index };

	inet_pton(AF_INET, GROUP_V4, &v4.imr_multiaddr);
	inet_pton(AF_INET6, GROUP_V6, &v6.ipv6mr_multiaddr);
	setsockopt(d->fds[0], IPPROTO_IP, IP_DROP_MEMBERSHIP, &v4, sizeof v4);
	if (setsockopt(d->fds[0], IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof v4) < 0 && net_interface_has_family(i, AF_INET))
		log_warning("discover", "not-joined", "interface=%s family=ipv4 errno=%d", i->name, errno);
	if (d->fds[1] < 0)
		return;
	setsockopt(d->fds[1], IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &v6, sizeof v6);
	if (setsockopt(d->fds[1], IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &v6, sizeof v6) < 0 && net_interface_has_family(i, AF_INET6))
		log_warning("discover", "not-joined", "interface=%s family=ipv6 errno=%d", i->name, errno);
}

static void join_all(struct net_discover *d)
{
	const struct net_interface *at[NET_INTERFACES_MAX];
	size_t n = net_discover_interfaces(d, at);

	for (size_t i = 0; i < n; i++)
		join(d, at[i]);
}

static void on_change(void *owner)
{
	struct net_discover *d = owner;

	join_all(d);
	for (struct list_node *node = d->listeners.first, *next; node != NULL; node = next) {
		struct net_discover_listener *l = LIST_OWNER(node, struct net_discover_listener, node);
		next = node->next;
		if (l->changed != NULL)
			l->changed(l->owner);
	}
}

/* ---- hearing ---- */

void net_discover_listen(struct net_discover *d, struct net_discover_listener *l)
{
	list_append(&d->listeners, &l->node);
}

void net_discover_leave(struct net_discover *d, struct net_discover_listener *l)
{
	list_remove(&d->listeners, &l->node);
}

void net_discover_take(struct net_discover *d, struct bytes octets, const struct net_addr *from, unsigned interface)
{
	struct net_dns_message m;

	if (net_dns_message_parse(octets, &m) != NET_DNS_OK)
		return;
	struct net_discover_packet packet = { &m, from, interface, net_addr_port(from) != d->port };
	/* opcode and code are 0 in all of multicast DNS; a response from another port is somebody's trick: RFC 6762 6, 18 */
	bool is_good = (m.flags & NET_DNS_OPCODE) == 0 && m.rcode == 0 && !((m.flags & NET_DNS_RESPONSE) && packet.is_legacy);
	for (struct list_node *node = is_good ? d->listeners.first : NULL, *next; node != NULL; node = next) {
		struct net_discover_listener *l = LIST_OWNER(node, struct net_discover_listener, node);
		next = node->next;
		l->heard(l->owner, &packet);
	}
	net_dns_message_release(&m);
}

static unsigned interface_of(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof v4);
			return (unsigned)v4.ipi_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof v6);
			return v6.ipi6_ifindex;
		}
	}
	return 0;
}

/* Only neighbours are heard: the groups end at the link, and a unicast question from elsewhere gets nothing. */
static bool is_neighbour(const struct net_discover *d, unsigned index, const struct net_addr *from)
{
	const struct net_interface *i = net_interfaces_by_index(d->interfaces, index);

	return i != NULL && is_ours(d, i) && net_interface_is_near(i, from);
}

static void hear(struct net_discover *d, int fd)
{
	char octets[RECEIVE_MAX];
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))]; } control;

	for (unsigned i = 0; i < BATCH; i++) {
		struct net_addr from = { 0 };
		struct iovec part = { octets, sizeof octets };
		struct msghdr message = {
			.msg_name = &from.storage, .msg_namelen = sizeof from.storage, .msg_iov = &part, .msg_iovlen = 1,
			.msg_control = control.room, .msg_controllen = sizeof control.room,
		};
		ssize_t n = recvmsg(fd, &message, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		from.len = message.msg_namelen;
		unsigned interface = interface_of(&message);
		if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && is_neighbour(d, interface, &from))
			net_discover_take(d, bytes_of(octets, (size_t)n), &from, interface);
	}
}

static void on_v4(void *owner, unsigned events)
{
	struct net_discover *d = owner;

	(void)events;
	hear(d, d->fds[0]);
}

static void on_v6(void *owner, unsigned events)
{
	struct net_discover *d = owner;

	(void)events;
	hear(d, d->fds[1]);
}

bool net_discover_start(struct net_discover *d, struct net_loop *loop, struct error *err)
{
	d->loop = loop;
	join_all(d);
	if (!net_watch_start(&d->watches[0], loop, d->fds[0], NET_READABLE, on_v4, d, err) ||
	    (d->fds[1] >= 0 && !net_watch_start(&d->watches[1], loop, d->fds[1], NET_READABLE, on_v6, d, err)))
		return false;
	return net_interfaces_watch(d->interfaces, loop, on_change, d, err);
}

/* ---- sending ---- */

void net_discover_send_to(struct net_discover *d, unsigned interface, const struct net_addr *to, struct bytes octets)
{
	bool is_v6 = net_addr_family(to) == AF_INET6;
	struct in_pktinfo v4 = { .ipi_ifindex = (int)interface };
	struct in6_pktinfo v6 = { .ipi6_ifindex = interface };
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(struct in6_pktinfo))]; } control = { 0 };
	struct iovec part = { (void *)(uintptr_t)octets.at, octets.len };
	struct msghdr message = {
		.msg_name = (void *)(uintptr_t)&to->storage, .msg_namelen = to->len, .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.room, .msg_controllen = is_v6 ? CMSG_SPACE(sizeof v6) : CMSG_SPACE(sizeof v4),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	const struct net_interface *i = net_interfaces_by_index(d->interfaces, interface);

	/* on loopback the kernel would choose another interface's address, which no neighbour believes */
	for (size_t at = i != NULL ? i->n_addrs : 0; at-- > 0;)
		if (net_addr_family(&i->addrs[at].addr) == AF_INET)
			v4.ipi_spec_dst = ((const struct sockaddr_in *)(const void *)&i->addrs[at].addr.storage)->sin_addr;
	c->cmsg_level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = is_v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = is_v6 ? CMSG_LEN(sizeof v6) : CMSG_LEN(sizeof v4);
	memcpy(CMSG_DATA(c), is_v6 ? (void *)&v6 : (void *)&v4, is_v6 ? sizeof v6 : sizeof v4);
	if (d->fds[is_v6] >= 0)
		(void)!sendmsg(d->fds[is_v6], &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void net_discover_send(struct net_discover *d, unsigned interface, struct bytes octets)
{
	struct net_addr group;

	if (net_addr_from_ip(GROUP_V4, d->port, &group))
		net_discover_send_to(d, interface, &group, octets);
	if (net_addr_from_ip(GROUP_V6, d->port, &group))
		net_discover_send_to(d, interface, &group, octets);
}
