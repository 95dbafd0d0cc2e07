/*
 * Pairs of streams, in clear and under TLS, whose owners do anything that is legal in any callback.  The sanitizer is the
 * judge; besides, no descriptor, no octet of budget and no ending may be left over, and nobody is called after the end.
 */
#include <stdlib.h>

#include "base/list.h"
#include "netcore/net_stream.h"
#include "tests/unit/netcore/certificates.h"
#include "tests/unit/netcore/rig.h"

#define PAIRS 300
#define ALIVE_MAX 24

static struct net_loop *loop;
static struct budget *budget;
static struct net_tls_context *server_context, *client_context;
static struct list owners;
static unsigned seed, ended_in_order;

struct owner {
	struct list_node node;
	struct net_stream *stream;
	bool is_server, over;
	unsigned left;                  /* actions before it ends the connection */
};

static unsigned chance(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

static void leave(struct owner *o, bool in_order)
{
	if (in_order)
		net_stream_finish(o->stream);
	else
		net_stream_close(o->stream);
	o->over = true;
	list_remove(&owners, &o->node);
	/* A call after this one would be a use after free. */
	free(o);
}

/* True: o is gone. */
static bool act(struct owner *o)
{
	static char block[90000];

	if (o->left-- == 0) {
		leave(o, chance(4) > 0);
		return true;
	}
	switch (chance(9)) {
	case 0:
		net_stream_write(o->stream, bytes_of(block, chance(sizeof block)));
		break;
	case 1:
		net_stream_printf(o->stream, "%u\r\n", seed);
		net_stream_flush(o->stream);
		break;
	case 2:
		net_stream_pause(o->stream);
		break;
	case 3:
		net_stream_set_input_max(o->stream, 1 + chance(70000));
		break;
	case 4:
		net_stream_set_deadline(o->stream, chance(3) ? 0 : 1 + chance(30));
		break;
	case 5:
		net_stream_set_write_timeout(o->stream, 1 + chance(200));
		break;
	case 6:
		if (chance(20) == 0) {
			leave(o, false);
			return true;
		}
		break;
	default:
		net_stream_consume(o->stream, chance(100000));
		break;
	}
	return false;
}

static void on_input(void *owner)
{
	struct owner *o = owner;

	for (unsigned n = chance(4); n > 0; n--)
		if (act(o))
			return;
	if (chance(5))
		net_stream_consume(o->stream, net_stream_input(o->stream).len);
}

static void on_other(void *owner)
{
	if (chance(2))
		act(owner);
}

static void on_closed(void *owner, const struct error *why)
{
	CHECK(why->kind != ERROR_NONE && why->text[0] != '\0');
	ended_in_order += why->kind == ERROR_CLOSED;
	leave(owner, chance(2) == 0);
}

static const struct net_stream_events events = { on_input, on_other, on_other, on_closed };

static struct owner *own(int fd, bool is_server)
{
	struct owner *o = xcalloc(1, sizeof *o);

	o->is_server = is_server;
	o->left = 2 + chance(30);
	o->stream = net_stream_create(loop, fd, &events, o, budget);
	list_append(&owners, &o->node);
	return o;
}

static void open_pair(void)
{
	int fds[2];

	rig_tcp_pair(fds, chance(2) ? 4096 : 0);
	struct owner *client = own(fds[0], false), *server = own(fds[1], true);
	if (chance(2)) {
		if (chance(2))
			net_stream_write(client->stream, BYTES("said in clear"));
		net_stream_start_tls_client(client->stream, client_context, "mx.test");
		net_stream_start_tls_server(server->stream, server_context);
	}
	net_stream_write(client->stream, BYTES("hello"));
}

/* What owners do outside of callbacks: a completion from elsewhere, say. */
static void poke_somebody(void)
{
	struct list_node *node = owners.first;

	for (unsigned n = chance((unsigned)owners.n); n > 0; n--)
		node = node->next;
	struct owner *o = LIST_OWNER(node, struct owner, node);
	if (chance(3))
		net_stream_resume(o->stream);
	else
		act(o);
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void storm(unsigned number, const char *name)
{
	struct error err = { 0 };
	unsigned before = open_descriptors();

	seed = number;
	ended_in_order = 0;
	loop = net_loop_create(rig_backends[number % 2].kind, &err);
	int64_t end = rig_now_ms() + 20000;
	for (unsigned opened = 0; (opened < PAIRS || owners.n > 0) && rig_now_ms() < end;) {
		if (opened < PAIRS && owners.n < ALIVE_MAX) {
			open_pair();
			opened++;
		}
		for (int i = 0; i < 8 && owners.n > 0; i++)
			poke_somebody();
		net_loop_run_once(loop, 1);
	}
	CHECK_ROW(owners.n == 0, "every connection comes to its end");
	CHECK_ROW(ended_in_order > 10, "some of them in order");
	net_loop_destroy(loop);
	CHECK_ROW(budget_used(budget) == 0, name);
	CHECK_ROW(open_descriptors() == before, "no descriptor is left open");
}

int main(void)
{
	struct error err = { 0 };
	struct certificate ca = certificate_make("CA", NULL, NULL), leaf = certificate_make("mx", "DNS:mx.test", &ca);

	net_signal_ignore_pipe();
	budget = budget_create(0);
	server_context = net_tls_context_server(leaf.pem, leaf.key_pem, "1.2", &err);
	client_context = net_tls_context_client(NET_TLS_VERIFY_CA, ca.pem, NULL, &err);
	for (unsigned number = 0; number < 4; number++)
		storm(number, rig_backends[number % 2].name);
	net_tls_context_unref(server_context);
	net_tls_context_unref(client_context);
	certificate_release(&ca);
	certificate_release(&leaf);
	budget_destroy(budget);
	return check_finish();
}
