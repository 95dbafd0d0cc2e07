/* nettool echo: a server that says every line back in capitals, to many clients at once; and a client of it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/list.h"
#include "base/memory.h"
#include "base/text.h"
#include "netcore/net_connect.h"
#include "netcore/net_line.h"
#include "netcore/net_listener.h"
#include "netcore/net_signal.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"
#include "nettool/nettool_address.h"
#include "nettool/nettool_commands.h"
#include "nettool/nettool_echo_datagram.h"

#define LINE_MAX_OCTETS 4096
#define IDLE_MS (10 * 60 * 1000)
#define ANSWER_MS 10000

/* ---- serve: one `struct guest` a connection ---- */

struct server {
	struct net_loop *loop;
	struct net_listener *listener;
	struct net_signal *signals;
	struct list guests;
};

struct guest {
	struct server *server;
	struct list_node node;
	struct net_stream *stream;
	struct net_line reader;
};

static void guest_leave(struct guest *g, const char *last_words)
{
	net_stream_write(g->stream, bytes_text(last_words));
	net_stream_finish(g->stream);
	list_remove(&g->server->guests, &g->node);
	free(g);
}

static void say_back(struct guest *g, struct bytes line)
{
	char *answer = bytes_dup(line);

	for (size_t i = 0; i < line.len; i++)
		answer[i] = (char)text_upper((unsigned char)answer[i]);
	net_stream_write(g->stream, bytes_of(answer, line.len));
	/* Above the high-water mark the guest has to read before it is heard again. */
	if (!net_stream_write(g->stream, BYTES("\r\n")))
		net_stream_pause(g->stream);
	free(answer);
}

static void guest_input(void *owner)
{
	struct guest *g = owner;
	struct bytes line;

	net_stream_set_deadline(g->stream, IDLE_MS);
	for (;;) {
		switch (net_line_read(&g->reader, g->stream, &line)) {
		case NET_LINE_NONE:
			return;
		case NET_LINE_READY:
			say_back(g, line);
			net_line_done(g->stream, line);
			break;
		case NET_LINE_TOO_LONG:
			guest_leave(g, "a line has at most 4096 octets\r\n");
			return;
		case NET_LINE_BARE_LF:
		case NET_LINE_NUL:
			guest_leave(g, "a line ends with CR LF and holds no NUL\r\n");
			return;
		}
	}
}

static void guest_drained(void *owner)
{
	struct guest *g = owner;

	net_stream_resume(g->stream);
}

static void guest_closed(void *owner, const struct error *why)
{
	(void)why;
	guest_leave(owner, "");
}

static const struct net_stream_events guest_events = { guest_input, guest_drained, NULL, guest_closed };

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	struct server *server = owner;
	struct guest *g = xcalloc(1, sizeof *g);

	(void)peer;
	g->server = server;
	list_append(&server->guests, &g->node);
	g->reader.limit = LINE_MAX_OCTETS;
	g->stream = net_stream_create(server->loop, fd, &guest_events, g, NULL);
	net_stream_set_deadline(g->stream, IDLE_MS);
}

static void on_signal(void *owner, int number)
{
	struct server *server = owner;

	(void)number;
	net_loop_stop(server->loop);
}

static bool server_open(struct server *server, const struct net_addr *at, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, 0 };
	int fd = net_socket_listen(at, err);
	struct net_addr real;
	char text[NET_ADDR_TEXT];

	if (fd < 0)
		return false;
	net_socket_local_addr(fd, &real);
	server->listener = net_listener_create(server->loop, fd, on_guest, server, err);
	server->signals = net_signal_create(server->loop, signals, on_signal, server, err);
	if (server->listener == NULL || server->signals == NULL)
		return false;
	printf("listening on %s\n", net_addr_format(&real, text));
	fflush(stdout);
	return true;
}

static int serve(const struct net_addr *at)
{
	struct error err = { 0 };
	struct server server = { .loop = net_loop_create(net_poll_kind_default(), &err) };
	char text[NET_ADDR_TEXT];
	bool open = server.loop && server_open(&server, at, &err);

	if (open)
		net_loop_run(server.loop);
	else
		fprintf(stderr, "nettool echo: %s\n", err.text);
	net_listener_destroy(server.listener);
	net_signal_destroy(server.signals);
	struct list_node *node;
	while ((node = list_take_first(&server.guests)) != NULL)
		guest_leave(LIST_OWNER(node, struct guest, node), "the server ends\r\n");
	while (server.loop && net_loop_endings(server.loop) > 0)
		net_loop_run_once(server.loop, -1);
	net_loop_destroy(server.loop);
	if (open && net_addr_family(at) == AF_UNIX)
		unlink(net_addr_format(at, text) + strlen("unix:"));
	return open ? EX_OK : EX_UNAVAILABLE;
}

