/* The same streams under TLS: who is believed, what is discarded, and how it ends. */

#include "base/buffer.h"
#include "netcore/net_stream.h"
#include "tests/unit/netcore/certificates.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;
static struct certificate ca, other_ca, leaf;
static struct net_tls_context *server_context;

struct end {
	struct net_stream *stream;
	struct buffer got;
	struct error why;
	bool secured, closed, has_all, echo;
	size_t want;
};

static void on_input(void *owner)
{
	struct end *e = owner;
	struct bytes input = net_stream_input(e->stream);

	if (e->echo && !net_stream_write(e->stream, input))
		net_stream_pause(e->stream);
	if (!e->echo)
		buffer_add_bytes(&e->got, input);
	net_stream_consume(e->stream, input.len);
	e->has_all = e->want > 0 && e->got.len >= e->want;
}

static void on_drained(void *owner)
{
	struct end *e = owner;

	net_stream_resume(e->stream);
}

static void on_secured(void *owner)
{
	struct end *e = owner;

	e->secured = true;
}

static void on_closed(void *owner, const struct error *why)
{
	struct end *e = owner;

	e->closed = true;
	e->why = *why;
}

static const struct net_stream_events events = { on_input, on_drained, on_secured, on_closed };

struct pair {
	struct end client, server;
	int fds[2];
};

static void open_pair(struct pair *p, int buffer)
{
	*p = (struct pair){ 0 };
	rig_tcp_pair(p->fds, buffer);
	p->client.stream = net_stream_create(loop, p->fds[0], &events, &p->client, NULL);
	p->server.stream = net_stream_create(loop, p->fds[1], &events, &p->server, NULL);
}

static void close_pair(struct pair *p)
{
	net_stream_close(p->client.stream);
	net_stream_close(p->server.stream);
	buffer_release(&p->client.got);
	buffer_release(&p->server.got);
	net_loop_run_once(loop, 0);
}

static void start_both(struct pair *p, struct net_tls_context *client_context, const char *hostname)
{
	net_stream_start_tls_server(p->server.stream, server_context);
	net_stream_start_tls_client(p->client.stream, client_context, hostname);
	net_tls_context_unref(client_context);
}

static struct net_tls_context *client_trusting(const struct certificate *authority)
{
	struct error err = { 0 };
	struct net_tls_context *c = net_tls_context_client(NET_TLS_VERIFY_CA, authority->pem, NULL, &err);

	CHECK_ROW(c != NULL, err.text);
	return c;
}

static struct net_tls_context *client_pinning(const char *pin)
{
	struct error err = { 0 };
	struct net_tls_context *c = net_tls_context_client(NET_TLS_VERIFY_FINGERPRINT, (struct bytes){ 0 }, pin, &err);

	CHECK_ROW(c != NULL, err.text);
	return c;
}

static struct net_tls_context *client_believing(void)
{
	struct error err = { 0 };

	return net_tls_context_client(NET_TLS_VERIFY_NONE, (struct bytes){ 0 }, NULL, &err);
}

static bool secure_pair(struct pair *p)
{
	open_pair(p, 0);
	start_both(p, client_trusting(&ca), "mx.test");
	return rig_run(loop, &p->client.secured, RIG_WAIT_MS) && rig_run(loop, &p->server.secured, RIG_WAIT_MS);
}

/* ---- who is believed ---- */

static const struct trust_case {
	const char *name, *hostname;
	enum { RIGHT_CA, WRONG_CA, RIGHT_PIN, WRONG_PIN, NO_CHECK } client;
	bool accepted;
	const char *reason;             /* in the client's error */
} trust_cases[] = {
	{ "CA and name match",           "mx.test",      RIGHT_CA,  true,  NULL },
	{ "a final dot is the same name", "mx.test.",    RIGHT_CA,  true,  NULL },
	{ "names compare without case",  "MX.Test",      RIGHT_CA,  true,  NULL },
	{ "an address in the SAN",       "127.0.0.1",    RIGHT_CA,  true,  NULL },
	{ "another address",             "127.0.0.2",    RIGHT_CA,  false, "IP address mismatch" },
	{ "wrong name",                  "evil.test",    RIGHT_CA,  false, "ostname mismatch" },
	{ "the subject is no name",      "subject.test", RIGHT_CA,  false, "ostname mismatch" },
	{ "unknown CA",                  "mx.test",      WRONG_CA,  false, "unable to get local issuer" },
	{ "the pinned certificate",      "evil.test",    RIGHT_PIN, true,  NULL },
	{ "the pin needs no name",       NULL,           RIGHT_PIN, true,  NULL },
	{ "another certificate",         "mx.test",      WRONG_PIN, false, "not the pinned one" },
	{ "no verification",             "evil.test",    NO_CHECK,  true,  NULL },
	{ "no verification, no name",    NULL,           NO_CHECK,  true,  NULL },
};

