/* nettool dns cache: a caching forwarder for this host: UDP and TCP in front, one server behind. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/list.h"
#include "base/memory.h"
#include "netcore/net_dns_cache.h"
#include "netcore/net_dns_exchange.h"
#include "netcore/net_listener.h"
#include "netcore/net_signal.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"
#include "nettool/nettool_dns.h"

#define ENTRIES 10000
#define OCTETS (16u << 20)
#define PENDING_MAX 1000                /* questions under way; further ones get no answer and ask again */
#define GUESTS_MAX 100
#define IDLE_MS 10000
#define BATCH 64

struct server {
	struct net_loop *loop;
	struct net_addr forward;
	int64_t deadline_ms;
	struct net_dns_cache *cache;
	struct net_watch udp;
	struct net_listener *listener;
	struct net_signal *signals;
	struct list pending, guests;
	unsigned long asked, kept;
};

struct guest {                          /* a TCP client: one question at a time */
	struct server *server;
	struct list_node node;
	struct net_stream *stream;
	struct pending *waits;
};

struct pending {
	struct server *server;
	struct list_node node;
	struct net_dns_exchange *exchange;
	struct net_dns_question question;
	uint16_t id, flags;
	struct net_dns_edns edns;
	struct net_addr from;
	struct guest *guest;            /* NULL: UDP */
};

/* ---- replies ---- */

static void deliver(const struct pending *p, struct bytes reply)
{
	char length[2] = { (char)(reply.len >> 8), (char)reply.len };

	if (p->guest == NULL) {
		(void)!sendto(p->server->udp.fd, reply.at, reply.len, MSG_NOSIGNAL, net_addr_sockaddr(&p->from), p->from.len);
		return;
	}
	net_stream_write(p->guest->stream, bytes_of(length, 2));
	net_stream_write(p->guest->stream, reply);
}

/* m NULL: only the header and the question, with this code. */
static void reply(const struct pending *p, const struct net_dns_message *m, unsigned rcode)
{
	size_t max = p->guest != NULL ? NET_DNS_MESSAGE_MAX : p->edns.is_there && p->edns.udp_size > NET_DNS_UDP_PLAIN ? p->edns.udp_size : NET_DNS_UDP_PLAIN;
	uint16_t flags = (uint16_t)(NET_DNS_RESPONSE | NET_DNS_RECURSION_AVAILABLE | (p->flags & (NET_DNS_RECURSION_DESIRED | NET_DNS_CHECKING_DISABLED)) | (rcode & NET_DNS_RCODE));
	struct net_dns_edns edns = { .is_there = true, .udp_size = NET_DNS_UDP_SIZE, .wants_dnssec = p->edns.wants_dnssec };
	size_t room_for_edns = p->edns.is_there ? 11 : 0;
	struct buffer out = { 0 };
	struct net_dns_writer w;

	if (p->guest == NULL && max > NET_DNS_UDP_SIZE)
		max = NET_DNS_UDP_SIZE;
	net_dns_write_begin(&w, &out, max - room_for_edns, p->id, flags);
	net_dns_write_question(&w, &p->question.name, p->question.type, p->question.class);
	for (size_t i = 0; m != NULL && i < m->n_records; i++) {
		/* what is only additional may be left out without a word: RFC 2181 9 */
		bool was_cut = w.is_truncated;
		if (!net_dns_write_record(&w, m->records[i].section, &m->records[i]) && m->records[i].section == NET_DNS_ADDITIONAL) {
			w.is_truncated = was_cut;
			break;
		}
	}
	w.max = max;
	if (p->edns.is_there)
		net_dns_write_edns(&w, &edns, rcode);
	net_dns_write_end(&w);
	deliver(p, buffer_bytes(&out));
	buffer_release(&out);
}

/* ---- questions ---- */

static void forget(struct pending *p)
{
	list_remove(&p->server->pending, &p->node);
	if (p->guest != NULL)
		p->guest->waits = NULL;
	free(p);
}

static void guest_input(void *owner);

