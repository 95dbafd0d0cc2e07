/* nettool bench: one stream and its round trips, direct, through a forwarder, through a tunnel. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_forwarder.h"
#include "netcore/net_listener.h"
#include "netcore/net_socket.h"
#include "netcore/net_tls_pin.h"
#include "netcore/net_tunnel_client.h"
#include "nettool/nettool_bench.h"

#define CHUNK (256 * 1024)
#define TRIP_OCTETS 64
#define STREAM 's'                      /* the first octet says what is wanted: swallow and count … */
#define TRIPS 't'                       /* … or give back */

/* What the parent made before the children: each owns a listening socket. */
struct paths {
	int listeners[4];               /* sink, forwarder, tunnel's near and far side */
	struct net_addr at[4];
	char *keys[2];                  /* near, far */
	struct net_tls_pin pins[2];
};

enum { SINK, FORWARD, NEAR, FAR };

/* ---- children ---- */

static void set_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static bool send_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void serve_one(int fd, char *chunk)
{
	uint64_t total = 0;
	char kind = 0;
	ssize_t n;

	if (recv(fd, &kind, 1, 0) != 1)
		return;
	while ((n = recv(fd, chunk, CHUNK, 0)) > 0) {
		total += (uint64_t)n;
		if (kind == TRIPS && !send_all(fd, chunk, (size_t)n))
			return;
	}
	if (kind == STREAM)
		send_all(fd, (const char *)&total, sizeof total);
}

static void run_sink(void *owner)
{
	struct paths *p = owner;
	char *chunk = xmalloc(CHUNK);

	set_blocking(p->listeners[SINK]);
	for (;;) {
		int fd = accept(p->listeners[SINK], NULL, NULL);
		if (fd < 0)
			continue;
		net_socket_set_nodelay(fd);
		serve_one(fd, chunk);
		close(fd);
	}
}

static void run_forwarder(void *owner)
{
	struct paths *p = owner;
	struct net_loop *loop = net_loop_create(net_poll_kind_default(), NULL);
	struct net_forwarder_settings settings = { .target.addr = p->at[SINK], .connect_ms = 5000 };

	if (loop && net_forwarder_create(loop, p->listeners[FORWARD], &settings, NULL, NULL, NULL))
		net_loop_run(loop);
}

struct side {
	struct net_loop *loop;
	struct net_tunnel_settings settings;
	struct net_tunnel_client *client;
	struct net_place target;
};

static struct net_tunnel_settings tunnel_settings(const struct paths *p, bool is_server)
{
	struct net_tls_context *context = net_tls_pin_context(is_server, bytes_text(p->keys[is_server]), &p->pins[!is_server], 1, NULL);

	return (struct net_tunnel_settings){ context, NET_TUNNEL_KEEPALIVE_MS, NET_TUNNEL_CONNECT_MS, NET_TUNNEL_STREAMS_MAX, NULL };
}

static bool may_open(void *owner, const struct net_place *target)
{
	return net_place_equal(&((struct side *)owner)->target, target);
}

static void on_tunnel_closed(void *owner, const struct error *why)
{
	(void)owner;
	(void)why;
}

static void on_tunnel_client(void *owner, int fd, const struct net_addr *peer)
{
	static const struct net_tunnel_events events = { NULL, may_open, on_tunnel_closed };
	struct side *side = owner;

	(void)peer;
	net_tunnel_create(side->loop, fd, true, &side->settings, &events, side);
}

static void run_far_side(void *owner)
{
	struct paths *p = owner;
	struct side side = { .loop = net_loop_create(net_poll_kind_default(), NULL), .settings = tunnel_settings(p, true), .target.addr = p->at[SINK] };

	log_set_fd(-1);
	if (side.loop && side.settings.context && net_listener_create(side.loop, p->listeners[FAR], on_tunnel_client, &side, NULL))
		net_loop_run(side.loop);
}

static void on_local(void *owner, int fd, const struct net_addr *peer)
{
	struct side *side = owner;

	(void)peer;
	net_tunnel_client_open(side->client, fd, &side->target);
}

static void run_near_side(void *owner)
{
	struct paths *p = owner;
	struct side side = { .loop = net_loop_create(net_poll_kind_default(), NULL), .target.addr = p->at[SINK] };
	struct net_tunnel_client_settings settings = { .remote.addr = p->at[FAR], .tunnel = tunnel_settings(p, false), .dial_ms = 5000, .wait_ms = 5000 };

	log_set_fd(-1);
	if (side.loop == NULL || settings.tunnel.context == NULL)
		return;
	side.client = net_tunnel_client_create(side.loop, &settings, NULL, NULL);
	if (net_listener_create(side.loop, p->listeners[NEAR], on_local, &side, NULL))
		net_loop_run(side.loop);
}

