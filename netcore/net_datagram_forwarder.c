#define _GNU_SOURCE
#include "netcore/net_datagram_forwarder.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "netcore/net_limit.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define DATAGRAM_MAX 65536
#define DATAGRAMS_A_TURN 64

struct net_datagram_forwarder {
	struct net_loop *loop;
	struct net_forwarder_settings settings;
	struct net_forwarder_counts counts;
	struct net_watch watch;
	int fd;
	struct net_limit *limit;
	struct map *by_client;          /* association by the octets of its client's and its asked address */
	struct list associations;
	char datagram[DATAGRAM_MAX];
};

/* Which of our addresses was asked, as the kernel gives and takes it. */
#define CONTROL_SIZE CMSG_SPACE(sizeof(struct in6_pktinfo))

struct association {
	struct net_datagram_forwarder *forwarder;
	struct list_node node;
	struct net_addr client;
	_Alignas(struct cmsghdr) char asked[CONTROL_SIZE];
	size_t asked_len;
	int fd;
	struct net_watch watch;
	struct net_timer quiet;
	int64_t moved_ms;
};

static int udp_socket(int family, struct error *err)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		error_set_errno(err, errno, "UDP socket");
	return fd;
}

int net_datagram_forwarder_bind(const struct net_addr *at, struct error *err)
{
	int fd = udp_socket(net_addr_family(at), err), one = 1;
	char text[NET_ADDR_TEXT];

	if (fd < 0)
		return -1;
	if (net_addr_family(at) == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one);
	} else {
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
	}
	if (bind(fd, net_addr_sockaddr(at), at->len) == 0)
		return fd;
	error_set_errno(err, errno, "listen on udp:%s", net_addr_format(at, text));
	net_socket_close(fd);
	return -1;
}

static struct bytes key_of(const struct association *a)
{
	return bytes_of(&a->client.storage, a->client.len);
}

static void association_end(struct association *a)
{
	struct net_datagram_forwarder *f = a->forwarder;

	net_timer_stop(&a->quiet);
	net_watch_stop(&a->watch);
	net_socket_close(a->fd);
	map_remove(f->by_client, key_of(a));
	list_remove(&f->associations, &a->node);
	net_limit_leave(f->limit, &a->client);
	f->counts.finished++;
	net_loop_free_later(f->loop, a);
}

static void on_quiet(void *owner)
{
	struct association *a = owner;
	int64_t left = a->forwarder->settings.forward.idle_ms - (net_loop_now_ms(a->forwarder->loop) - a->moved_ms);

	if (left > 0)
		net_timer_start(&a->quiet, a->forwarder->loop, left, on_quiet, a);
	else
		association_end(a);
}