static void on_exchange(void *owner, const struct net_dns_message *m, const struct net_dns_exchange_facts *facts, const struct error *err)
{
	struct pending *p = owner;
	struct server *s = p->server;
	struct guest *guest = p->guest;

	(void)err;
	if (m != NULL)
		net_dns_cache_put(s->cache, &p->question, p->edns.wants_dnssec, facts->octets, m, net_loop_now_ms(s->loop));
	reply(p, m, m != NULL ? m->rcode : NET_DNS_SERVFAIL);
	forget(p);
	if (guest != NULL)
		guest_input(guest);     /* the next question may be there already */
}

static unsigned objection(const struct net_dns_message *m)
{
	if (m->flags & NET_DNS_OPCODE)
		return NET_DNS_NOTIMP;
	if (m->n_questions != 1)
		return NET_DNS_FORMERR;
	/* zone transfers are none of a cache's business */
	return m->questions[0].class != NET_DNS_IN || (m->questions[0].type >= 249 && m->questions[0].type <= 254) ? NET_DNS_REFUSED : NET_DNS_NOERROR;
}

/* False: nothing that could be answered. */
static bool take_question(struct server *s, struct bytes octets, const struct net_addr *from, struct guest *guest)
{
	const struct net_dns_exchange_options options = { .server = s->forward, .wants_recursion = true, .deadline_ms = s->deadline_ms };
	struct net_dns_exchange_options o = options;
	struct net_dns_message m, kept;

	if (net_dns_message_parse(octets, &m) != NET_DNS_OK)
		return false;
	bool is_question = (m.flags & NET_DNS_RESPONSE) == 0 && m.n_questions > 0;
	struct pending now = { .server = s, .id = m.id, .flags = m.flags, .edns = m.edns, .guest = guest };
	if (is_question)
		now.question = m.questions[0];
	if (from != NULL)
		now.from = *from;
	unsigned rcode = objection(&m);
	net_dns_message_release(&m);
	if (!is_question)
		return false;
	if (rcode != NET_DNS_NOERROR) {
		reply(&now, NULL, rcode);
		return true;
	}
	s->asked++;
	o.wants_dnssec = now.edns.wants_dnssec;
	if (net_dns_cache_get(s->cache, &now.question, now.edns.wants_dnssec, net_loop_now_ms(s->loop), &kept)) {
		s->kept++;
		reply(&now, &kept, kept.rcode);
		net_dns_message_release(&kept);
	} else if (s->pending.n < PENDING_MAX) {
		struct pending *p = xmemdup(&now, sizeof now);
		list_append(&s->pending, &p->node);
		if (guest != NULL)
			guest->waits = p;
		p->exchange = net_dns_exchange_start(s->loop, &o, &p->question, on_exchange, p);
	}
	return true;
}

static void on_datagram(void *owner, unsigned events)
{
	struct server *s = owner;
	char octets[NET_DNS_UDP_PLAIN * 8];

	(void)events;
	for (unsigned i = 0; i < BATCH; i++) {
		struct net_addr from = { .len = sizeof from.storage };
		ssize_t n = recvfrom(s->udp.fd, octets, sizeof octets, MSG_TRUNC, (struct sockaddr *)&from.storage, &from.len);
		if (n < 0)
			return;
		if ((size_t)n <= sizeof octets && net_addr_is_loopback(&from))
			take_question(s, bytes_of(octets, (size_t)n), &from, NULL);
	}
}

/* ---- TCP: RFC 7766 ---- */

static void guest_leave(struct guest *g)
{
	if (g->waits != NULL) {
		net_dns_exchange_cancel(g->waits->exchange);
		forget(g->waits);
	}
	net_stream_finish(g->stream);
	list_remove(&g->server->guests, &g->node);
	free(g);
}

