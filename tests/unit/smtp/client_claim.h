/* client_claim: a session of smtp_client as a row: what the peer hears and says, and what the owner is told. */
#ifndef TESTS_UNIT_SMTP_CLIENT_CLAIM_H
#define TESTS_UNIT_SMTP_CLIENT_CLAIM_H

#include "netcore/net_timer.h"
#include "smtp/smtp_client.h"
#include "tests/unit/smtp/client_peer.h"

static struct net_tls_context *trusting, *anyone;

struct claim {
	const char *name, *script;
	enum smtp_client_tls tls;
	bool verify;
	const char *username, *password;
	size_t n_messages;
	const char *told;
	const char *body;               /* NULL = "Hi\r\n.dot\r\n" */
	bool is_8bit, fail_body, async;
	bool window;                    /* the next message goes where there is room */
	bool recalls;                   /* … and is taken back before the dot is answered */
	const char *whole;              /* each message, sent whole as soon as the peer takes it */
	const char *second;             /* what the second one is instead */
};

struct rig {
	const struct claim *claim;
	struct net_loop *loop;
	struct smtp_client *client;
	struct buffer told;
	size_t n_sent;
	struct smtp_client_message messages[40];
	uint64_t asked;
	struct net_timer timer;
	bool done;
};

static const struct smtp_client_recipient recipients[] = { { .address = "bob@b.test" }, { .address = "eve@b.test" } };

static inline void send_next(struct rig *r)
{
	struct smtp_client_message *m = &r->messages[r->n_sent++ % 40];

	*m = (struct smtp_client_message){ .sender = "ann@a.test", .recipients = recipients, .n_recipients = 2, .size = 10, .is_8bit = r->claim->is_8bit };
	if (r->claim->whole)
		m->whole = bytes_text(r->n_sent == 2 && r->claim->second ? r->claim->second : r->claim->whole);
	smtp_client_send(r->client, m);
}

static inline void send_whole(struct rig *r)
{
	while (r->n_sent < r->claim->n_messages && smtp_client_takes_whole(r->client))
		send_next(r);
	if (r->claim->recalls)
		CHECK_ROW(smtp_client_recall(r->client) && !smtp_client_recall(r->client) && !smtp_client_takes_whole(r->client), r->claim->name);
}

static inline void on_ready(void *owner)
{
	struct rig *r = owner;

	buffer_add_text(&r->told, "ready ");
	if (r->n_sent == r->claim->n_messages)
		smtp_client_quit(r->client);
	else if (r->claim->whole)
		send_whole(r);
	else
		send_next(r);
}

static inline void on_room(void *owner)
{
	struct rig *r = owner;

	if (r->claim->whole)
		send_whole(r);
	if (!r->claim->window || r->n_sent == r->claim->n_messages)
		return;
	buffer_add_text(&r->told, "room ");
	send_next(r);
	CHECK_ROW(!smtp_client_has_room(r->client), r->claim->name);
	if (r->claim->recalls)
		CHECK_ROW(smtp_client_recall(r->client) && !smtp_client_recall(r->client) && !smtp_client_has_room(r->client), r->claim->name);
}

static inline void give(void *owner)
{
	struct rig *r = owner;
	struct bytes body = bytes_text(r->claim->body ? r->claim->body : "Hi\r\n.dot\r\n");
	struct error err = { 0 };

	if (r->claim->fail_body) {
		error_set(&err, ERROR_TRY_LATER, "the store is away");
		smtp_client_body_failed(r->client, &err);
		return;
	}
	smtp_client_body(r->client, bytes_slice(body, r->asked, r->asked + 3));
}

/* Three octets at a time, at once or in a later pass. */
static inline void on_next(void *owner, uint64_t offset)
{
	struct rig *r = owner;

	r->asked = offset;
	if (r->claim->async)
		net_timer_start(&r->timer, r->loop, 0, give, r);
	else
		give(r);
}

static inline void on_sent(void *owner, const struct smtp_client_result *results, size_t n)
{
	struct rig *r = owner;

	buffer_add_text(&r->told, "sent");
	for (size_t i = 0; i < n; i++)
		buffer_printf(&r->told, "(%c %d %s)", "ATPU"[results[i].verdict], results[i].code, results[i].enhanced);
	buffer_add_octet(&r->told, ' ');
	CHECK_ROW(n == 2 && results[0].text && results[1].text, r->claim->name);
}

static inline void on_closed(void *owner, enum smtp_client_stage where, const struct error *why)
{
	static const char *const stages[] = { "connect", "greeting", "hello", "tls", "auth", "ready", "transaction", "quit" };
	struct rig *r = owner;

	buffer_printf(&r->told, "closed(%s %s)", stages[where], error_kind_name(why->kind));
	smtp_client_close(r->client);
	r->done = true;
}

static inline void on_trace(void *owner, bool from_server, struct bytes line)
{
	struct rig *r = owner;

	(void)from_server;
	CHECK_ROW(bytes_find_bytes(line, BYTES("pencil")) == line.len && bytes_find_bytes(line, BYTES("AGFubgBwZW5jaWw")) == line.len, r->claim->name);
}

