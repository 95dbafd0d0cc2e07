/* One question to a scripted server on loopback: what is believed, repeated, and when it ends. */

#include "netcore/net_dns_exchange.h"
#include "netcore/net_dns_query.h"
#include "netcore/net_timer.h"
#include "tests/unit/netcore/rig.h"

static struct error err;

/* What the server does with a datagram, one letter a reply: a answer, i wrong id, q other question, g garbage, t truncated, c cut in the middle, - nothing. */
struct script {
	struct net_loop *loop;
	struct net_watch watch;
	struct net_addr addr;
	const char *letters;
	unsigned n_heard;
};

static void reply(struct script *s, char letter, const struct net_dns_message *m, const struct net_addr *to)
{
	struct net_dns_question q = m->questions[0];
	struct net_dns_record a = { .name = q.name, .type = NET_DNS_A, .class = NET_DNS_IN, .ttl = 30, .data = BYTES("\300\0\2\1") };
	struct net_dns_record mx[] = {
		{ .name = q.name, .type = NET_DNS_MX, .class = NET_DNS_IN, .ttl = 30, .data = BYTES("\0\24\1b\0") },
		{ .name = q.name, .type = NET_DNS_MX, .class = NET_DNS_IN, .ttl = 30, .data = BYTES("\0\12\1a\0") },
	};
	struct buffer out = { 0 };
	struct net_dns_writer w;

	if (letter == 'q')
		net_dns_name_parse("other.test", &q.name, NULL);
	net_dns_write_begin(&w, &out, 512, (uint16_t)(m->id + (letter == 'i')), (uint16_t)(NET_DNS_RESPONSE | NET_DNS_AUTHORITATIVE | (letter == 't' || letter == 'c' ? NET_DNS_TRUNCATED : 0)));
	net_dns_write_question(&w, &q.name, q.type, q.class);
	if (letter != 't' && q.type == NET_DNS_MX) {
		net_dns_write_record(&w, NET_DNS_ANSWER, &mx[0]);
		net_dns_write_record(&w, NET_DNS_ANSWER, &mx[1]);
	} else if (letter != 't' && q.type == NET_DNS_A) {
		net_dns_write_record(&w, NET_DNS_ANSWER, &a);
	}
	net_dns_write_end(&w);
	size_t len = letter == 'g' ? 5 : letter == 'c' ? out.len - 3 : out.len;
	if (letter != '-')
		CHECK(sendto(s->watch.fd, out.at, len, 0, net_addr_sockaddr(to), to->len) == (ssize_t)len);
	buffer_release(&out);
}

static void on_datagram(void *owner, unsigned events)
{
	struct script *s = owner;
	char octets[1500];
	struct net_dns_message m;
	struct net_addr from = { .len = sizeof from.storage };
	ssize_t n = recvfrom(s->watch.fd, octets, sizeof octets, 0, (struct sockaddr *)&from.storage, &from.len);

	(void)events;
	if (n < 0 || net_dns_message_parse(bytes_of(octets, (size_t)n), &m) != NET_DNS_OK)
		return;
	s->n_heard++;
	if (*s->letters == '\0') {
		/* libunbound asks more than we script: it gets the last letter again */
		net_dns_message_release(&m);
		return;
	}
	for (; *s->letters != '\0' && *s->letters != ' '; s->letters++)
		reply(s, *s->letters, &m, &from);
	if (*s->letters == ' ' && s->letters[1] != '\0')
		s->letters++;
	net_dns_message_release(&m);
}

static void script_open(struct script *s, struct net_loop *loop, const char *letters)
{
	struct net_addr any = rig_addr("127.0.0.1:0");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*s = (struct script){ .loop = loop, .letters = letters };
	CHECK(bind(fd, net_addr_sockaddr(&any), any.len) == 0);
	net_socket_local_addr(fd, &s->addr);
	net_watch_start(&s->watch, loop, fd, NET_READABLE, on_datagram, s, &err);
}

static void script_close(struct script *s)
{
	int fd = s->watch.fd;

	net_watch_stop(&s->watch);
	net_socket_close(fd);
}

struct outcome {
	bool done, has_answer;
	enum error_kind kind;
	unsigned n_sent, n_ignored, n_records;
	bool over_tcp, was_truncated;
};

