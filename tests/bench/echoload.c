/*
 * echoload: ask an echo server, as many at once as wanted.
 *
 *   echoload rate PORT COUNT MS                 each of COUNT connections sends 64 octets, waits for them, sends again: prints answers a second
 *   echoload hold PORT COUNT plain|tls          COUNT connections, an echo on each; then "ready", and "done" at the end of standard input
 *   echoload churn PORT COUNT KIND              COUNT connections, 64 at once, each to its end: prints "done"
 *
 * KIND: whole (echo, FIN, the server's FIN), half (FIN at once after 64 octets, then the echo), reset (echo, reset), mute (reset without a word),
 * clear (to a TLS server: words in clear instead of a handshake), cut (a handshake's first half, then FIN).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE 64
#define AT_ONCE 64

struct connection {
	int fd;
	size_t got;
	SSL *tls;
	char octets[SIZE];
};

static _Noreturn void die(const char *what)
{
	if (errno)
		perror(what);
	else
		fprintf(stderr, "%s: wrong\n", what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int dial(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* 64 octets that no other connection and no other round sends. */
static void say(struct connection *c, uint32_t round)
{
	memset(c->octets, 'a' + c->fd % 26, SIZE);
	memcpy(c->octets, &c->fd, sizeof c->fd);
	memcpy(c->octets + sizeof c->fd, &round, sizeof round);
	c->got = 0;
	if (send(c->fd, c->octets, SIZE, MSG_NOSIGNAL) != SIZE)
		die("sending");
}

/* True when the echo is whole. */
static bool hear(struct connection *c)
{
	char got[SIZE];
	ssize_t n = recv(c->fd, got, SIZE - c->got, 0);

	errno = n <= 0 ? errno : 0;
	if (n <= 0 || memcmp(got, c->octets + c->got, (size_t)n) != 0)
		die("the echo");
	c->got += (size_t)n;
	return c->got == SIZE;
}

static void rate(const char *port, size_t count, double ms)
{
	struct connection *all = calloc(count, sizeof *all);
	struct epoll_event ready[256];
	int set = epoll_create1(EPOLL_CLOEXEC);
	uint32_t round = 0;
	double begin = 0, end = 0;

	for (size_t i = 0; i < count; i++) {
		all[i].fd = dial(port);
		epoll_ctl(set, EPOLL_CTL_ADD, all[i].fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &all[i] });
	}
	for (size_t i = 0; i < count; i++)
		say(&all[i], round++);
	/* The first answers of all are for warming up. */
	for (size_t answers = 0; end == 0 || now_ms() < end;) {
		int n = epoll_wait(set, ready, 256, 1000);
		if (n <= 0)
			die("no answer");
		for (int i = 0; i < n; i++)
			if (hear(ready[i].data.ptr)) {
				answers++;
				say(ready[i].data.ptr, round++);
			}
		if (end == 0 && answers >= 4 * count) {
			begin = now_ms();
			end = begin + ms;
			round = 0;
		}
	}
	printf("%.0f\n", (double)round / (now_ms() - begin) * 1e3);
}

static void secure(struct connection *c, SSL_CTX *context)
{
	char got[SIZE];
	size_t n = 0;

	c->tls = SSL_new(context);
	if (!c->tls || SSL_set_fd(c->tls, c->fd) != 1 || SSL_connect(c->tls) != 1 || SSL_version(c->tls) != TLS1_3_VERSION)
		die("TLS 1.3");
	memset(c->octets, 'a' + c->fd % 26, SIZE);
	if (SSL_write(c->tls, c->octets, SIZE) != SIZE)
		die("sending");
	while (n < SIZE) {
		int some = SSL_read(c->tls, got + n, (int)(SIZE - n));
		if (some <= 0)
			die("the echo");
		n += (size_t)some;
	}
	if (memcmp(got, c->octets, SIZE) != 0)
		die("the echo");
}

static void hold(const char *port, size_t count, bool with_tls)
{
	struct connection *all = calloc(count, sizeof *all);
	SSL_CTX *context = with_tls ? SSL_CTX_new(TLS_client_method()) : NULL;

	for (size_t i = 0; i < count; i++) {
		all[i].fd = dial(port);
		if (with_tls) {
			secure(&all[i], context);
			continue;
		}
		say(&all[i], (uint32_t)i);
		while (!hear(&all[i]))
			;
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (size_t i = 0; i < count; i++) {
		if (all[i].tls)
			SSL_shutdown(all[i].tls);
		close(all[i].fd);
	}
	puts("done");
}

static void expect_end(int fd)
{
	char rest[4096];

	while (recv(fd, rest, sizeof rest, 0) > 0)
		;
}

/* What a client says first. */
static void begin(struct connection *c, const char *port, const char *kind)
{
	static const unsigned char hello_begins[] = { 22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 };

	c->fd = dial(port);
	if (strcmp(kind, "mute") == 0)
		return;
	if (strcmp(kind, "cut") == 0)
		send(c->fd, hello_begins, sizeof hello_begins, MSG_NOSIGNAL);
	else
		say(c, 0);
	if (strcmp(kind, "cut") == 0 || strcmp(kind, "half") == 0)
		shutdown(c->fd, SHUT_WR);
}

static void finish(struct connection *c, const char *kind)
{
	bool resets = strcmp(kind, "reset") == 0 || strcmp(kind, "mute") == 0;

	if (strcmp(kind, "whole") == 0 || strcmp(kind, "half") == 0 || strcmp(kind, "reset") == 0)
		while (!hear(c))
			;
	if (resets)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	else
		shutdown(c->fd, SHUT_WR);
	if (!resets)
		expect_end(c->fd);
	close(c->fd);
}

static void churn(const char *port, size_t count, const char *kind)
{
	struct connection some[AT_ONCE];

	for (size_t n = 0; n < count; n += AT_ONCE) {
		size_t now = count - n < AT_ONCE ? count - n : AT_ONCE;
		for (size_t i = 0; i < now; i++)
			begin(&some[i], port, kind);
		for (size_t i = 0; i < now; i++)
			finish(&some[i], kind);
	}
	puts("done");
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 5)
		return 64;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	size_t count = strtoul(argv[3], NULL, 10);
	if (strcmp(argv[1], "rate") == 0)
		rate(argv[2], count, strtod(argv[4], NULL));
	else if (strcmp(argv[1], "hold") == 0)
		hold(argv[2], count, strcmp(argv[4], "tls") == 0);
	else if (strcmp(argv[1], "churn") == 0)
		churn(argv[2], count, argv[4]);
	else
		return 64;
	return 0;
}