static struct net_tls_context *context_for(const struct trust_case *c)
{
	switch (c->client) {
	case RIGHT_CA:
		return client_trusting(&ca);
	case WRONG_CA:
		return client_trusting(&other_ca);
	case RIGHT_PIN:
		return client_pinning(leaf.fingerprint);
	case WRONG_PIN:
		return client_pinning(ca.fingerprint);
	default:
		return client_believing();
	}
}

static void certificates_are_judged(void)
{
	for (size_t i = 0; i < sizeof trust_cases / sizeof *trust_cases; i++) {
		const struct trust_case *c = &trust_cases[i];
		struct pair p;
		open_pair(&p, 0);
		start_both(&p, context_for(c), c->hostname);
		if (c->accepted) {
			CHECK_ROW(rig_run(loop, &p.client.secured, RIG_WAIT_MS) && rig_run(loop, &p.server.secured, RIG_WAIT_MS), c->name);
			CHECK_ROW(!p.client.closed, p.client.why.text);
		} else {
			CHECK_ROW(rig_run(loop, &p.client.closed, RIG_WAIT_MS) && p.client.why.kind == ERROR_DENIED, c->name);
			CHECK_ROW(strstr(p.client.why.text, c->reason) != NULL, p.client.why.text);
			CHECK_ROW(strstr(p.client.why.text, leaf.fingerprint) != NULL, "the error names the certificate's fingerprint");
			CHECK_ROW(!p.client.secured && net_stream_tls_peer(p.client.stream) == NULL, c->name);
			net_stream_close(p.client.stream);
			p.client.stream = NULL;
			CHECK_ROW(rig_run(loop, &p.server.closed, RIG_WAIT_MS) && p.server.why.kind != ERROR_CLOSED, "the server sees a failure");
		}
		close_pair(&p);
	}
}

static void a_secured_stream_describes_itself(const char *name)
{
	struct pair p;
	unsigned char ours[32], theirs[32];

	CHECK_ROW(secure_pair(&p), name);
	CHECK_ROW(strncmp(net_stream_tls_description(p.client.stream), "TLSv1.3 TLS_", 12) == 0, name);
	CHECK_ROW(net_stream_is_secure(p.server.stream), name);
	CHECK_TEXT(net_stream_tls_peer(p.client.stream), "CN=subject.test", name);
	CHECK_ROW(net_stream_tls_peer(p.server.stream) == NULL, "the client showed no certificate");
	CHECK_ROW(net_stream_tls_exporter(p.client.stream, ours) && net_stream_tls_exporter(p.server.stream, theirs) &&
	          memcmp(ours, theirs, 32) == 0, "both ends export the same channel binding");
	close_pair(&p);
}

/* ---- octets ---- */

static void two_megabytes_echo_under_tls(const char *name)
{
	static char data[2 * 1024 * 1024];
	struct pair p;
	unsigned seed = 1;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
	open_pair(&p, 8192);
	p.server.echo = true;
	p.client.want = sizeof data;
	start_both(&p, client_trusting(&ca), "mx.test");
	/* Written before the handshake, sent after it. */
	net_stream_write(p.client.stream, bytes_of(data, sizeof data));
	CHECK_ROW(rig_run(loop, &p.client.has_all, RIG_WAIT_MS), name);
	CHECK_ROW(p.client.got.len == sizeof data && memcmp(p.client.got.at, data, sizeof data) == 0, name);
	CHECK_ROW(!p.client.closed && !p.server.closed, name);
	close_pair(&p);
}

static void records_larger_than_the_input_max_are_all_delivered(const char *name)
{
	static char data[40000];
	struct pair p;

	CHECK(secure_pair(&p));
	net_stream_set_input_max(p.server.stream, 1000);
	p.server.want = sizeof data;
	net_stream_write(p.client.stream, bytes_of(data, sizeof data));
	CHECK_ROW(rig_run(loop, &p.server.has_all, RIG_WAIT_MS), name);
	CHECK_ROW(p.server.got.len == sizeof data, name);
	close_pair(&p);
}