static const struct smtp_client_events events = { on_ready, on_next, on_sent, on_closed, on_trace, on_room };

static inline void run(const struct claim *claim, enum net_poll_kind kind, struct net_worker *worker)
{
	struct rig r = { .claim = claim };
	struct peer p = { .script = claim->script };
	struct net_addr real;

	p.listener = rig_listen(&real);
	r.loop = net_loop_create(kind, NULL);
	pthread_create(&p.thread, NULL, peer_run, &p);
	r.client = smtp_client_open(r.loop, &(struct smtp_client_options){
		.host = "127.0.0.1", .port = net_addr_port(&real), .hello = "mx.a.test", .tls = claim->tls, .tls_name = "mx.b.test",
		.tls_context = claim->verify ? trusting : anyone, .username = claim->username, .password = claim->password, .worker = worker,
		.reply_timeout_ms = 5000,
	}, &events, &r);
	CHECK_ROW(rig_run(r.loop, &r.done, RIG_WAIT_MS), claim->name);
	if (!r.done)
		smtp_client_close(r.client);
	rig_run_for(r.loop, 5);
	pthread_join(p.thread, NULL);
	net_loop_destroy(r.loop);
	buffer_add(&p.complaint, "", 0);
	check_expect_bytes(r.told.at, r.told.len, claim->told, strlen(claim->told), claim->name, __FILE__, __LINE__);
	check_expect_bytes(p.complaint.at, p.complaint.len, "", 0, claim->name, __FILE__, __LINE__);
	close(p.listener);
	buffer_release(&r.told);
	buffer_release(&p.complaint);
	buffer_release(&p.input);
	buffer_release(&p.body);
}

/* ---- what scripts are made of ---- */

#define HELLO "> 220 mx.b.test ESMTP\n< EHLO mx.a.test\n"
#define PIPE  HELLO "> 250-mx.b.test\n> 250-PIPELINING\n> 250 SIZE 1000\n"
#define PLAIN HELLO "> 250 mx.b.test\n"
#define MAIL  "< MAIL FROM:<ann@a.test>\n"
#define GROUP "< MAIL FROM:<ann@a.test> SIZE=10\n< RCPT TO:<bob@b.test>\n< RCPT TO:<eve@b.test>\n< DATA\n"
#define YES   "> 250 2.1.0 ok\n> 250 2.1.5 ok\n> 250 2.1.5 ok\n> 354 go\n< Hi\n< ..dot\n< .\n> 250 2.0.0 queued\n"
#define BODY  "> 250 2.1.0 ok\n> 250 2.1.5 ok\n> 250 2.1.5 ok\n> 354 go\n< Hi\n< ..dot\n< .\n"
#define QUEUED "> 250 2.0.0 queued\n"
#define SLOWLY MAIL "> 250 ok\n< RCPT TO:<bob@b.test>\n> 250 ok\n< RCPT TO:<eve@b.test>\n> 250 ok\n< DATA\n> 354 go\n< Hi\n< ..dot\n< .\n> 250 2.0.0 queued\n"
#define KNOWN HELLO "> 250-mx.b.test\n> 250-PIPELINING\n> 250-CHUNKING\n> 250 XTRANSACTION\n"
#define NAMES MAIL "< RCPT TO:<bob@b.test>\n< RCPT TO:<eve@b.test>\n"
#define WHOLE NAMES "< BDAT 4 LAST\n< Hi\n"
#define TAKEN "> 250 2.1.0 ok\n> 250 2.1.5 ok\n> 250 2.1.5 ok\n> 250 2.0.0 queued\n"
#define TOLD  "sent(A 250 2.0.0)(A 250 2.0.0) "
#define QUIT  "< QUIT\n> 221 bye\nGONE\n"
#define ONE   "ready sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)"

/* Each row on both back ends, with a worker and without; then what else there is to claim. */
static inline int run_claims(const struct claim *claims, size_t n, void (*more)(void))
{
	struct error err = { 0 };

	net_signal_ignore_pipe();
	ca = certificate_make("test CA", NULL, NULL);
	leaf = certificate_make("mx.b.test", "DNS:mx.b.test", &ca);
	trusting = net_tls_context_client(NET_TLS_VERIFY_CA, ca.pem, NULL, &err);
	anyone = net_tls_context_client(NET_TLS_VERIFY_NONE, (struct bytes){ 0 }, NULL, &err);
	struct net_worker *worker = net_worker_create(1, 16, &err);
	for (size_t i = 0; i < n; i++) {
		run(&claims[i], NET_POLL_EPOLL, i % 2 ? worker : NULL);
		run(&claims[i], NET_POLL_POLL, i % 2 ? NULL : worker);
	}
	if (more != NULL)
		more();
	net_worker_destroy(worker);
	net_tls_context_unref(trusting);
	net_tls_context_unref(anyone);
	certificate_release(&leaf);
	certificate_release(&ca);
	return check_finish();
}

#endif
