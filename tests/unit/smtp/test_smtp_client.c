/* Each row is one session: what the peer hears and says, and what the owner is told.  The peer is a thread with blocking sockets. */
#include "smtp/smtp_client.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>

#include "auth/sasl_server.h"
#include "base/codec.h"
#include "netcore/net_timer.h"
#include "tests/unit/netcore/certificates.h"
#include "tests/unit/netcore/rig.h"

static struct certificate ca, leaf;
static struct net_tls_context *trusting, *anyone;

/* ---- the peer ---- */

struct peer {
	const char *script;
	int listener, fd;
	SSL *ssl;
	struct buffer input, body, complaint;
	pthread_t thread;
};

static int raw_read(struct peer *p, char *at, size_t size)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };

	if (!(p->ssl && SSL_pending(p->ssl) > 0) && poll(&wait, 1, 60000) <= 0)
		return 0;
	return p->ssl ? SSL_read(p->ssl, at, (int)size) : (int)recv(p->fd, at, size, 0);
}

static void raw_write(struct peer *p, struct bytes text)
{
	if (p->ssl)
		SSL_write(p->ssl, text.at, (int)text.len);
	else if (send(p->fd, text.at, text.len, MSG_NOSIGNAL) < 0)
		buffer_add_text(&p->complaint, "send; ");
}

/* Octets up to and including `until`; empty when the client went away or is silent. */
static bool read_until(struct peer *p, const char *until, struct buffer *out)
{
	char chunk[4096];
	size_t at;

	buffer_clear(out);
	while ((at = bytes_find_bytes(buffer_bytes(&p->input), bytes_text(until))) == p->input.len) {
		int n = raw_read(p, chunk, sizeof chunk);
		if (n <= 0)
			return false;
		buffer_add(&p->input, chunk, (size_t)n);
	}
	buffer_add(out, p->input.at, at + strlen(until));
	buffer_drop(&p->input, at + strlen(until));
	return true;
}

static void say(struct peer *p, struct bytes text)
{
	struct buffer line = { 0 };

	buffer_add_bytes(&line, text);
	buffer_add_text(&line, "\r\n");
	raw_write(p, buffer_bytes(&line));
	buffer_release(&line);
}

static void expect(struct peer *p, struct bytes want)
{
	struct buffer got = { 0 };

	if (!read_until(p, "\r\n", &got))
		buffer_printf(&p->complaint, "wanted \"%.*s\", got nothing; ", BYTES_PRINT(want));
	else if (!bytes_equal(bytes_slice(buffer_bytes(&got), 0, got.len - 2), want))
		buffer_printf(&p->complaint, "wanted \"%.*s\", got \"%.*s\"; ", BYTES_PRINT(want), BYTES_PRINT(buffer_bytes(&got)));
	buffer_release(&got);
}

static void expect_silence(struct peer *p)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };

	if (p->input.len > 0 || poll(&wait, 1, 50) > 0)
		buffer_add_text(&p->complaint, "more than wanted; ");
}

static void accept_tls(struct peer *p)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate(ctx, leaf.x509);
	SSL_CTX_use_PrivateKey(ctx, leaf.key);
	p->ssl = SSL_new(ctx);
	SSL_set_fd(p->ssl, p->fd);
	SSL_accept(p->ssl);
	SSL_CTX_free(ctx);
}

