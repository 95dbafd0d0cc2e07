/* nettool chat: a room whose members hear each other, and a member of it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "netcore/net_connect.h"
#include "netcore/net_line.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"
#include "nettool/nettool_address.h"
#include "nettool/nettool_commands.h"
#include "nettool/nettool_input.h"
#include "nettool/nettool_program.h"
#include "nettool/nettool_room.h"

#define CONNECT_MS 10000
#define BYE_MS 5000
#define MEMBERS_DEFAULT 5

static int serve(const struct net_addr *at, unsigned max)
{
	struct nettool_program program;
	struct nettool_room *room = NULL;
	struct error err = { 0 };
	char text[NET_ADDR_TEXT];
	int fd = -1;

	if (nettool_program_open(&program, "chat")) {
		fd = net_socket_listen(at, &err);
		if (fd < 0 || (room = nettool_room_create(program.loop, fd, max, &err)) == NULL)
			nettool_program_end(&program, EX_UNAVAILABLE, err.text);
		else
			nettool_program_say_listening("", fd);
		nettool_program_run(&program);
		nettool_room_destroy(room);
	}
	if (room && net_addr_family(at) == AF_UNIX)
		unlink(net_addr_format(at, text) + strlen("unix:"));
	return nettool_program_close(&program);
}

/* ---- join ---- */

struct guest {
	struct nettool_program program;
	struct net_connect *connect;
	struct net_stream *stream;
	struct net_line reader;
	struct nettool_input *input;
	bool leaving;
};

static void on_typed(void *owner, struct bytes line)
{
	struct guest *g = owner;
	bool ends = line.at == NULL || bytes_equal(line, BYTES("exit"));

	if (g->leaving)
		return;
	bool more = net_stream_write(g->stream, ends ? BYTES("exit") : line);
	more = net_stream_write(g->stream, BYTES("\r\n")) && more;
	if (ends) {
		g->leaving = true;
		net_stream_set_deadline(g->stream, BYE_MS);
	} else if (!more) {
		nettool_input_pause(g->input);
	}
}

static void on_drained(void *owner)
{
	struct guest *g = owner;

	nettool_input_resume(g->input);
}

/* What others wrote reaches a terminal: nothing of it may command that. */
static void print_line(struct bytes line)
{
	struct buffer text = { 0 };

	text_escape(&text, line);
	puts(text.len > 0 ? text.at : "");
	fflush(stdout);
	buffer_release(&text);
}

static void on_line_input(void *owner)
{
	struct guest *g = owner;
	struct bytes line;
	enum net_line_status status;

	while ((status = net_line_read(&g->reader, g->stream, &line)) == NET_LINE_READY) {
		bool full = bytes_equal(line, BYTES("full"));
		print_line(line);
		net_line_done(g->stream, line);
		if (full) {
			nettool_program_end(&g->program, EX_TEMPFAIL, "the room is full");
			return;
		}
	}
	if (status != NET_LINE_NONE)
		nettool_program_end(&g->program, EX_PROTOCOL, "the server does not speak this protocol");
}

static void on_closed(void *owner, const struct error *why)
{
	struct guest *g = owner;
	bool in_order = g->leaving && why->kind == ERROR_CLOSED;

	nettool_program_end(&g->program, in_order ? EX_OK : EX_IOERR, in_order ? NULL : why->text);
}

static const struct net_stream_events events = { on_line_input, on_drained, NULL, on_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct guest *g = owner;

	(void)addr;
	g->connect = NULL;
	if (fd < 0) {
		nettool_program_end(&g->program, EX_UNAVAILABLE, err->text);
		return;
	}
	net_socket_set_nodelay(fd);
	g->stream = net_stream_create(g->program.loop, fd, &events, g, NULL);
	g->input = nettool_input_create(g->program.loop, on_typed, g);
}

static int join(const struct net_addr *at)
{
	/* A member's line comes with who said it in front. */
	struct guest g = { .reader = { .limit = NETTOOL_ROOM_LINE_MAX + 64 } };

	if (nettool_program_open(&g.program, "chat")) {
		g.connect = net_connect_start(g.program.loop, at, 1, CONNECT_MS, on_connected, &g);
		nettool_program_run(&g.program);
		net_connect_cancel(g.connect);
		nettool_input_destroy(g.input);
		net_stream_close(g.stream);
	}
	return nettool_program_close(&g.program);
}

static int run(int argc, char **argv)
{
	static const struct option names[] = { { "max", required_argument, NULL, 'm' }, { 0 } };
	enum nettool_transport transport;
	uint64_t max = MEMBERS_DEFAULT;
	struct error err = { 0 };
	struct net_addr at;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (option != 'm' || !bytes_to_u64(bytes_text(optarg), 10000, &max) || max == 0)
			return nettool_usage(&nettool_chat, "the only option is --max N, from 1 to 10000");
	argv += optind;
	argc -= optind;
	if (argc != 2)
		return nettool_usage(&nettool_chat, "say what to do, and where");
	if (!nettool_address_parse(argv[1], &transport, &at, &err))
		return nettool_usage(&nettool_chat, err.text);
	if (transport == NETTOOL_DATAGRAM)
		return nettool_usage(&nettool_chat, "a chat needs a stream: tcp: or unix:");
	if (strcmp(argv[0], "serve") == 0)
		return serve(&at, (unsigned)max);
	if (strcmp(argv[0], "join") == 0)
		return join(&at);
	return nettool_usage(&nettool_chat, "say \"serve ADDRESS\" or \"join ADDRESS\"");
}

const struct nettool_command nettool_chat = {
	"chat",
	"nettool chat serve [--max N] ADDRESS\nnettool chat join ADDRESS",
	"a room in which everybody's lines go to all others, with the number of who said them; a member of it",
	run,
	"  --max N                 so many members at a time (default 5); one more hears \"full\" and is closed\n"
	"The line \"exit\", and the end of the input, leave the room.\n"
	"example:\n"
	"  nettool chat serve --max 5 127.0.0.1:7002\n"
	"  nettool chat join 127.0.0.1:7002\n",
};
