/* Announcing and browsing on loopback, on a port of our own: names won and yielded, answers, silence where known, goodbyes. */
#include <sys/socket.h>

#include "base/random.h"
#include "netcore/net_announce.h"
#include "netcore/net_browse.h"
#include "netcore/net_timer.h"
#include "tests/unit/netcore/rig.h"

static struct error err;
static struct net_loop *loop;
static int port;

struct heard {                          /* what a browser or an announcer told */
	unsigned n_found, n_gone, n_named;
	char instance[128], host[128], texts[64];
	int port;
	bool done;
};

static void on_service(void *owner, enum net_browse_event event, const struct net_browse_service *s)
{
	struct heard *h = owner;

	h->n_found += event == NET_BROWSE_FOUND;
	h->n_gone += event == NET_BROWSE_GONE;
	snprintf(h->instance, sizeof h->instance, "%.*s", BYTES_PRINT(s->instance));
	snprintf(h->texts, sizeof h->texts, "%.*s", s->texts.len > 0 ? (int)s->texts.len - 1 : 0, s->texts.len > 0 ? s->texts.at + 1 : "");
	h->port = s->port;
	h->done = true;
}

static void on_named(void *owner, const char *instance, const char *host)
{
	struct heard *h = owner;

	h->n_named++;
	snprintf(h->instance, sizeof h->instance, "%s", instance);
	snprintf(h->host, sizeof h->host, "%s", host);
	h->done = true;
}

/* Everything that goes over the group, counted by what it is. */
struct tap {
	struct net_discover_listener listener;
	unsigned n_probes, n_questions, n_responses, n_goodbyes, n_known;
	unsigned n_ptr;                 /* PTR answers that live */
};

static void on_packet(void *owner, const struct net_discover_packet *p)
{
	struct tap *t = owner;
	bool is_probe = false;

	for (size_t i = 0; i < p->message->n_records; i++) {
		const struct net_dns_record *r = &p->message->records[i];
		bool is_answer = r->section == NET_DNS_ANSWER;
		is_probe = is_probe || r->section == NET_DNS_AUTHORITY;
		if (p->message->flags & NET_DNS_RESPONSE) {
			t->n_goodbyes += is_answer && r->ttl == 0;
			t->n_ptr += is_answer && r->ttl > 0 && r->type == NET_DNS_PTR && net_dns_name_labels(&r->name) == 3;
		} else {
			t->n_known += is_answer;
		}
	}
	if (p->message->flags & NET_DNS_RESPONSE)
		t->n_responses++;
	else if (is_probe)
		t->n_probes++;
	else
		t->n_questions++;
}

static struct net_discover *open_group(void)
{
	const struct net_discover_options options = { .interface = "lo", .port = port };
	struct net_discover *d = net_discover_open(&options, &err);

	CHECK_ROW(d != NULL && net_discover_start(d, loop, &err), err.text);
	return d;
}

static struct net_announce *announce(struct net_discover *d, const char *instance, int at, struct heard *h)
{
	static const char *const texts[] = { "a=b", NULL };
	const struct net_announce_service service = { .type = "_imap._tcp", .port = at, .texts = texts };
	const struct net_announce_options options = { .instance = instance, .host = "mx", .services = &service, .n_services = 1 };
	struct net_announce *a = net_announce_start(d, &options, on_named, h, &err);

	CHECK_ROW(a != NULL, err.text);
	return a;
}

static bool wait_for(bool *done)
{
	*done = false;
	return rig_run(loop, done, RIG_WAIT_MS);
}

static void check_life(void)
{
	struct net_discover *d = open_group(), *e = open_group();
	struct tap tap = { .listener = { .heard = on_packet, .owner = &tap } };
	struct heard first = { 0 }, second = { 0 }, seen = { 0 };

	net_discover_listen(e, &tap.listener);
	struct net_announce *a = announce(d, "Post room", 143, &first);
	CHECK(wait_for(&first.done));
	CHECK_ROW(tap.n_probes == 3, "three probes go before");
	CHECK_TEXT(first.instance, "Post room", "the name is ours");
	struct net_browse *b = net_browse_start(e, "_imap._tcp", on_service, &seen, &err);
	CHECK(wait_for(&seen.done));
	CHECK_ROW(seen.n_found == 1 && seen.port == 143, "found with its port");
	CHECK_TEXT(seen.instance, "Post room", "found by its name");
	CHECK_TEXT(seen.texts, "a=b", "found with its texts");

	unsigned n_ptr = 0;
	rig_run_for(loop, 1500);
	n_ptr = tap.n_ptr;
	rig_run_for(loop, 2500);
	CHECK_ROW(tap.n_known > 0 && tap.n_ptr == n_ptr, "what the asker knows is not said again");

	struct net_announce *rival = announce(e, "Post room", 144, &second);
	CHECK(wait_for(&second.done));
	CHECK_TEXT(second.instance, "Post room (2)", "a taken name gets a number");
	CHECK_TEXT(second.host, "mx", "the host's name is the host's, whoever says it");
	CHECK_ROW(first.n_named == 1, "who was there first keeps it");
	RIG_RUN_UNTIL(loop, seen.n_found >= 2);
	CHECK_ROW(seen.n_found == 2, "both are found");

	unsigned n_goodbyes = tap.n_goodbyes;
	net_announce_stop(a);
	RIG_RUN_UNTIL(loop, seen.n_gone >= 1);
	CHECK_ROW(tap.n_goodbyes > n_goodbyes && seen.n_gone == 1, "gone a second after its goodbye");
	CHECK_TEXT(seen.instance, "Post room", "the one that said goodbye");
	net_announce_stop(rival);
	net_browse_stop(b);
	net_discover_leave(e, &tap.listener);
	net_discover_close(d);
	net_discover_close(e);
	rig_run_for(loop, 10);
}

