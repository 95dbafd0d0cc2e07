/*
 * streamload: one stream over loopback, judged at its far end.
 *
 *   streamload sink               prints "port N"; takes connections one after the other, checks each octet
 *   streamload send PORT MIB      sends MIB mebibytes, then FIN; prints MB/s up to the sink's answer
 *   streamload ping PORT ROUNDS   64 octets there and back, so often; prints the median in microseconds
 *
 * The stream repeats noise with an odd period, so that no lost or doubled piece goes unseen.  The sink answers a FIN with how many octets it got, all right; a stream whose first word
 * is PING is sent back as it comes.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (256 * 1024)
#define PERIOD 1000003
#define PING 0x676e6970676e6970u
#define PING_SIZE 64

static char pattern[PERIOD];

static void make_pattern(void)
{
	uint64_t state = 1;

	for (size_t i = 0; i < PERIOD; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		pattern[i] = (char)(state >> 56);
	}
}

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void send_all(int fd, const void *at, size_t len)
{
	for (size_t sent = 0; sent < len;) {
		ssize_t n = send(fd, (const char *)at + sent, len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			die("send");
		sent += (size_t)n;
	}
}

/* Octets of a stream may come in any pieces: `at` is how many came before. */
static int is_right(uint64_t at, const char *got, size_t len)
{
	while (len > 0) {
		size_t from = at % PERIOD, n = PERIOD - from < len ? PERIOD - from : len;
		if (memcmp(got, pattern + from, n) != 0)
			return 0;
		got += n;
		at += n;
		len -= n;
	}
	return 1;
}

static void serve_one(int fd)
{
	static char got[CHUNK];
	const uint64_t ping = PING;
	uint64_t total = 0, ok = 1, is_ping = 0;
	ssize_t n;
	char answer[64];

	while ((n = recv(fd, got, sizeof got, 0)) > 0) {
		if (total == 0 && n >= 8 && memcmp(got, &ping, 8) == 0)
			is_ping = 1;
		if (is_ping)
			send_all(fd, got, (size_t)n);
		else
			ok = ok && is_right(total, got, (size_t)n);
		total += (uint64_t)n;
	}
	snprintf(answer, sizeof answer, "%" PRIu64 "\n", ok ? total : 0);
	if (!is_ping)
		send_all(fd, answer, strlen(answer));
}

static void sink(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 16) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	printf("port %d\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept(fd, NULL, NULL);
		if (client < 0)
			die("accept");
		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		serve_one(client);
		close(client);
	}
}

static int dial(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static void send_stream(const char *port, uint64_t mib)
{
	uint64_t total = mib << 20;
	char answer[64] = "";
	size_t n = 0;
	ssize_t got;
	int fd = dial(port);
	double begin = now_s();

	for (uint64_t sent = 0; sent < total;) {
		size_t from = sent % PERIOD, most = PERIOD - from < CHUNK ? PERIOD - from : CHUNK;
		size_t len = most < total - sent ? most : (size_t)(total - sent);
		send_all(fd, pattern + from, len);
		sent += len;
	}
	shutdown(fd, SHUT_WR);
	while (n < sizeof answer - 1 && (got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0)
		n += (size_t)got;
	if (strtoull(answer, NULL, 10) != total) {
		fprintf(stderr, "streamload: %" PRIu64 " octets sent, the far end had right: %s\n", total, answer);
		exit(1);
	}
	printf("%.1f\n", (double)total / 1e6 / (now_s() - begin));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void ping(const char *port, size_t rounds)
{
	uint64_t out[PING_SIZE / 8] = { PING };
	char in[PING_SIZE];
	double *took = calloc(rounds, sizeof *took);
	int fd = dial(port);

	for (size_t i = 0; took && i < rounds; i++) {
		double begin = now_s();
		send_all(fd, out, sizeof out);
		for (size_t n = 0; n < sizeof in;) {
			ssize_t got = recv(fd, in + n, sizeof in - n, 0);
			if (got <= 0)
				die("receive");
			n += (size_t)got;
		}
		took[i] = (now_s() - begin) * 1e6;
	}
	qsort(took, rounds, sizeof *took, by_value);
	printf("%.1f\n", took[rounds / 2]);
	free(took);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	make_pattern();
	if (argc == 2 && strcmp(argv[1], "sink") == 0)
		sink();
	else if (argc == 4 && strcmp(argv[1], "send") == 0)
		send_stream(argv[2], strtoull(argv[3], NULL, 10));
	else if (argc == 4 && strcmp(argv[1], "ping") == 0)
		ping(argv[2], strtoull(argv[3], NULL, 10));
	else
		return 64;
	return 0;
}