static void a_paused_stream_gets_its_decrypted_rest_after_resume(const char *name)
{
	static char data[9000];
	struct pair p;

	CHECK(secure_pair(&p));
	net_stream_set_input_max(p.server.stream, 100);
	net_stream_pause(p.server.stream);
	net_stream_write(p.client.stream, bytes_of(data, sizeof data));
	rig_run_for(loop, 30);
	CHECK_ROW(p.server.got.len == 0, "nothing comes while paused");
	p.server.want = sizeof data;
	net_stream_resume(p.server.stream);
	CHECK_ROW(rig_run(loop, &p.server.has_all, RIG_WAIT_MS), name);
	close_pair(&p);
}

/* ---- STARTTLS ---- */

/* A server owner that speaks one word of SMTP. */
static void on_starttls_line(void *owner)
{
	struct end *e = owner;
	struct bytes input = net_stream_input(e->stream);

	buffer_add_bytes(&e->got, input);
	if (bytes_starts(input, BYTES("STARTTLS\r\n"))) {
		net_stream_write(e->stream, BYTES("220 go\r\n"));
		net_stream_start_tls_server(e->stream, server_context);
		buffer_clear(&e->got);
		CHECK_ROW(input.at[0] == 'S', "the line may be looked at until its handler returns");
		CHECK_ROW(net_stream_input(e->stream).len == 0, "what was behind STARTTLS is gone");
		net_stream_consume(e->stream, 10);
		return;
	}
	net_stream_consume(e->stream, input.len);
	e->has_all = e->got.len >= e->want;
}

static const struct net_stream_events starttls_events = { on_starttls_line, NULL, on_secured, on_closed };

static void injected_plaintext_never_reaches_the_owner(const char *name)
{
	struct pair p;

	open_pair(&p, 0);
	net_stream_set_owner(p.server.stream, &starttls_events, &p.server);
	net_stream_write(p.client.stream, BYTES("STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n"));
	p.client.want = 8;
	CHECK_ROW(rig_run(loop, &p.client.has_all, RIG_WAIT_MS), "the reply leaves in clear");
	CHECK_ROW(p.client.got.len == 8 && memcmp(p.client.got.at, "220 go\r\n", 8) == 0, "the reply leaves in clear");
	p.server.want = 6;
	struct net_tls_context *context = client_believing();
	net_stream_start_tls_client(p.client.stream, context, NULL);
	net_tls_context_unref(context);
	net_stream_write(p.client.stream, BYTES("NOOP\r\n"));
	CHECK_ROW(rig_run(loop, &p.server.has_all, RIG_WAIT_MS), name);
	CHECK_ROW(p.server.got.len == 6 && memcmp(p.server.got.at, "NOOP\r\n", 6) == 0, name);
	close_pair(&p);
}

static void plaintext_sent_after_starttls_breaks_the_handshake(const char *name)
{
	struct pair p;

	open_pair(&p, 0);
	net_stream_set_owner(p.server.stream, &starttls_events, &p.server);
	net_stream_write(p.client.stream, BYTES("STARTTLS\r\n"));
	p.client.want = 8;
	CHECK(rig_run(loop, &p.client.has_all, RIG_WAIT_MS));
	net_stream_write(p.client.stream, BYTES("MAIL FROM:<evil@x.test>\r\n"));
	CHECK_ROW(rig_run(loop, &p.server.closed, RIG_WAIT_MS) && p.server.why.kind == ERROR_SYSTEM, name);
	CHECK_ROW(strstr(p.server.why.text, "TLS handshake") != NULL, p.server.why.text);
	CHECK_ROW(p.server.got.len == 0, name);
	close_pair(&p);
}

/* ---- ends ---- */

static void a_truncated_stream_is_an_error(const char *name)
{
	struct pair p;

	CHECK(secure_pair(&p));
	net_stream_write(p.client.stream, BYTES("half a mess"));
	rig_run_for(loop, 20);
	shutdown(p.fds[0], SHUT_WR);    /* a FIN that no close_notify announced */
	CHECK_ROW(rig_run(loop, &p.server.closed, RIG_WAIT_MS), name);
	CHECK_ROW(p.server.got.len == 11, "input is delivered before the error");
	CHECK_ROW(p.server.why.kind == ERROR_SYSTEM && strstr(p.server.why.text, "truncated") != NULL, p.server.why.text);
	close_pair(&p);
}