/* A whole AUTH as a server does it; the only user is ann with pencil. */
static void authenticate(struct peer *p)
{
	struct buffer got = { 0 }, raw = { 0 }, out = { 0 }, line = { 0 };
	struct password_record record;
	enum sasl_mechanism m;
	enum sasl_server_status status = SASL_SERVER_FAILED;
	struct bytes word, rest;

	password_make(BYTES("pencil"), 1000, &record, NULL);
	read_until(p, "\r\n", &got);
	rest = bytes_slice(buffer_bytes(&got), 5, got.len - 2);
	bool has_initial = bytes_cut(&rest, ' ', &word);
	if (!sasl_mechanism_find(word, &m)) {
		buffer_add_text(&p->complaint, "no AUTH; ");
		return;
	}
	struct sasl_server *s = sasl_server_create(m);
	codec_base64_decode(rest, &raw);
	struct bytes initial = buffer_bytes(&raw);
	status = sasl_server_start(s, has_initial ? &initial : NULL, &out);
	for (;;) {
		if (status == SASL_SERVER_NEEDS_RECORD)
			status = sasl_server_give_record(s, &record, strcmp(sasl_server_name(s), "ann") == 0, &out);
		if (status == SASL_SERVER_NEEDS_CHECK)
			status = sasl_server_give_check(s, password_check(sasl_server_password(s), &record));
		if (status != SASL_SERVER_CONTINUE)
			break;
		buffer_clear(&line);
		buffer_add_text(&line, "334 ");
		codec_base64_encode(buffer_bytes(&out), &line);
		say(p, buffer_bytes(&line));
		buffer_clear(&out);
		buffer_clear(&raw);
		if (!read_until(p, "\r\n", &got) || !codec_base64_decode(bytes_slice(buffer_bytes(&got), 0, got.len - 2), &raw))
			break;
		status = sasl_server_step(s, buffer_bytes(&raw), &out);
	}
	say(p, status == SASL_SERVER_DONE ? BYTES("235 2.7.0 yes") : BYTES("535 5.7.8 no"));
	sasl_server_destroy(s);
	buffer_release(&got);
	buffer_release(&raw);
	buffer_release(&out);
	buffer_release(&line);
}

/* ">" says a line, "<" expects one; words in capitals do more. */
static void play(struct peer *p, struct bytes line)
{
	struct buffer rest = { 0 };

	if (bytes_starts(line, BYTES("> ")))
		say(p, bytes_skip(line, 2));
	else if (bytes_starts(line, BYTES("< ")))
		expect(p, bytes_skip(line, 2));
	else if (bytes_equal(line, BYTES("BODY")) && !read_until(p, "\r\n.\r\n", &p->body))
		buffer_add_text(&p->complaint, "no end of data; ");
	else if (bytes_equal(line, BYTES("INJECT")))
		raw_write(p, BYTES("220 go\r\n250 injected\r\n"));
	else if (bytes_equal(line, BYTES("TLS")))
		accept_tls(p);
	else if (bytes_equal(line, BYTES("SILENT")))
		expect_silence(p);
	else if (bytes_equal(line, BYTES("AUTH")))
		authenticate(p);
	else if (bytes_equal(line, BYTES("GONE")) && read_until(p, "\r\n", &rest))
		buffer_printf(&p->complaint, "wanted the end, got \"%.*s\"; ", BYTES_PRINT(buffer_bytes(&rest)));
	buffer_release(&rest);
}

static void *peer_run(void *owner)
{
	struct peer *p = owner;
	struct bytes rest = bytes_text(p->script), line;
	struct pollfd wait = { .fd = p->listener, .events = POLLIN };

	if (poll(&wait, 1, 60000) <= 0)
		return NULL;
	p->fd = accept(p->listener, NULL, NULL);
	fcntl(p->fd, F_SETFL, 0);
	while (rest.len > 0) {
		bytes_cut(&rest, '\n', &line);
		play(p, line);
	}
	if (p->ssl) {
		SSL_shutdown(p->ssl);
		SSL_free(p->ssl);
	}
	close(p->fd);
	return NULL;
}

/* ---- the owner ---- */

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

static void send_next(struct rig *r)
{
	struct smtp_client_message *m = &r->messages[r->n_sent++ % 40];

	*m = (struct smtp_client_message){ .sender = "ann@a.test", .recipients = recipients, .n_recipients = 2, .size = 10, .is_8bit = r->claim->is_8bit };
	if (r->claim->whole)
		m->whole = bytes_text(r->n_sent == 2 && r->claim->second ? r->claim->second : r->claim->whole);
	smtp_client_send(r->client, m);
}

