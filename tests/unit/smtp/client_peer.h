/* client_peer: the server that a claim's client meets: a thread with blocking sockets that plays a script.  All in the header, because each test is one program of one object. */
#ifndef TESTS_UNIT_SMTP_CLIENT_PEER_H
#define TESTS_UNIT_SMTP_CLIENT_PEER_H

#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>

#include "auth/sasl_server.h"
#include "base/codec.h"
#include "tests/unit/netcore/certificates.h"
#include "tests/unit/netcore/rig.h"

static struct certificate ca, leaf;

struct peer {
	const char *script;
	int listener, fd;
	SSL *ssl;
	struct buffer input, body, complaint;
	pthread_t thread;
};

static inline int raw_read(struct peer *p, char *at, size_t size)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };

	if (!(p->ssl && SSL_pending(p->ssl) > 0) && poll(&wait, 1, 60000) <= 0)
		return 0;
	return p->ssl ? SSL_read(p->ssl, at, (int)size) : (int)recv(p->fd, at, size, 0);
}

static inline void raw_write(struct peer *p, struct bytes text)
{
	if (p->ssl)
		SSL_write(p->ssl, text.at, (int)text.len);
	else if (send(p->fd, text.at, text.len, MSG_NOSIGNAL) < 0)
		buffer_add_text(&p->complaint, "send; ");
}

/* Octets up to and including `until`; empty when the client went away or is silent. */
static inline bool read_until(struct peer *p, const char *until, struct buffer *out)
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

static inline void say(struct peer *p, struct bytes text)
{
	struct buffer line = { 0 };

	buffer_add_bytes(&line, text);
	buffer_add_text(&line, "\r\n");
	raw_write(p, buffer_bytes(&line));
	buffer_release(&line);
}

static inline void expect(struct peer *p, struct bytes want)
{
	struct buffer got = { 0 };

	if (!read_until(p, "\r\n", &got))
		buffer_printf(&p->complaint, "wanted \"%.*s\", got nothing; ", BYTES_PRINT(want));
	else if (!bytes_equal(bytes_slice(buffer_bytes(&got), 0, got.len - 2), want))
		buffer_printf(&p->complaint, "wanted \"%.*s\", got \"%.*s\"; ", BYTES_PRINT(want), BYTES_PRINT(buffer_bytes(&got)));
	buffer_release(&got);
}

static inline void expect_silence(struct peer *p)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };

	if (p->input.len > 0 || poll(&wait, 1, 50) > 0)
		buffer_add_text(&p->complaint, "more than wanted; ");
}

static inline void accept_tls(struct peer *p)
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
static inline void authenticate(struct peer *p)
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
static inline void play(struct peer *p, struct bytes line)
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

static inline void *peer_run(void *owner)
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

#endif