static void finish_ends_tls_in_order(const char *name)
{
	static char data[300000];
	struct pair p;

	CHECK(secure_pair(&p));
	net_stream_write(p.client.stream, bytes_of(data, sizeof data));
	net_stream_finish(p.client.stream);
	p.client.stream = NULL;
	CHECK_ROW(rig_run(loop, &p.server.closed, RIG_WAIT_MS), name);
	CHECK_ROW(p.server.why.kind == ERROR_CLOSED && p.server.got.len == sizeof data, p.server.why.text);
	net_stream_finish(p.server.stream);
	p.server.stream = NULL;
	RIG_RUN_UNTIL(loop, net_loop_endings(loop) == 0);
	CHECK_ROW(net_loop_endings(loop) == 0, name);
	close_pair(&p);
}

static void closing_when_secured_is_legal(void *owner)
{
	struct end *e = owner;

	e->secured = true;
	net_stream_close(e->stream);
	e->stream = NULL;
}

static const struct net_stream_events hasty_events = { on_input, NULL, closing_when_secured_is_legal, on_closed };

static void a_stream_may_be_closed_when_secured(const char *name)
{
	struct pair p;

	open_pair(&p, 0);
	net_stream_set_owner(p.client.stream, &hasty_events, &p.client);
	start_both(&p, client_believing(), NULL);
	CHECK_ROW(rig_run(loop, &p.client.secured, RIG_WAIT_MS), name);
	CHECK_ROW(rig_run(loop, &p.server.closed, RIG_WAIT_MS), name);
	close_pair(&p);
}

/* ---- contexts ---- */

static void contexts_say_what_is_wrong(void)
{
	struct error err = { 0 };

	CHECK(net_tls_context_server(BYTES("no PEM"), leaf.key_pem, "1.2", &err) == NULL && strstr(err.text, "certificate"));
	err = (struct error){ 0 };
	CHECK(net_tls_context_server(leaf.pem, BYTES("no PEM"), "1.2", &err) == NULL && strstr(err.text, "key"));
	err = (struct error){ 0 };
	CHECK(net_tls_context_server(leaf.pem, ca.key_pem, "1.2", &err) == NULL && strstr(err.text, "belong together"));
	err = (struct error){ 0 };
	CHECK(net_tls_context_client(NET_TLS_VERIFY_CA, BYTES("no PEM"), NULL, &err) == NULL && strstr(err.text, "CA"));
	err = (struct error){ 0 };
	CHECK(net_tls_context_client(NET_TLS_VERIFY_FINGERPRINT, (struct bytes){ 0 }, "abcd", &err) == NULL && strstr(err.text, "64"));
}

int main(void)
{
	struct error err = { 0 };

	net_signal_ignore_pipe();
	ca = certificate_make("Test CA", NULL, NULL);
	other_ca = certificate_make("Other CA", NULL, NULL);
	leaf = certificate_make("subject.test", "DNS:mx.test,IP:127.0.0.1", &ca);
	server_context = net_tls_context_server(leaf.pem, leaf.key_pem, "1.2", &err);
	CHECK_ROW(server_context != NULL, err.text);
	contexts_say_what_is_wrong();
	for (size_t i = 0; server_context && i < sizeof rig_backends / sizeof *rig_backends; i++) {
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		certificates_are_judged();
		a_secured_stream_describes_itself(name);
		two_megabytes_echo_under_tls(name);
		records_larger_than_the_input_max_are_all_delivered(name);
		a_paused_stream_gets_its_decrypted_rest_after_resume(name);
		injected_plaintext_never_reaches_the_owner(name);
		plaintext_sent_after_starttls_breaks_the_handshake(name);
		a_truncated_stream_is_an_error(name);
		finish_ends_tls_in_order(name);
		a_stream_may_be_closed_when_secured(name);
		net_loop_destroy(loop);
	}
	net_tls_context_unref(server_context);
	certificate_release(&ca);
	certificate_release(&other_ca);
	certificate_release(&leaf);
	return check_finish();
}