/* ---- ask ---- */

struct asker {
	struct net_loop *loop;
	struct net_stream *stream;
	struct net_line reader;
	char **texts;
	int n_texts, n_answers;
	int code;
};

static void asker_end(struct asker *a, int code, const char *complaint)
{
	if (complaint)
		fprintf(stderr, "nettool echo: %s\n", complaint);
	a->code = code;
	net_loop_stop(a->loop);
}

static void asker_input(void *owner)
{
	struct asker *a = owner;
	struct bytes line;

	while (net_line_read(&a->reader, a->stream, &line) == NET_LINE_READY) {
		printf("%.*s\n", BYTES_PRINT(line));
		net_line_done(a->stream, line);
		if (++a->n_answers == a->n_texts)
			asker_end(a, EX_OK, NULL);
	}
}

static void asker_closed(void *owner, const struct error *why)
{
	asker_end(owner, why->kind == ERROR_TRY_LATER ? EX_TEMPFAIL : EX_IOERR, why->text);
}

static const struct net_stream_events asker_events = { asker_input, NULL, NULL, asker_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct asker *a = owner;

	(void)addr;
	if (fd < 0) {
		asker_end(a, EX_UNAVAILABLE, err->text);
		return;
	}
	a->stream = net_stream_create(a->loop, fd, &asker_events, a, NULL);
	net_stream_set_deadline(a->stream, ANSWER_MS);
	for (int i = 0; i < a->n_texts; i++)
		net_stream_printf(a->stream, "%s\r\n", a->texts[i]);
}

/* "host:port": the name's addresses, IPv6 and IPv4, race each other (RFC 8305); at->len 0 means there is a name. */
static void begin(struct asker *a, const struct net_addr *at, struct net_worker *worker, const char *host, int port)
{
	if (at->len > 0)
		net_connect_start(a->loop, at, 1, ANSWER_MS, on_connected, a);
	else
		net_connect_host(a->loop, worker, host, port, ANSWER_MS, on_connected, a);
}

static int ask(const struct net_addr *at, const char *host, int port, int n_texts, char **texts)
{
	struct error err = { 0 };
	struct asker a = { .texts = texts, .n_texts = n_texts, .reader = { .limit = LINE_MAX_OCTETS } };
	struct net_worker *worker = at->len > 0 ? NULL : net_worker_create(1, 4, &err);

	if (at->len > 0 || worker)
		a.loop = net_loop_create(net_poll_kind_default(), &err);
	if (a.loop == NULL) {
		fprintf(stderr, "nettool echo: %s\n", err.text);
		return EX_OSERR;
	}
	begin(&a, at, worker, host, port);
	net_loop_run(a.loop);
	if (a.stream)
		net_stream_close(a.stream);
	if (worker)
		net_worker_destroy(worker);
	net_loop_destroy(a.loop);
	return a.code;
}

static int run(int argc, char **argv)
{
	enum nettool_transport transport;
	struct error err = { 0 };
	struct net_addr at = { 0 };
	char host[256] = "";
	int port = 0;

	if (argc < 3)
		return nettool_usage(&nettool_echo, "say what to do, and where");
	bool asks = strcmp(argv[1], "ask") == 0 && argc > 3, is_name = false;
	if (!nettool_address_parse(argv[2], &transport, &at, &err)) {
		const char *name = argv[2] + (strncmp(argv[2], "tcp:", 4) == 0 ? 4 : 0);
		is_name = asks && transport == NETTOOL_STREAM && strncmp(name, "unix:", 5) != 0 && net_addr_split(name, -1, host, sizeof host, &port, NULL);
		if (!is_name)
			return nettool_usage(&nettool_echo, err.text);
		at.len = 0;
	}
	if (strcmp(argv[1], "serve") == 0 && argc == 3)
		return transport == NETTOOL_DATAGRAM ? nettool_echo_datagram_serve(&at) : serve(&at);
	if (asks && transport == NETTOOL_DATAGRAM)
		return nettool_echo_datagram_ask(&at, argv + 3, argc - 3);
	if (asks)
		return ask(&at, host, port, argc - 3, argv + 3);
	return nettool_usage(&nettool_echo, "say \"serve ADDRESS\" or \"ask ADDRESS TEXT...\"");
}

const struct nettool_command nettool_echo = {
	"echo",
	"nettool echo serve ADDRESS\nnettool echo ask ADDRESS TEXT...",
	"a server that says each line back in capitals; a client that asks it",
	run,
	"ADDRESS begins with tcp: (or nothing), udp: or unix:; for asking over tcp: it may be a name.\n"
	"example:\n"
	"  nettool echo serve udp:127.0.0.1:7007\n"
	"  nettool echo ask udp:127.0.0.1:7007 \"good morning\"\n",
};
