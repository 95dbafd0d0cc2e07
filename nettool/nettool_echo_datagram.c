#include "nettool/nettool_echo_datagram.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/text.h"
#include "netcore/net_datagram.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"
#include "nettool/nettool_program.h"

#define REPEAT_MS 1000
#define ASKS_MAX 3

/* ---- serve ---- */

struct server {
	struct nettool_program program;
	struct net_datagram *socket;
};

static void say_back(void *owner, const struct net_datagram_received *r)
{
	struct server *server = owner;
	char *answer = bytes_dup(r->octets);

	for (size_t i = 0; i < r->octets.len; i++)
		answer[i] = (char)text_upper((unsigned char)answer[i]);
	if (r->peer.len > 0)
		net_datagram_send(server->socket, &r->peer, &r->reply_from, bytes_of(answer, r->octets.len), NULL);
	free(answer);
}

static const struct net_datagram_events server_events = { say_back, NULL, NULL };

int nettool_echo_datagram_serve(const struct net_addr *at)
{
	struct server server = { 0 };
	struct error err = { 0 };

	if (nettool_program_open(&server.program, "echo")) {
		int fd = net_socket_bind_datagram(at, &err);
		if (fd >= 0)
			server.socket = net_datagram_create(server.program.loop, fd, &server_events, &server, &err);
		if (server.socket == NULL)
			nettool_program_end(&server.program, EX_UNAVAILABLE, err.text);
		else
			nettool_program_say_listening("udp:", fd);
		nettool_program_run(&server.program);
		net_datagram_close(server.socket);
	}
	return nettool_program_close(&server.program);
}

/* ---- ask ---- */

struct asker {
	struct nettool_program program;
	struct net_datagram *socket;
	struct net_timer repeat;
	char **texts;
	int n, asked;
	bool refused;
};

static void ask(void *owner)
{
	struct asker *a = owner;
	struct error err = { 0 };

	if (a->asked++ == ASKS_MAX)
		nettool_program_end(&a->program, a->refused ? EX_UNAVAILABLE : EX_TEMPFAIL, a->refused ? "nobody listens there" : "no answer came");
	else if (!net_datagram_send(a->socket, NULL, NULL, bytes_text(a->texts[0]), &err))
		nettool_program_end(&a->program, EX_DATAERR, err.text);
	else
		net_timer_start(&a->repeat, a->program.loop, REPEAT_MS, ask, a);
}

/* A late answer to an earlier asking must not pass for the next text's. */
static bool is_answer(struct bytes octets, const char *text)
{
	return bytes_equal_nocase(octets, bytes_text(text));
}

static void on_answer(void *owner, const struct net_datagram_received *r)
{
	struct asker *a = owner;

	if (a->n == 0 || !is_answer(r->octets, a->texts[0]))
		return;
	printf("%.*s\n", BYTES_PRINT(r->octets));
	a->texts++;
	a->asked = 0;
	if (--a->n == 0)
		nettool_program_end(&a->program, EX_OK, NULL);
	else
		ask(a);
}

static void on_failed(void *owner, const struct net_addr *to, const struct error *why)
{
	struct asker *a = owner;

	(void)to;
	(void)why;
	a->refused = true;
}

static const struct net_datagram_events asker_events = { on_answer, NULL, on_failed };

int nettool_echo_datagram_ask(const struct net_addr *at, char **texts, int n)
{
	struct asker a = { .texts = texts, .n = n };
	struct error err = { 0 };

	if (nettool_program_open(&a.program, "echo")) {
		int fd = net_socket_connect_datagram(at, &err);
		if (fd >= 0)
			a.socket = net_datagram_create(a.program.loop, fd, &asker_events, &a, &err);
		if (a.socket)
			ask(&a);
		else
			nettool_program_end(&a.program, EX_UNAVAILABLE, err.text);
		nettool_program_run(&a.program);
		net_timer_stop(&a.repeat);
		net_datagram_close(a.socket);
	}
	return nettool_program_close(&a.program);
}
