/*
 * idlehold: hold many IMAP sessions in IDLE, plain or over TLS from the first octet, until standard input ends.
 *
 * usage: idlehold HOST PORT plain|tls COUNT PASSWORD USER...
 *
 * Session i is of user i modulo their number: LOGIN, SELECT INBOX, IDLE.  Prints "ready" when all are idle; at the end of standard
 * input sends DONE and LOGOUT on each, prints "done".  The certificate is not looked at: what is measured is the server's memory.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct session {
	int fd;
	SSL *tls;
};

static void fail(const char *what, const char *detail)
{
	fprintf(stderr, "idlehold: %s: %s\n", what, detail);
	exit(1);
}

static void dial(struct session *s, const struct addrinfo *where, SSL_CTX *context)
{
	int one = 1;

	s->fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, where->ai_addr, where->ai_addrlen) != 0)
		fail("connect", "refused");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (!context)
		return;
	s->tls = SSL_new(context);
	if (!s->tls || SSL_set_fd(s->tls, s->fd) != 1 || SSL_connect(s->tls) != 1)
		fail("TLS", "no handshake");
}

static void say(struct session *s, const char *text)
{
	size_t len = strlen(text);
	bool sent = s->tls ? SSL_write(s->tls, text, (int)len) == (int)len : send(s->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;

	if (!sent)
		fail("send", text);
}

/* Lines up to one that begins with `want`; NO and BAD end the program. */
static void hear(struct session *s, const char *want)
{
	char line[2048];

	for (;;) {
		size_t len = 0;
		char octet = 0;

		while (octet != '\n') {
			int got = s->tls ? SSL_read(s->tls, &octet, 1) : (int)recv(s->fd, &octet, 1, 0);

			if (got != 1)
				fail("connection lost before", want);
			if (len < sizeof line - 1)
				line[len++] = octet;
		}
		line[len] = '\0';
		if (strncmp(line, want, strlen(want)) == 0)
			return;
		if (strncmp(line, "a ", 2) == 0)
			fail("answer", line);
	}
}

static void become_idle(struct session *s, const char *user, const char *password)
{
	char command[512];

	hear(s, "* OK");
	snprintf(command, sizeof command, "a LOGIN \"%s\" \"%s\"\r\n", user, password);
	say(s, command);
	hear(s, "a OK");
	say(s, "a SELECT INBOX\r\n");
	hear(s, "a OK");
	say(s, "a IDLE\r\n");
	hear(s, "+");
}

static void leave(struct session *s)
{
	say(s, "DONE\r\n");
	hear(s, "a OK");
	say(s, "a LOGOUT\r\n");
	hear(s, "a OK");
	close(s->fd);
	SSL_free(s->tls);
}

int main(int argc, char **argv)
{
	if (argc < 7) {
		fputs("usage: idlehold HOST PORT plain|tls COUNT PASSWORD USER...\n", stderr);
		return 64;
	}
	size_t count = strtoul(argv[4], NULL, 10), users = (size_t)argc - 6;
	struct session *sessions = calloc(count ? count : 1, sizeof *sessions);
	struct addrinfo *where, hint = { .ai_socktype = SOCK_STREAM };
	SSL_CTX *context = strcmp(argv[3], "tls") == 0 ? SSL_CTX_new(TLS_client_method()) : NULL;
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (!sessions || getaddrinfo(argv[1], argv[2], &hint, &where) != 0)
		fail(argv[1], "unknown host");
	for (size_t i = 0; i < count; i++) {
		dial(&sessions[i], where, context);
		become_idle(&sessions[i], argv[6 + i % users], argv[5]);
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (size_t i = 0; i < count; i++)
		leave(&sessions[i]);
	puts("done");
	return 0;
}
