/* A client of `nettool peer`: what is typed goes to the server over TCP and to the other client over UDP. */
#include <stdio.h>
#include <sysexits.h>

#include "base/text.h"
#include "netcore/net_connect.h"
#include "netcore/net_datagram.h"
#include "netcore/net_line.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"
#include "nettool/nettool_input.h"
#include "nettool/nettool_peer.h"
#include "nettool/nettool_program.h"

#define CONNECT_MS 10000
#define BYE_MS 5000

struct client {
	struct nettool_program program;
	struct net_connect *connect;
	struct net_stream *server;
	struct net_line reader;
	struct net_datagram *udp;
	struct net_addr other;          /* len 0: nobody yet */
	struct nettool_input *input;
	bool leaving;
};

static void show(const char *who, struct bytes words)
{
	struct buffer text = { 0 };

	text_escape(&text, words);
	printf("%s: %s\n", who, text.len > 0 ? text.at : "");
	fflush(stdout);
	buffer_release(&text);
}

/* End both exchanges: the server tells the other too, should our datagram be lost. */
static void leave(struct client *c)
{
	if (c->leaving)
		return;
	c->leaving = true;
	if (c->other.len > 0)
		net_datagram_send(c->udp, &c->other, NULL, BYTES("exit"), NULL);
	net_stream_write(c->server, BYTES("exit\r\n"));
	net_stream_set_deadline(c->server, BYE_MS);
}

static void on_typed(void *owner, struct bytes line)
{
	struct client *c = owner;
	struct buffer words = { 0 };

	if (line.at == NULL || bytes_equal(line, BYTES("exit"))) {
		leave(c);
		return;
	}
	buffer_add_text(&words, "say ");
	buffer_add_bytes(&words, line);
	if (!net_datagram_send(c->udp, &c->other, NULL, buffer_bytes(&words), NULL))
		fprintf(stderr, "nettool peer: a line did not go to the other\n");
	buffer_add_text(&words, "\r\n");
	if (!net_stream_write(c->server, buffer_bytes(&words)))
		nettool_input_pause(c->input);
	buffer_release(&words);
}

static void on_drained(void *owner)
{
	struct client *c = owner;

	if (c->input)
		nettool_input_resume(c->input);
}

static void on_datagram(void *owner, const struct net_datagram_received *r)
{
	struct client *c = owner;
	char text[NET_ADDR_TEXT];

	/* Anybody can send here; only the one that the server named is heard. */
	if (c->other.len == 0 || !net_addr_equal(&r->peer, &c->other) || r->is_truncated)
		return;
	if (bytes_equal(r->octets, BYTES("exit")))
		leave(c);
	else if (bytes_starts(r->octets, BYTES("say ")))
		show(net_addr_format(&c->other, text), bytes_skip(r->octets, 4));
}

static const struct net_datagram_events udp_events = { on_datagram, NULL, NULL };

static void meet(struct client *c, struct bytes address)
{
	char text[NET_ADDR_TEXT];
	struct error err = { 0 };

	if (c->input || !bytes_copy_text(address, text, sizeof text) || !net_addr_parse(text, &c->other, &err)) {
		nettool_program_end(&c->program, EX_PROTOCOL, "the server does not speak this protocol");
		return;
	}
	printf("the other is at udp:%s\n", text);
	fflush(stdout);
	c->input = nettool_input_create(c->program.loop, on_typed, c);
}

static void take_line(struct client *c, struct bytes line)
{
	if (bytes_starts(line, BYTES("peer "))) {
		meet(c, bytes_skip(line, 5));
	} else if (bytes_starts(line, BYTES("you "))) {
		printf("you are %.*s\n", BYTES_PRINT(bytes_slice(line, 4, 24)));
	} else if (bytes_equal(line, BYTES("exit"))) {
		c->leaving = true;
		nettool_program_end(&c->program, EX_OK, NULL);
	} else {
		nettool_program_end(&c->program, EX_PROTOCOL, "the server complains or does not speak this protocol");
	}
}

static void on_input(void *owner)
{
	struct client *c = owner;
	struct bytes line;

	while (!c->program.over && net_line_read(&c->reader, c->server, &line) == NET_LINE_READY) {
		take_line(c, line);
		net_line_done(c->server, line);
	}
}

static void on_closed(void *owner, const struct error *why)
{
	struct client *c = owner;
	bool in_order = c->leaving && why->kind == ERROR_CLOSED;

	nettool_program_end(&c->program, in_order ? EX_OK : EX_IOERR, in_order ? NULL : why->text);
}

static const struct net_stream_events events = { on_input, on_drained, NULL, on_closed };

/* A UDP socket on the address by which we reach the server: the other sees us there. */
static bool open_udp(struct client *c, struct error *err)
{
	struct net_addr at = *net_stream_local_addr(c->server);
	int fd;

	net_addr_set_port(&at, 0);
	fd = net_socket_bind_datagram(&at, err);
	if (fd >= 0)
		c->udp = net_datagram_create(c->program.loop, fd, &udp_events, c, err);
	return c->udp != NULL;
}

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *why)
{
	struct client *c = owner;
	struct error err = { 0 };

	(void)addr;
	c->connect = NULL;
	if (fd < 0) {
		nettool_program_end(&c->program, EX_UNAVAILABLE, why->text);
		return;
	}
	net_socket_set_nodelay(fd);
	c->server = net_stream_create(c->program.loop, fd, &events, c, NULL);
	if (open_udp(c, &err))
		net_stream_printf(c->server, "udp %d\r\n", net_addr_port(net_datagram_local_addr(c->udp)));
	else
		nettool_program_end(&c->program, EX_OSERR, err.text);
}

int nettool_peer_join(const struct net_addr *at)
{
	struct client c = { .reader = { .limit = NETTOOL_PEER_LINE_MAX } };

	if (nettool_program_open(&c.program, "peer")) {
		c.connect = net_connect_start(c.program.loop, at, 1, CONNECT_MS, on_connected, &c);
		nettool_program_run(&c.program);
		net_connect_cancel(c.connect);
		nettool_input_destroy(c.input);
		net_datagram_close(c.udp);
		net_stream_close(c.server);
	}
	return nettool_program_close(&c.program);
}