static void on_exchange(void *owner, const struct net_dns_message *m, const struct net_dns_exchange_facts *f, const struct error *why)
{
	struct outcome *o = owner;

	*o = (struct outcome){ true, m != NULL, why != NULL ? why->kind : ERROR_NONE, f->n_sent, f->n_ignored, m != NULL ? (unsigned)m->n_records : 0, f->over_tcp, f->was_truncated };
}

static const struct exchange_case {
	const char *claim, *letters;
	bool has_answer;
	unsigned n_sent, n_ignored;
} exchanges[] = {
	{ "an answer",                                   "a",       true, 1, 0 },
	{ "another id is ignored",                       "ia",      true, 1, 1 },
	{ "another question is ignored",                 "qa",      true, 1, 1 },
	{ "garbage is ignored",                          "ga",      true, 1, 1 },
	{ "a lost datagram is sent again",               "- a",     true, 2, 0 },
	{ "a forged answer does not end the wait",       "iqg a",   true, 2, 3 },
	{ "silence ends at the deadline",                "-",       false, 2, 0 },
};

static void check_exchanges(enum net_poll_kind kind)
{
	struct net_loop *loop = net_loop_create(kind, &err);
	struct net_dns_question q = { .type = NET_DNS_A, .class = NET_DNS_IN };

	net_dns_name_parse("a.test", &q.name, NULL);
	for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
		const struct exchange_case *x = &exchanges[i];
		struct outcome o = { 0 };
		/* a busy machine makes a question be asked once more, or once less; hardly each time */
		for (int tries = 0; tries < 10 && (tries == 0 || o.n_sent != x->n_sent); tries++) {
			struct script s;
			script_open(&s, loop, x->letters);
			struct net_dns_exchange_options options = { .server = s.addr, .deadline_ms = x->has_answer ? RIG_WAIT_MS : 900 };
			o = (struct outcome){ 0 };
			net_dns_exchange_start(loop, &options, &q, on_exchange, &o);
			CHECK_ROW(rig_run(loop, &o.done, RIG_WAIT_MS), x->claim);
			script_close(&s);
		}
		CHECK_ROW(o.has_answer == x->has_answer && o.n_sent == x->n_sent && o.n_ignored == x->n_ignored, x->claim);
		CHECK_ROW(x->has_answer || o.kind == ERROR_TRY_LATER, x->claim);
	}
	net_loop_destroy(loop);
}

/* Nobody listens for TCP there: that TCP was tried is what counts. */
static void check_truncation(enum net_poll_kind kind)
{
	struct net_loop *loop = net_loop_create(kind, &err);
	struct net_dns_question q = { .type = NET_DNS_A, .class = NET_DNS_IN };
	const char *letters[] = { "t", "c" };

	net_dns_name_parse("a.test", &q.name, NULL);
	for (size_t i = 0; i < 2; i++) {
		struct outcome o = { 0 };
		struct script s;
		script_open(&s, loop, letters[i]);
		struct net_dns_exchange_options options = { .server = s.addr, .deadline_ms = 10000 };
		net_dns_exchange_start(loop, &options, &q, on_exchange, &o);
		CHECK_ROW(rig_run(loop, &o.done, RIG_WAIT_MS) && !o.has_answer && o.over_tcp && o.was_truncated, "a cut answer is asked for by TCP");
		script_close(&s);
	}
	struct outcome o = { 0 };
	struct net_dns_exchange_options nobody = { .server = rig_addr("127.0.0.1:1"), .deadline_ms = 10000 };
	net_dns_exchange_start(loop, &nobody, &q, on_exchange, &o);
	CHECK_ROW(rig_run(loop, &o.done, RIG_WAIT_MS) && !o.has_answer, "a port where nobody listens fails at once");
	net_dns_exchange_cancel(net_dns_exchange_start(loop, &nobody, &q, on_exchange, NULL));
	net_loop_destroy(loop);
}

/* ---- libunbound against the same server ---- */

struct resolved {
	bool done;
	enum error_kind kind;
	unsigned n, first, rcode;
	enum net_dns_security security;
};