static void guest_input(void *owner)
{
	struct guest *g = owner;

	net_stream_set_deadline(g->stream, IDLE_MS);
	while (g->waits == NULL) {
		struct bytes input = net_stream_input(g->stream);
		if (input.len < 2)
			return;
		size_t len = (size_t)(unsigned char)input.at[0] << 8 | (unsigned char)input.at[1];
		if (len > NET_DNS_UDP_PLAIN * 8) {
			guest_leave(g);
			return;
		}
		if (input.len < 2 + len)
			return;
		bool ok = take_question(g->server, bytes_slice(input, 2, 2 + len), NULL, g);
		net_stream_consume(g->stream, 2 + len);
		if (!ok) {
			guest_leave(g);
			return;
		}
	}
}

static void guest_closed(void *owner, const struct error *why)
{
	(void)why;
	guest_leave(owner);
}

static const struct net_stream_events guest_events = { guest_input, NULL, NULL, guest_closed };

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	struct server *s = owner;

	(void)peer;
	if (s->guests.n >= GUESTS_MAX) {
		net_socket_close(fd);
		return;
	}
	struct guest *g = xcalloc(1, sizeof *g);
	g->server = s;
	list_append(&s->guests, &g->node);
	g->stream = net_stream_create(s->loop, fd, &guest_events, g, NULL);
	net_stream_set_deadline(g->stream, IDLE_MS);
}

/* ---- life ---- */

static void on_signal(void *owner, int number)
{
	struct server *s = owner;

	(void)number;
	net_loop_stop(s->loop);
}

/* TCP first: when the port is for us to find, the datagrams' is the same. */
static bool server_open(struct server *s, const struct net_addr *at, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, 0 };
	struct net_addr real;
	char text[NET_ADDR_TEXT];
	int fd = net_socket_listen(at, err);

	if (fd < 0 || !net_socket_local_addr(fd, &real))
		return false;
	s->listener = net_listener_create(s->loop, fd, on_guest, s, err);
	s->signals = net_signal_create(s->loop, signals, on_signal, s, err);
	if (s->listener == NULL || s->signals == NULL)
		return false;
	fd = socket(net_addr_family(&real), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, net_addr_sockaddr(&real), real.len) < 0) {
		error_set_errno(err, errno, "listen for datagrams on %s", net_addr_format(&real, text));
		net_socket_close(fd);
		return false;
	}
	if (!net_watch_start(&s->udp, s->loop, fd, NET_READABLE, on_datagram, s, err)) {
		net_socket_close(fd);
		return false;
	}
	printf("listening on %s\n", net_addr_format(&real, text));
	fflush(stdout);
	return true;
}

static void server_close(struct server *s)
{
	struct list_node *node, *next;

	for (node = s->guests.first; node != NULL; node = next) {
		next = node->next;
		guest_leave(LIST_OWNER(node, struct guest, node));
	}
	for (node = s->pending.first; node != NULL; node = next) {
		struct pending *p = LIST_OWNER(node, struct pending, node);
		next = node->next;
		net_dns_exchange_cancel(p->exchange);
		forget(p);
	}
	net_listener_destroy(s->listener);
	net_signal_destroy(s->signals);
	if (s->udp.loop != NULL) {
		int fd = s->udp.fd;
		net_watch_stop(&s->udp);
		net_socket_close(fd);
	}
	net_dns_cache_destroy(s->cache);
	if (s->loop != NULL)
		net_loop_destroy(s->loop);
}

int nettool_dns_cache(const struct net_addr *listen, const struct net_addr *forward, int64_t deadline_ms)
{
	struct error err = { 0 };
	struct server s = { .loop = net_loop_create(net_poll_kind_default(), &err), .forward = *forward, .deadline_ms = deadline_ms };

	s.cache = net_dns_cache_create(ENTRIES, OCTETS);
	bool ok = s.loop != NULL && server_open(&s, listen, &err);
	if (ok)
		net_loop_run(s.loop);
	else
		fprintf(stderr, "nettool dns: %s\n", err.text);
	if (ok)
		printf("asked %lu, kept %lu\n", s.asked, s.kept);
	server_close(&s);
	return ok ? EX_OK : EX_UNAVAILABLE;
}
