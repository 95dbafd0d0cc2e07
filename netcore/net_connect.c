#define _GNU_SOURCE
#include "netcore/net_connect.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define ADDRESSES_MAX 16
#define FOUND_MAX 128                   /* of a name */
#define STAGGER_MS 250                  /* RFC 8305 5 */
#define BACKLOG_FULL_RETRY_MS 50        /* a Unix socket whose backlog is full says EAGAIN, not EINPROGRESS */

struct attempt {
	struct net_connect *connect;
	struct net_addr addr;
	struct net_watch watch;
	int fd;                         /* -1 when not under way */
};

struct lookup;

struct net_connect {
	struct net_loop *loop;
	net_connect_fn *fn;             /* NULL once answered or cancelled */
	void *owner;
	struct net_timer deadline, next;
	struct lookup *lookup;          /* under way in the worker */
	struct attempt attempts[ADDRESSES_MAX];
	bool only_looks_up;
	size_t n, started, running;
	struct error first_failure;
};

/* A job of the worker; it outlives a cancelled connect. */
struct lookup {
	struct net_connect *connect;    /* NULL: nobody waits any more; only the loop touches it */
	char *host;
	int port;
	struct net_addr found[ADDRESSES_MAX];
	size_t n;
	struct error err;
};

static void on_next(void *owner);

static void release(struct net_connect *c)
{
	c->fn = NULL;
	net_timer_stop(&c->deadline);
	net_timer_stop(&c->next);
	if (c->lookup)
		c->lookup->connect = NULL;
	for (size_t i = 0; i < c->started; i++) {
		net_watch_stop(&c->attempts[i].watch);
		net_socket_close(c->attempts[i].fd);
	}
	net_loop_free_later(c->loop, c);
}

static void answer(struct net_connect *c, int fd, const struct net_addr *addr, const struct error *err)
{
	net_connect_fn *fn = c->fn;
	void *owner = c->owner;

	release(c);                     /* c and addr live until the end of the pass */
	fn(owner, fd, addr, err);
}

static void on_deadline(void *owner)
{
	struct net_connect *c = owner;
	struct error err = { 0 };

	error_set(&err, ERROR_TRY_LATER, c->lookup ? "timed out looking up %s" : "connect timed out%s",
	          c->lookup ? c->lookup->host : "");
	if (c->first_failure.kind != ERROR_NONE)
		err = c->first_failure;
	answer(c, -1, NULL, &err);
}

/* One address is out: go to the next at once, or give up when none is left. */
static void attempt_failed(struct attempt *a, const struct error *err)
{
	struct net_connect *c = a->connect;

	net_watch_stop(&a->watch);
	net_socket_close(a->fd);
	a->fd = -1;
	c->running--;
	if (c->first_failure.kind == ERROR_NONE)
		c->first_failure = *err;
	if (c->started < c->n)
		net_timer_start(&c->next, c->loop, 0, on_next, c);
	else if (c->running == 0)
		answer(c, -1, NULL, &c->first_failure);
}

static void on_writable(void *owner, unsigned events)
{
	struct attempt *a = owner;
	struct error err = { 0 };
	char text[NET_ADDR_TEXT];

	(void)events;
	if (!net_socket_finish_connect(a->fd, &err)) {
		error_prefix(&err, "%s", net_addr_format(&a->addr, text));
		attempt_failed(a, &err);
		return;
	}
	int fd = a->fd;
	net_watch_stop(&a->watch);
	a->fd = -1;
	answer(a->connect, fd, &a->addr, NULL);
}

static void on_next(void *owner)
{
	struct net_connect *c = owner;
	struct attempt *a = &c->attempts[c->started];
	struct error err = { 0 };

	a->fd = net_socket_connect(&a->addr, &err);
	if (a->fd < 0 && err.kind == ERROR_TRY_LATER && net_addr_family(&a->addr) == AF_UNIX) {
		net_timer_start(&c->next, c->loop, BACKLOG_FULL_RETRY_MS, on_next, c);
		return;
	}
	c->started++;
	c->running++;
	if (a->fd < 0 || !net_watch_start(&a->watch, c->loop, a->fd, NET_WRITABLE, on_writable, a, &err)) {
		attempt_failed(a, &err);
		return;
	}
	if (c->started < c->n)
		net_timer_start(&c->next, c->loop, STAGGER_MS, on_next, c);
}

static void on_no_address(void *owner)
{
	struct net_connect *c = owner;

	answer(c, -1, NULL, &c->first_failure);
}

static void on_found(void *owner)
{
	struct net_connect *c = owner;

	answer(c, -1, &c->attempts[0].addr, NULL);
}

static struct net_connect *create(struct net_loop *loop, int64_t deadline_ms, net_connect_fn *fn, void *owner)
{
	struct net_connect *c = xcalloc(1, sizeof *c);

	c->loop = loop;
	c->fn = fn;
	c->owner = owner;
	for (size_t i = 0; i < ADDRESSES_MAX; i++)
		c->attempts[i] = (struct attempt){ .connect = c, .fd = -1 };
	net_timer_start(&c->deadline, loop, deadline_ms, on_deadline, c);
	return c;
}

static void begin(struct net_connect *c, const struct net_addr *addrs, size_t n)
{
	c->n = n < ADDRESSES_MAX ? n : ADDRESSES_MAX;
	for (size_t i = 0; i < c->n; i++)
		c->attempts[i].addr = addrs[i];
	if (n == 0 && c->first_failure.kind == ERROR_NONE)
		error_set(&c->first_failure, ERROR_NOT_FOUND, "no address to connect to");
	net_timer_start(&c->next, c->loop, 0, n == 0 ? on_no_address : c->only_looks_up ? on_found : on_next, c);
}