static void send_whole(struct rig *r)
{
	while (r->n_sent < r->claim->n_messages && smtp_client_takes_whole(r->client))
		send_next(r);
	if (r->claim->recalls)
		CHECK_ROW(smtp_client_recall(r->client) && !smtp_client_recall(r->client) && !smtp_client_takes_whole(r->client), r->claim->name);
}

static void on_ready(void *owner)
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

static void on_room(void *owner)
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

static void give(void *owner)
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
static void on_next(void *owner, uint64_t offset)
{
	struct rig *r = owner;

	r->asked = offset;
	if (r->claim->async)
		net_timer_start(&r->timer, r->loop, 0, give, r);
	else
		give(r);
}

static void on_sent(void *owner, const struct smtp_client_result *results, size_t n)
{
	struct rig *r = owner;

	buffer_add_text(&r->told, "sent");
	for (size_t i = 0; i < n; i++)
		buffer_printf(&r->told, "(%c %d %s)", "ATPU"[results[i].verdict], results[i].code, results[i].enhanced);
	buffer_add_octet(&r->told, ' ');
	CHECK_ROW(n == 2 && results[0].text && results[1].text, r->claim->name);
}

static void on_closed(void *owner, enum smtp_client_stage where, const struct error *why)
{
	static const char *const stages[] = { "connect", "greeting", "hello", "tls", "auth", "ready", "transaction", "quit" };
	struct rig *r = owner;

	buffer_printf(&r->told, "closed(%s %s)", stages[where], error_kind_name(why->kind));
	smtp_client_close(r->client);
	r->done = true;
}

static void on_trace(void *owner, bool from_server, struct bytes line)
{
	struct rig *r = owner;

	(void)from_server;
	CHECK_ROW(bytes_find_bytes(line, BYTES("pencil")) == line.len && bytes_find_bytes(line, BYTES("AGFubgBwZW5jaWw")) == line.len, r->claim->name);
}

static const struct smtp_client_events events = { on_ready, on_next, on_sent, on_closed, on_trace, on_room };

static void run(const struct claim *claim, enum net_poll_kind kind, struct net_worker *worker)
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