static void on_resolved(void *owner, const struct net_dns_answer *a, const struct error *why)
{
	struct resolved *r = owner;

	*r = (struct resolved){ .done = true, .kind = why != NULL ? why->kind : ERROR_NONE };
	if (a != NULL) {
		r->n = (unsigned)a->n;
		r->first = a->n > 0 ? (unsigned char)a->data[0].at[1] : 0;
		r->security = a->security;
	}
}

static void check_resolver(enum net_poll_kind kind)
{
	struct net_loop *loop = net_loop_create(kind, &err);
	struct script s, silent;
	char at[64], at_silent[64];

	script_open(&s, loop, "a a a a a a a a a a a a ");
	script_open(&silent, loop, "- ");
	snprintf(at, sizeof at, "127.0.0.1@%d", net_addr_port(&s.addr));
	snprintf(at_silent, sizeof at_silent, "127.0.0.1@%d", net_addr_port(&silent.addr));
	const struct net_dns_stub stubs[] = { { "mail.test", at }, { "silent.test", at_silent } };
	const struct net_dns_resolver_options options = { .stubs = stubs, .n_stubs = 2, .asks_loopback = true };
	struct net_dns_resolver *r = net_dns_resolver_create(loop, &options, &err);
	CHECK_ROW(r != NULL, err.text);
	struct resolved mx = { 0 }, a = { 0 }, nobody = { 0 }, bad = { 0 }, never = { 0 };
	int64_t start = rig_now_ms();
	net_dns_query_start(r, "mail.test", NET_DNS_MX, RIG_WAIT_MS, on_resolved, &mx);
	net_dns_query_start(r, "www.mail.test", NET_DNS_A, RIG_WAIT_MS, on_resolved, &a);
	net_dns_query_start(r, "x.silent.test", NET_DNS_A, 700, on_resolved, &nobody);
	net_dns_query_start(r, "a..b", NET_DNS_A, 700, on_resolved, &bad);
	net_dns_query_cancel(net_dns_query_start(r, "www.mail.test", NET_DNS_A, 700, on_resolved, &never));
	CHECK_ROW(rig_run(loop, &nobody.done, RIG_WAIT_MS), "a query ends at its own deadline");
	CHECK_ROW(nobody.kind == ERROR_TRY_LATER && rig_now_ms() - start >= 690 && rig_now_ms() - start < 20000, "when the server is silent");
	CHECK_ROW(rig_run(loop, &mx.done, RIG_WAIT_MS) && mx.n == 2 && mx.first == 10, "a stub zone with a port; MX in the order of preference");
	CHECK_ROW(rig_run(loop, &a.done, RIG_WAIT_MS) && a.n == 1 && a.security == NET_DNS_INSECURE, "several queries at once; unsigned is insecure");
	CHECK_ROW(bad.done && bad.kind == ERROR_SYNTAX, "what is no name is not asked for");
	CHECK_ROW(!never.done, "a cancelled query is silent");
	struct resolved late = { 0 };
	net_dns_query_start(r, "y.silent.test", NET_DNS_A, 60000, on_resolved, &late);
	net_loop_run_once(loop, 0);
	net_dns_resolver_destroy(r);
	net_loop_run_once(loop, 0);
	CHECK_ROW(!late.done, "destroying cancels what is under way");
	script_close(&s);
	script_close(&silent);
	net_loop_destroy(loop);
}

static void check_refused_options(void)
{
	struct net_loop *loop = net_loop_create(NET_POLL_EPOLL, &err);
	const char *servers[] = { "not an address" };
	const struct net_dns_resolver_options options[] = { { .servers = servers, .n_servers = 1 }, { .trust_anchor = "/nonexistent/key" }, { .root_hints = "/nonexistent" } };

	for (size_t i = 0; i < 3; i++) {
		err = (struct error){ 0 };
		CHECK_ROW(net_dns_resolver_create(loop, &options[i], &err) == NULL && err.kind == (i == 0 ? ERROR_SYNTAX : ERROR_NOT_FOUND), err.text);
	}
	net_loop_destroy(loop);
}

int main(void)
{
	net_signal_ignore_pipe();
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		check_exchanges(rig_backends[i].kind);
		check_truncation(rig_backends[i].kind);
		check_resolver(rig_backends[i].kind);
	}
	check_refused_options();
	return check_finish();
}