/* ---- parent ---- */

static bool open_paths(struct paths *p, struct error *err)
{
	for (unsigned i = 0; i < 4; i++)
		p->listeners[i] = -1;
	for (unsigned i = 0; i < 4; i++) {
		net_addr_from_ip("127.0.0.1", 0, &p->at[i]);
		p->listeners[i] = net_socket_listen(&p->at[i], err);
		if (p->listeners[i] < 0)
			return false;
		net_socket_local_addr(p->listeners[i], &p->at[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		p->keys[i] = net_tls_pin_new_key(err);
		if (p->keys[i] == NULL || !net_tls_pin_of_key(bytes_text(p->keys[i]), &p->pins[i], err))
			return false;
	}
	return true;
}

static void close_paths(struct paths *p)
{
	for (unsigned i = 0; i < 4; i++)
		net_socket_close(p->listeners[i]);
	for (unsigned i = 0; i < 2; i++)
		free(p->keys[i]);
}

static int dial(const struct net_addr *at, char kind, struct error *err)
{
	int fd = socket(net_addr_family(at), SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, net_addr_sockaddr(at), at->len) == 0 && send_all(fd, &kind, 1)) {
		net_socket_set_nodelay(fd);
		return fd;
	}
	error_set_errno(err, errno, "connect to a path");
	net_socket_close(fd);
	return -1;
}

static bool measure_rate(const struct net_addr *at, unsigned mib, double *mb_s, struct error *err)
{
	uint64_t total = (uint64_t)mib << 20, counted = 0;
	char *chunk = xcalloc(1, CHUNK);
	int fd = dial(at, STREAM, err);
	double begin = nettool_bench_now_s();
	bool ok = fd >= 0;

	for (uint64_t sent = 0; ok && sent < total; sent += CHUNK)
		ok = send_all(fd, chunk, CHUNK);
	free(chunk);
	if (ok)
		shutdown(fd, SHUT_WR);
	ok = ok && recv(fd, &counted, sizeof counted, MSG_WAITALL) == sizeof counted && counted == total;
	*mb_s = (double)total / 1e6 / (nettool_bench_now_s() - begin);
	net_socket_close(fd);
	return ok || fd < 0 ? ok : error_set(err, ERROR_CORRUPT, "%llu octets were sent, %llu arrived", (unsigned long long)total, (unsigned long long)counted);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median, in microseconds. */
static bool measure_trips(const struct net_addr *at, unsigned rounds, double *us, struct error *err)
{
	double *took = xcalloc(rounds, sizeof *took);
	char out[TRIP_OCTETS] = "", in[TRIP_OCTETS];
	int fd = dial(at, TRIPS, err);
	bool ok = fd >= 0;

	for (unsigned i = 0; ok && i < rounds; i++) {
		double begin = nettool_bench_now_s();
		ok = send_all(fd, out, sizeof out) && recv(fd, in, sizeof in, MSG_WAITALL) == sizeof in;
		took[i] = (nettool_bench_now_s() - begin) * 1e6;
	}
	if (!ok && fd >= 0)
		error_set_errno(err, errno, "round trip");
	qsort(took, rounds, sizeof *took, by_value);
	*us = took[rounds / 2];
	net_socket_close(fd);
	free(took);
	return ok;
}

bool nettool_bench_streams(const struct nettool_bench_size *size, struct nettool_bench_group *rate, struct nettool_bench_group *trips, struct error *err)
{
	static const struct {
		const char *name;
		unsigned place;
	} ways[] = { { "direct", SINK }, { "forwarded", FORWARD }, { "tunnelled", NEAR } };
	struct nettool_bench_children children = { 0 };
	struct paths p = { 0 };
	bool ok = open_paths(&p, err) && nettool_bench_fork(&children, run_sink, &p, err) && nettool_bench_fork(&children, run_forwarder, &p, err) &&
	          nettool_bench_fork(&children, run_far_side, &p, err) && nettool_bench_fork(&children, run_near_side, &p, err);

	*rate = (struct nettool_bench_group){ .title = "one stream", .unit = "MB/s" };
	*trips = (struct nettool_bench_group){ .title = "64 octets there and back", .unit = "us" };
	for (unsigned i = 0; ok && i < sizeof ways / sizeof *ways; i++) {
		struct nettool_bench_figure *r = &rate->figures[rate->n++], *t = &trips->figures[trips->n++];
		r->name = t->name = ways[i].name;
		ok = measure_trips(&p.at[ways[i].place], size->rounds, &t->value, err) && measure_rate(&p.at[ways[i].place], size->mib, &r->value, err);
	}
	nettool_bench_end(&children);
	close_paths(&p);
	return ok;
}
