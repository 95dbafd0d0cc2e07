/*
 * pipeload: messages over one SMTP connection, as many under way as the protocol lets.
 *
 * usage: pipeload HOST PORT RECIPIENT COUNT OCTETS MODE
 *
 *   one    each command waits for its reply: one message outstanding
 *   data   RFC 2920: "message . MAIL RCPT DATA" is one group; the next message follows the 354
 *   bdat   RFC 3030: MAIL RCPT BDAT LAST without waiting, at most WINDOW messages outstanding
 *
 * Prints messages per second.  Exit 1 after a refusal, 2 when the server does not offer what the mode needs.
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 24, LINE_OCTETS = 72 };

struct text {
	char *at;
	size_t len;
};

static int server;
static char input[65536];
static size_t input_used, input_read;

static void fail(const char *what, const char *detail)
{
	fprintf(stderr, "pipeload: %s: %s\n", what, detail);
	exit(1);
}

static void dial(const char *host, const char *port)
{
	struct addrinfo *where, hint = { .ai_socktype = SOCK_STREAM };
	int one = 1;

	if (getaddrinfo(host, port, &hint, &where) != 0)
		fail(host, "unknown host");
	server = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server < 0 || connect(server, where->ai_addr, where->ai_addrlen) != 0)
		fail(host, "no connection");
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	freeaddrinfo(where);
}

static void say(const char *octets, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(server, octets, len, MSG_NOSIGNAL);

		if (sent <= 0)
			fail("send", "connection lost");
		octets += sent;
		len -= (size_t)sent;
	}
}

static char next_octet(void)
{
	if (input_used == input_read) {
		ssize_t got = recv(server, input, sizeof input, 0);

		if (got <= 0)
			fail("receive", "connection lost");
		input_used = 0;
		input_read = (size_t)got;
	}
	return input[input_used++];
}

/* One whole reply; true when some line of it holds `word` (NULL: any).  A code of another class ends the program. */
static bool hear(char class, const char *word)
{
	bool found = word == NULL;
	char line[1024];

	do {
		size_t len = 0;
		char octet;

		while ((octet = next_octet()) != '\n')
			if (len < sizeof line - 1 && octet != '\r')
				line[len++] = octet;
		line[len] = '\0';
		if (line[0] != class)
			fail("reply", line);
		if (word && strstr(line, word))
			found = true;
	} while (line[3] == '-');
	return found;
}

static struct text message_of(size_t octets)
{
	static const char head[] = "Subject: load\r\nFrom: <load@bench.test>\r\n\r\n";
	struct text text = { malloc(octets + sizeof head + LINE_OCTETS + 8), sizeof head - 1 };

	if (!text.at)
		fail("memory", "none");
	memcpy(text.at, head, sizeof head);
	while (text.len < octets) {
		memset(text.at + text.len, 'x', LINE_OCTETS);
		memcpy(text.at + text.len + LINE_OCTETS, "\r\n", 2);
		text.len += LINE_OCTETS + 2;
	}
	return text;
}

static struct text join(const struct text *parts, int n)
{
	struct text all = { NULL, 0 };

	for (int i = 0; i < n; i++)
		all.len += parts[i].len;
	all.at = malloc(all.len + 1);
	if (!all.at)
		fail("memory", "none");
	for (size_t i = 0, at = 0; i < (size_t)n; at += parts[i++].len)
		memcpy(all.at + at, parts[i].at, parts[i].len);
	return all;
}

static void say_text(struct text text)
{
	say(text.at, text.len);
}

static void one_at_a_time(long count, struct text mail, struct text rcpt, struct text data, struct text message)
{
	for (long i = 0; i < count; i++) {
		say_text(mail);
		hear('2', NULL);
		say_text(rcpt);
		hear('2', NULL);
		say_text(data);
		hear('3', NULL);
		say_text(message);
		hear('2', NULL);
	}
}

static void pipelined(long count, struct text group, struct text message)
{
	struct text both = join((struct text[]){ message, group }, 2);

	say_text(group);
	for (long i = 0; i < count; i++) {
		hear('2', NULL);
		hear('2', NULL);
		hear('3', NULL);
		say_text(i + 1 < count ? both : message);
		hear('2', NULL);
	}
}

static void chunked(long count, struct text group)
{
	long sent = 0;

	for (long done = 0; done < count; done++) {
		while (sent < count && sent - done < WINDOW) {
			say_text(group);
			sent++;
		}
		hear('2', NULL);
		hear('2', NULL);
		hear('2', NULL);
	}
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fputs("usage: pipeload HOST PORT RECIPIENT COUNT OCTETS one|data|bdat\n", stderr);
		return 64;
	}
	long count = strtol(argv[4], NULL, 10);
	const char *mode = argv[6];
	struct text message = message_of(strtoul(argv[5], NULL, 10)), dot = { "\r\n.\r\n" + 2, 3 };
	struct text mail = { "MAIL FROM:<load@bench.test>\r\n", 0 }, data = { "DATA\r\n", 6 }, rcpt, bdat;
	struct timespec begin, end;

	mail.len = strlen(mail.at);
	rcpt.len = (size_t)asprintf(&rcpt.at, "RCPT TO:<%s>\r\n", argv[3]);
	bdat.len = (size_t)asprintf(&bdat.at, "BDAT %zu LAST\r\n", message.len);
	dial(argv[1], argv[2]);
	hear('2', NULL);
	say("EHLO load.bench.test\r\n", 22);
	if (!hear('2', strcmp(mode, "bdat") == 0 ? "CHUNKING" : "PIPELINING"))
		return 2;
	struct text ended = join((struct text[]){ message, dot }, 2);

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (strcmp(mode, "one") == 0)
		one_at_a_time(count, mail, rcpt, data, ended);
	else if (strcmp(mode, "data") == 0)
		pipelined(count, join((struct text[]){ mail, rcpt, data }, 3), ended);
	else
		chunked(count, join((struct text[]){ mail, rcpt, bdat, message }, 4));
	clock_gettime(CLOCK_MONOTONIC, &end);
	say("QUIT\r\n", 6);
	hear('2', NULL);
	printf("%.1f\n", (double)count / ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9));
	return 0;
}