/* The client gets its answer from the address it had asked. */
static void answer_client(struct association *a, size_t len)
{
	struct iovec part = { a->forwarder->datagram, len };
	struct msghdr message = { .msg_name = &a->client.storage, .msg_namelen = a->client.len, .msg_iov = &part, .msg_iovlen = 1,
	                          .msg_control = a->asked_len > 0 ? a->asked : NULL, .msg_controllen = a->asked_len };

	while (sendmsg(a->forwarder->fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void on_answer(void *owner, unsigned events)
{
	struct association *a = owner;
	struct net_datagram_forwarder *f = a->forwarder;

	(void)events;
	for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
		ssize_t n = recv(a->fd, f->datagram, sizeof f->datagram, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			/* ECONNREFUSED tells of an earlier datagram; the next may find the port open. */
			f->counts.unreachable += errno == ECONNREFUSED;
			continue;
		}
		f->counts.octets[1] += (uint64_t)n;
		a->moved_ms = net_loop_now_ms(f->loop);
		answer_client(a, (size_t)n);
	}
}

static bool is_allowed(const struct net_datagram_forwarder *f, const struct net_addr *client)
{
	for (size_t i = 0; i < f->settings.n_allowed; i++)
		if (net_cidr_contains(&f->settings.allowed[i], client))
			return true;
	return f->settings.n_allowed == 0;
}

static int connect_to_target(const struct net_addr *target)
{
	int fd = udp_socket(net_addr_family(target), NULL);

	if (fd >= 0 && connect(fd, net_addr_sockaddr(target), target->len) == 0)
		return fd;
	net_socket_close(fd);
	return -1;
}

/* NULL: refused, or no descriptor is left. */
static struct association *association_begin(struct net_datagram_forwarder *f, const struct net_addr *client)
{
	if (!is_allowed(f, client) || net_limit_enter(f->limit, client) != NET_LIMIT_OK) {
		f->counts.refused++;
		return NULL;
	}
	struct association *a = xcalloc(1, sizeof *a);
	a->forwarder = f;
	a->client = *client;
	a->fd = connect_to_target(&f->settings.target);
	if (a->fd < 0 || !net_watch_start(&a->watch, f->loop, a->fd, NET_READABLE, on_answer, a, NULL)) {
		net_socket_close(a->fd);
		net_limit_leave(f->limit, client);
		f->counts.refused++;
		free(a);
		return NULL;
	}
	f->counts.accepted++;
	list_append(&f->associations, &a->node);
	map_put(f->by_client, key_of(a), a);
	net_timer_start(&a->quiet, f->loop, f->settings.forward.idle_ms, on_quiet, a);
	return a;
}

/* Keep of what the kernel told only which address was asked; the interface is the routing table's to choose. */
static void remember_asked(struct association *a, struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);

	a->asked_len = 0;
	if (head == NULL || head->cmsg_len > sizeof a->asked)
		return;
	memcpy(a->asked, head, head->cmsg_len);
	if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *info = (struct in_pktinfo *)(void *)CMSG_DATA((struct cmsghdr *)(void *)a->asked);
		info->ipi_spec_dst = info->ipi_addr;
		info->ipi_ifindex = 0;
		a->asked_len = CMSG_SPACE(sizeof *info);
	} else if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO) {
		a->asked_len = CMSG_SPACE(sizeof(struct in6_pktinfo));
	}
}

static void on_datagram(void *owner, unsigned events)
{
	struct net_datagram_forwarder *f = owner;

	(void)events;
	for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
		struct net_addr client = { 0 };
		_Alignas(struct cmsghdr) char control[CONTROL_SIZE];
		struct iovec part = { f->datagram, sizeof f->datagram };
		struct msghdr message = { .msg_name = &client.storage, .msg_namelen = sizeof client.storage, .msg_iov = &part, .msg_iovlen = 1,
		                          .msg_control = control, .msg_controllen = sizeof control };
		ssize_t n = recvmsg(f->fd, &message, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			continue;
		client.len = message.msg_namelen;
		struct association *a = map_get(f->by_client, bytes_of(&client.storage, client.len));
		if (a == NULL && (a = association_begin(f, &client)) == NULL)
			continue;
		remember_asked(a, &message);
		a->moved_ms = net_loop_now_ms(f->loop);
		ssize_t sent = send(a->fd, f->datagram, (size_t)n, MSG_NOSIGNAL);
		if (sent < 0 && errno == ECONNREFUSED) {
			f->counts.unreachable++;
			sent = send(a->fd, f->datagram, (size_t)n, MSG_NOSIGNAL);
		}
		f->counts.octets[0] += sent > 0 ? (uint64_t)sent : 0;
	}
}

struct net_datagram_forwarder *net_datagram_forwarder_create(struct net_loop *loop, int fd, const struct net_forwarder_settings *settings, struct error *err)
{
	struct net_datagram_forwarder *f = xcalloc(1, sizeof *f);

	f->loop = loop;
	f->settings = *settings;
	f->fd = fd;
	if (!net_watch_start(&f->watch, loop, fd, NET_READABLE, on_datagram, f, err)) {
		net_socket_close(fd);
		free(f);
		return NULL;
	}
	f->limit = net_limit_create(settings->total_max, settings->per_address_max, NULL, 0);
	f->by_client = map_create();
	return f;
}

void net_datagram_forwarder_destroy(struct net_datagram_forwarder *f)
{
	if (f == NULL)
		return;
	while (!list_is_empty(&f->associations))
		association_end(LIST_OWNER(f->associations.first, struct association, node));
	net_watch_stop(&f->watch);
	net_socket_close(f->fd);
	map_destroy(f->by_client);
	net_limit_destroy(f->limit);
	net_loop_free_later(f->loop, f);
}

struct net_forwarder_counts net_datagram_forwarder_counts(const struct net_datagram_forwarder *f)
{
	struct net_forwarder_counts counts = f->counts;

	counts.open = f->associations.n;
	return counts;
}