struct net_connect *net_connect_start(struct net_loop *loop, const struct net_addr *addrs, size_t n, int64_t deadline_ms,
                                      net_connect_fn *fn, void *owner)
{
	struct net_connect *c = create(loop, deadline_ms, fn, owner);

	begin(c, addrs, n);
	return c;
}

static void free_lookup(struct lookup *l)
{
	free(l->host);
	free(l);
}

static void add_found(struct net_addr *found, size_t *n, const struct addrinfo *entry)
{
	if (*n == FOUND_MAX || entry->ai_addrlen > sizeof found->storage)
		return;
	found[*n] = (struct net_addr){ .len = entry->ai_addrlen };
	memcpy(&found[(*n)++].storage, entry->ai_addr, entry->ai_addrlen);
}

/* In turns before they are cut to what is tried: many addresses of one family must not crowd out the other. */
static void keep_found(struct lookup *l, const struct addrinfo *list)
{
	struct net_addr *found = xcalloc(FOUND_MAX, sizeof *found);
	size_t n = 0;

	for (const struct addrinfo *entry = list; entry; entry = entry->ai_next)
		add_found(found, &n, entry);
	net_connect_interleave(found, n);
	l->n = n < ADDRESSES_MAX ? n : ADDRESSES_MAX;
	memcpy(l->found, found, l->n * sizeof *found);
	free(found);
}

/* The place of the next address of the favourite family, or not of it; n when there is none. */
static size_t next_of_family(const struct net_addr *addrs, size_t from, size_t n, int family, bool same)
{
	while (from < n && (net_addr_family(&addrs[from]) == family) != same)
		from++;
	return from;
}

void net_connect_interleave(struct net_addr *addrs, size_t n)
{
	int favourite = n > 0 ? net_addr_family(&addrs[0]) : AF_UNSPEC;

	/* addrs[0..i) are in order; the wanted one is moved there, those between move up. */
	for (size_t i = 1; i < n; i++) {
		size_t from = next_of_family(addrs, i, n, favourite, net_addr_family(&addrs[i - 1]) != favourite);
		if (from == n)
			return;
		struct net_addr wanted = addrs[from];
		memmove(&addrs[i + 1], &addrs[i], (from - i) * sizeof *addrs);
		addrs[i] = wanted;
	}
}

/* In a thread of the worker. */
static void look_up(void *job)
{
	struct lookup *l = job;
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *list = NULL;
	char port[12];

	snprintf(port, sizeof port, "%d", l->port);
	int failed = getaddrinfo(l->host, port, &hints, &list);
	if (failed == 0) {
		keep_found(l, list);
		freeaddrinfo(list);
		return;
	}
	enum error_kind kind = failed == EAI_NONAME || failed == EAI_NODATA ? ERROR_NOT_FOUND :
	                       failed == EAI_AGAIN ? ERROR_TRY_LATER : ERROR_SYSTEM;
	error_set(&l->err, kind, "look up %.100s: %s", l->host, gai_strerror(failed));
}

static void looked_up(void *job)
{
	struct lookup *l = job;
	struct net_connect *c = l->connect;

	if (c) {
		c->lookup = NULL;
		c->first_failure = l->err;
		begin(c, l->found, l->n);
	}
	free_lookup(l);
}

/* Begins at once with an address, else when the worker has found those of the name. */
static void begin_host(struct net_connect *c, struct net_worker *worker, const char *host, int port)
{
	struct net_addr numeric;

	if (net_addr_from_ip(host, port, &numeric)) {
		begin(c, &numeric, 1);
		return;
	}
	struct lookup *l = xcalloc(1, sizeof *l);
	l->connect = c;
	l->host = xstrdup(host);
	l->port = port;
	if (net_worker_submit(worker, c->loop, look_up, looked_up, l)) {
		c->lookup = l;
		return;
	}
	free_lookup(l);
	error_set(&c->first_failure, ERROR_TRY_LATER, "too many names are being looked up");
	begin(c, NULL, 0);
}

struct net_connect *net_connect_host(struct net_loop *loop, struct net_worker *worker, const char *host, int port,
                                     int64_t deadline_ms, net_connect_fn *fn, void *owner)
{
	struct net_connect *c = create(loop, deadline_ms, fn, owner);

	begin_host(c, worker, host, port);
	return c;
}

struct net_connect *net_connect_place(struct net_loop *loop, struct net_worker *worker, const struct net_place *place,
                                      int64_t deadline_ms, net_connect_fn *fn, void *owner)
{
	if (net_place_is_name(place))
		return net_connect_host(loop, worker, place->name, place->port, deadline_ms, fn, owner);
	return net_connect_start(loop, &place->addr, 1, deadline_ms, fn, owner);
}

struct net_connect *net_connect_look_up(struct net_loop *loop, struct net_worker *worker, const char *host, int port,
                                        int64_t deadline_ms, net_connect_fn *fn, void *owner)
{
	struct net_connect *c = create(loop, deadline_ms, fn, owner);

	c->only_looks_up = true;
	begin_host(c, worker, host, port);
	return c;
}

void net_connect_cancel(struct net_connect *c)
{
	if (c && c->fn)
		release(c);
}