/* Two at the same moment: one of them yields, and both end with names of their own. */
static void check_simultaneous(void)
{
	struct net_discover *d = open_group(), *e = open_group();
	struct heard one = { 0 }, two = { 0 };
	struct net_announce *a = announce(d, "Twin", 1143, &one), *b = announce(e, "Twin", 1144, &two);

	RIG_RUN_UNTIL(loop, one.n_named > 0 && two.n_named > 0 && strcmp(one.instance, two.instance) != 0);
	CHECK_ROW(one.n_named > 0 && two.n_named > 0, "both have a name");
	CHECK_ROW(strcmp(one.instance, two.instance) != 0, "each its own");
	net_announce_stop(a);
	net_announce_stop(b);
	net_discover_close(d);
	net_discover_close(e);
	rig_run_for(loop, 10);
}

/* A plain resolver, from a port of its own: unicast, with its id and question, short TTLs and no flush bit. */
static void check_legacy(void)
{
	struct net_discover *d = open_group();
	struct heard h = { 0 };
	struct net_announce *a = announce(d, "Old, dots.", 143, &h);
	struct net_dns_question q = { .type = NET_DNS_PTR, .class = NET_DNS_IN };
	struct net_addr any = rig_addr("127.0.0.1:0"), to;
	struct net_dns_message m;
	struct buffer out = { 0 };
	char octets[1500];
	ssize_t n = -1;

	net_dns_name_parse("_imap._tcp.local", &q.name, NULL);
	CHECK(wait_for(&h.done));
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(bind(fd, net_addr_sockaddr(&any), any.len) == 0);
	net_dns_query_format(&out, 4711, false, false, &q);
	CHECK(net_addr_from_ip("127.0.0.1", port, &to));
	CHECK(sendto(fd, out.at, out.len, 0, net_addr_sockaddr(&to), to.len) == (ssize_t)out.len);
	RIG_RUN_UNTIL(loop, (n = recv(fd, octets, sizeof octets, 0)) >= 0);
	CHECK(n > 0);
	if (n > 0 && net_dns_message_parse(bytes_of(octets, (size_t)n), &m) == NET_DNS_OK) {
		CHECK_ROW(net_dns_answers(&m, 4711, &q), "with its id and its question");
		for (size_t i = 0; i < m.n_records; i++)
			CHECK_ROW(m.records[i].ttl <= 10 && m.records[i].class == NET_DNS_IN, "short, and in the class it knows");
		net_dns_message_release(&m);
	}
	buffer_release(&out);
	net_socket_close(fd);
	net_announce_stop(a);
	net_discover_close(d);
	rig_run_for(loop, 10);
}

static void check_refused(void)
{
	const struct net_discover_options nowhere = { .interface = "nosuch0", .port = port };
	struct net_discover *d = open_group();
	const struct net_announce_service service = { .type = "imap", .port = 1 };
	const struct net_announce_options bad[] = {
		{ .instance = "", .host = "mx", .services = &service, .n_services = 1 },
		{ .instance = "1234567890123456789012345678901234567890123456789012345678901234", .host = "mx", .services = &service, .n_services = 1 },
		{ .instance = "\377", .host = "mx", .services = &service, .n_services = 1 },
		{ .instance = "a", .host = "mx", .services = &service, .n_services = 1 },
		{ .instance = "a", .host = "mx", .services = &service, .n_services = 0 },
	};

	CHECK_ROW(net_discover_open(&nowhere, &err) == NULL && err.kind == ERROR_NOT_FOUND, "an interface that is not there");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ROW(net_announce_start(d, &bad[i], on_named, NULL, &err) == NULL, bad[i].instance);
	CHECK_ROW(net_browse_start(d, "imap", on_service, NULL, &err) == NULL, "a type without underscore");
	CHECK_ROW(net_browse_start(d, "_a.b.c.d", on_service, NULL, &err) == NULL, "a type of four labels");
	net_discover_close(d);
}

int main(void)
{
	port = 20000 + (int)random_below(10000);
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		loop = net_loop_create(rig_backends[i].kind, &err);
		check_refused();
		if (i == 0)
			check_life();
		check_legacy();
		check_simultaneous();
		net_loop_destroy(loop);
	}
	return check_finish();
}