static const struct claim claims[] = {
	{ .name = "a group in one write where PIPELINING is offered", .script = PIPE GROUP YES QUIT, .n_messages = 1, .told = ONE },
	{ .name = "octets that come later", .script = PIPE GROUP YES QUIT, .n_messages = 1, .async = true, .told = ONE },
	{ .name = "command by command where it is not", .n_messages = 1, .told = ONE, .script = PLAIN MAIL "> 250 ok\n< RCPT TO:<bob@b.test>\n> 250 ok\n"
	  "< RCPT TO:<eve@b.test>\n> 250 ok\n< DATA\n> 354 go\n< Hi\n< ..dot\n< .\n> 250 2.0.0 queued\n" QUIT },
	{ .name = "the session serves the next message", .script = PIPE GROUP YES GROUP YES QUIT, .n_messages = 2,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "the next group behind the final dot", .window = true, .script = PIPE GROUP BODY GROUP QUEUED BODY GROUP QUEUED BODY QUEUED QUIT, .n_messages = 3,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) room sent(A 250 2.0.0)(A 250 2.0.0) sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "the next group, octets that come later", .window = true, .async = true, .script = PIPE GROUP BODY GROUP QUEUED BODY QUEUED QUIT, .n_messages = 2,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "no next group without PIPELINING", .window = true, .n_messages = 2, .script = PLAIN SLOWLY SLOWLY QUIT,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "a refused final dot says nothing about the next message", .window = true, .script = PIPE GROUP BODY GROUP "> 554 5.6.0 bad\n" BODY QUEUED QUIT,
	  .n_messages = 2, .told = "ready room sent(P 554 5.6.0)(P 554 5.6.0) sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "lost after the final dot: the next message is untried", .window = true, .script = PIPE GROUP BODY GROUP, .n_messages = 2,
	  .told = "ready room sent(T 0 4.4.2)(T 0 4.4.2) sent(U 0 4.4.2)(U 0 4.4.2) closed(transaction try-later)" },
	{ .name = "421 to the final dot: the next message is untried", .window = true, .script = PIPE GROUP BODY GROUP "> 421 4.3.2 bye\n", .n_messages = 2,
	  .told = "ready room sent(T 421 4.4.2)(T 421 4.4.2) sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)" },
	{ .name = "taken back: the reply ends the session, and the peer gets nothing more", .window = true, .recalls = true, .n_messages = 2,
	  .script = PIPE GROUP BODY GROUP QUEUED "GONE\n", .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) closed(transaction closed)" },
	{ .name = "taken back, and no reply ever", .window = true, .recalls = true, .n_messages = 2, .script = PIPE GROUP BODY GROUP,
	  .told = "ready room sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)" },
	{ .name = "lost between the two: one accepted, one untried", .window = true, .script = PIPE GROUP BODY GROUP QUEUED, .n_messages = 2,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(U 0 4.4.2)(U 0 4.4.2) closed(transaction try-later)" },
	{ .name = "421 between the two", .window = true, .script = PIPE GROUP BODY GROUP QUEUED "> 250 ok\n> 421 4.3.2 bye\n", .n_messages = 2,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)" },
	{ .name = "the next one refused at MAIL by the session's limit", .window = true, .n_messages = 2,
	  .script = PIPE GROUP BODY GROUP QUEUED "> 452 4.5.3 enough\n> 503 x\n> 503 x\n> 503 x\n" QUIT,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(U 452 4.5.3)(U 452 4.5.3) ready closed(quit closed)" },
	{ .name = "the next one's recipients refused, then RSET", .window = true, .n_messages = 2,
	  .script = PIPE GROUP BODY GROUP QUEUED "> 250 ok\n> 550 5.1.1 x\n> 550 5.1.1 x\n> 554 5.5.1 none\n< RSET\n> 250 ok\n" QUIT,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(P 550 5.1.1)(P 550 5.1.1) ready closed(quit closed)" },
	{ .name = "whole messages before any reply", .whole = "Hi\r\n", .script = KNOWN WHOLE WHOLE WHOLE TAKEN TAKEN TAKEN QUIT, .n_messages = 3,
	  .told = "ready " TOLD TOLD TOLD "ready closed(quit closed)" },
	{ .name = "a whole message that lacks its last line end gets one", .whole = "Hi", .script = KNOWN WHOLE TAKEN QUIT, .n_messages = 1, .told = ONE },
	{ .name = "a flawed one among whole messages is told in its turn", .whole = "Hi\r\n", .second = "a\nb\r\n", .n_messages = 3,
	  .script = KNOWN WHOLE WHOLE TAKEN TAKEN QUIT, .told = "ready " TOLD "sent(P 0 5.6.0)(P 0 5.6.0) " TOLD "ready closed(quit closed)" },
	{ .name = "a flawed whole message alone", .whole = "a\nb\r\n", .script = KNOWN QUIT, .n_messages = 1, .told = "ready sent(P 0 5.6.0)(P 0 5.6.0) ready closed(quit closed)" },
	{ .name = "a refused whole message says nothing about the next", .whole = "Hi\r\n", .n_messages = 3,
	  .script = KNOWN WHOLE WHOLE WHOLE TAKEN "> 250 ok\n> 550 5.1.1 no\n> 550 5.1.1 no\n> 554 5.5.1 nobody\n" TAKEN QUIT,
	  .told = "ready " TOLD "sent(P 550 5.1.1)(P 550 5.1.1) " TOLD "ready closed(quit closed)" },
	{ .name = "a MAIL put off among whole messages", .whole = "Hi\r\n", .n_messages = 2,
	  .script = KNOWN WHOLE WHOLE "> 451 4.3.0 later\n> 503 5.5.1 no\n> 503 5.5.1 no\n> 503 5.5.1 no\n" TAKEN QUIT,
	  .told = "ready sent(T 451 4.3.0)(T 451 4.3.0) " TOLD "ready closed(quit closed)" },
	{ .name = "one recipient refused, a whole message for the other", .whole = "Hi\r\n", .n_messages = 1,
	  .script = KNOWN WHOLE "> 250 ok\n> 550 5.1.1 no\n> 250 ok\n> 250 2.0.0 queued\n" QUIT, .told = "ready sent(P 550 5.1.1)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "lost before the end of the first whole message: it alone was tried", .whole = "Hi\r\n", .n_messages = 3, .script = KNOWN WHOLE WHOLE WHOLE "> 250 ok\n> 250 ok\n> 250 ok\n",
	  .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) sent(U 0 4.4.2)(U 0 4.4.2) sent(U 0 4.4.2)(U 0 4.4.2) closed(transaction try-later)" },
	{ .name = "421 among whole messages", .whole = "Hi\r\n", .n_messages = 3, .script = KNOWN WHOLE WHOLE WHOLE TAKEN "> 421 4.3.2 bye\n",
	  .told = "ready " TOLD "sent(U 421 4.4.2)(U 421 4.4.2) sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)" },
	{ .name = "whole messages taken back: the first one's end is the session's", .whole = "Hi\r\n", .recalls = true, .n_messages = 3,
	  .script = KNOWN WHOLE WHOLE WHOLE TAKEN TAKEN TAKEN "GONE\n", .told = "ready " TOLD "closed(transaction closed)" },
	{ .name = "no next group past MAILMAX", .window = true, .n_messages = 2,
	  .script = HELLO "> 250-mx.b.test\n> 250-PIPELINING\n> 250-LIMITS MAILMAX=1\n> 250 SIZE 1000\n" GROUP YES GROUP YES QUIT,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "HELO where EHLO is unknown", .n_messages = 0, .told = "ready closed(quit closed)",
	  .script = HELLO "> 500 what\n< HELO mx.a.test\n> 250 hi\n" QUIT },
	{ .name = "one recipient refused", .n_messages = 1, .told = "ready sent(A 250 2.0.0)(P 550 5.1.1) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 550-5.1.1 no\n> 550 5.1.1 such user\n> 354 go\nBODY\n> 250 2.0.0 ok\n" QUIT },
	{ .name = "all recipients refused, DATA refused, RSET", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(T 450 4.0.0) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 550 5.1.1 no\n> 450 later\n> 554 5.5.1 none\n< RSET\n> 250 ok\n" QUIT },
	{ .name = "all recipients refused and yet 354: an empty message", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(P 550 5.1.1) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 550 5.1.1 no\n> 550 5.1.1 no\n> 354 go\n< .\n> 554 5.5.1 none\n" QUIT },
	{ .name = "all recipients refused without PIPELINING: no DATA", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(P 550 5.1.1) ready closed(quit closed)",
	  .script = PLAIN MAIL "> 250 ok\n< RCPT TO:<bob@b.test>\n> 550 5.1.1 no\n< RCPT TO:<eve@b.test>\n> 550 5.1.1 no\n< RSET\n> 250 ok\n" QUIT },
	{ .name = "MAIL refused, the group's other replies mean nothing", .n_messages = 1, .told = "ready sent(P 550 5.7.1)(P 550 5.7.1) ready closed(quit closed)",
	  .script = PIPE GROUP "> 550 5.7.1 not you\n> 503 5.5.1 x\n> 503 5.5.1 x\n> 503 5.5.1 x\n" QUIT },
	{ .name = "the end of data refused for now", .n_messages = 1, .told = "ready sent(T 451 4.3.0)(T 451 4.3.0) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nBODY\n> 451 4.3.0 no disk\n" QUIT },
	{ .name = "a second recipient too many waits for its turn", .n_messages = 1, .told = "ready sent(A 250 2.0.0)(U 452 4.5.3) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 452 4.5.3 enough\n> 354 go\nBODY\n> 250 2.0.0 ok\n" QUIT },
	{ .name = "a session that served its share is no verdict", .n_messages = 2,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(U 452 4.5.3)(U 452 4.5.3) ready closed(quit closed)",
	  .script = PIPE GROUP YES GROUP "> 452 4.5.3 enough messages\n> 503 x\n> 503 x\n> 503 x\n" QUIT },
	{ .name = "421 to the second MAIL is no verdict either", .n_messages = 2,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP YES GROUP "> 421 4.3.2 shutting down\n" },
	{ .name = "421 after the final dot", .n_messages = 1, .told = "ready sent(T 421 4.4.2)(T 421 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nBODY\n> 421 4.3.2 bye\n" },
	{ .name = "closed without a reply to the final dot", .n_messages = 1, .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nBODY\n" },
	{ .name = "silence", .n_messages = 1, .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)", .script = PIPE GROUP "GONE\n" },
	{ .name = "a refusal in the middle of the group, then the end", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(T 0 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 550 5.1.1 no\n" },
	{ .name = "no greeting but a refusal", .script = "> 554 5.7.1 go away\n", .told = "closed(greeting denied)" },
	{ .name = "a busy greeting", .script = "> 421 4.3.2 busy\n", .told = "closed(greeting try-later)" },
	{ .name = "a server of another protocol", .script = "> HTTP/1.0 400 Bad Request\n", .told = "closed(greeting syntax)" },
	{ .name = "421 while idle", .script = PLAIN MAIL "> 421 4.4.2 idle\n", .n_messages = 1, .told = "ready sent(T 421 4.4.2)(T 421 4.4.2) closed(transaction try-later)" },
	{ .name = "a body with a bare LF never ends well", .body = "a\nb\r\n", .n_messages = 1, .told = "ready sent(P 0 5.6.0)(P 0 5.6.0) closed(transaction syntax)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nGONE\n" },
	{ .name = "octets that cannot be had", .fail_body = true, .n_messages = 1, .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nGONE\n" },
	{ .name = "8-bit octets to a 7-bit server", .is_8bit = true, .n_messages = 1, .told = "ready sent(P 0 5.6.3)(P 0 5.6.3) ready closed(quit closed)", .script = PIPE QUIT },
	{ .name = "a message larger than SIZE", .n_messages = 1, .told = "ready sent(P 0 5.3.4)(P 0 5.3.4) ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 SIZE 9\n" QUIT },
	{ .name = "STARTTLS where offered, and EHLO again", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250-AUTH PLAIN\n> 250 STARTTLS\n< STARTTLS\n> 220 go\nTLS\n< EHLO mx.a.test\n> 250 x\n" QUIT },
	{ .name = "opportunistic: in clear where it is not offered", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "ready closed(quit closed)", .script = PLAIN QUIT },
	{ .name = "opportunistic: in clear where STARTTLS is refused", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\n> 454 4.7.0 no certificate\n" QUIT },
	{ .name = "required: not offered", .tls = SMTP_CLIENT_TLS_REQUIRED, .told = "closed(tls denied)", .script = PLAIN "GONE\n" },
	{ .name = "a handshake that fails is told as TLS", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "closed(tls system)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\n> 220 go\n" },
	{ .name = "verified by name and CA", .tls = SMTP_CLIENT_TLS_REQUIRED, .verify = true, .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\n> 220 go\nTLS\n< EHLO mx.a.test\n> 250 x\n" QUIT },
	{ .name = "implicit TLS", .tls = SMTP_CLIENT_TLS_IMPLICIT, .verify = true, .told = "ready closed(quit closed)", .script = "TLS\n" PLAIN QUIT },
	{ .name = "what comes behind the reply to STARTTLS is not believed", .tls = SMTP_CLIENT_TLS_REQUIRED, .told = "closed(tls denied)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\nINJECT\nGONE\n" },
	{ .name = "SCRAM first, also in clear", .username = "ann", .password = "pencil", .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 AUTH PLAIN LOGIN SCRAM-SHA-256\nAUTH\n" QUIT },
	{ .name = "a wrong password", .username = "ann", .password = "pencils", .told = "closed(auth denied)",
	  .script = HELLO "> 250-x\n> 250 AUTH SCRAM-SHA-256\nAUTH\n" },
	{ .name = "PLAIN under TLS", .tls = SMTP_CLIENT_TLS_IMPLICIT, .username = "ann", .password = "pencil", .told = "ready closed(quit closed)",
	  .script = "TLS\n" HELLO "> 250-x\n> 250 AUTH PLAIN\nAUTH\n" QUIT },
	{ .name = "LOGIN under TLS", .tls = SMTP_CLIENT_TLS_IMPLICIT, .username = "ann", .password = "pencil", .told = "ready closed(quit closed)",
	  .script = "TLS\n" HELLO "> 250-x\n> 250 AUTH LOGIN\nAUTH\n" QUIT },
	{ .name = "no password over a clear line", .username = "ann", .password = "pencil", .told = "closed(auth denied)",
	  .script = HELLO "> 250-x\n> 250 AUTH PLAIN LOGIN\nGONE\n" },
	{ .name = "a server that does not prove itself", .username = "ann", .password = "pencil", .told = "closed(auth denied)",
	  .script = HELLO "> 250-x\n> 250 AUTH SCRAM-SHA-256\n> 235 fine\n" },
};

static void add_times(struct buffer *out, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		buffer_add_text(out, text);
}

static void thirty_two_at_most(void)
{
	struct buffer script = { 0 }, told = { 0 };

	buffer_add_text(&script, KNOWN);
	add_times(&script, 32, WHOLE);
	buffer_add_text(&script, "SILENT\n" TAKEN WHOLE);
	add_times(&script, 32, TAKEN);
	buffer_add_text(&script, QUIT);
	buffer_add_text(&told, "ready ");
	add_times(&told, 33, TOLD);
	buffer_add_text(&told, "ready closed(quit closed)");
	run(&(struct claim){ .name = "thirty-two whole messages at most", .script = script.at, .whole = "Hi\r\n", .n_messages = 33, .told = told.at }, NET_POLL_EPOLL, NULL);
	buffer_release(&script);
	buffer_release(&told);
}

static void nobody_listens(void)
{
	struct claim claim = { .name = "nobody listens", .told = "" };
	struct rig r = { .claim = &claim };
	struct net_addr real;

	close(rig_listen(&real));
	r.loop = net_loop_create(NET_POLL_EPOLL, NULL);
	r.client = smtp_client_open(r.loop, &(struct smtp_client_options){ .host = "127.0.0.1", .port = net_addr_port(&real), .hello = "x" }, &events, &r);
	CHECK_ROW(rig_run(r.loop, &r.done, RIG_WAIT_MS), "a refused connection is told");
	CHECK_TEXT(r.told.at, "closed(connect system)", "a refused connection is told");
	net_loop_destroy(r.loop);
	buffer_release(&r.told);
}

int main(void)
{
	struct error err = { 0 };

	net_signal_ignore_pipe();
	ca = certificate_make("test CA", NULL, NULL);
	leaf = certificate_make("mx.b.test", "DNS:mx.b.test", &ca);
	trusting = net_tls_context_client(NET_TLS_VERIFY_CA, ca.pem, NULL, &err);
	anyone = net_tls_context_client(NET_TLS_VERIFY_NONE, (struct bytes){ 0 }, NULL, &err);
	struct net_worker *worker = net_worker_create(1, 16, &err);
	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
		run(&claims[i], NET_POLL_EPOLL, i % 2 ? worker : NULL);
		run(&claims[i], NET_POLL_POLL, i % 2 ? NULL : worker);
	}
	thirty_two_at_most();
	nobody_listens();
	net_worker_destroy(worker);
	net_tls_context_unref(trusting);
	net_tls_context_unref(anyone);
	certificate_release(&leaf);
	certificate_release(&ca);
	return check_finish();
}
