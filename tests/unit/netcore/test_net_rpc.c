#include "netcore/net_datagram.h"
#include "netcore/net_rpc.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;
static unsigned n_worked;

static enum net_rpc_kind work(void *owner, const struct net_addr *peer, struct bytes body, struct buffer *out)
{
	(void)owner;
	(void)peer;
	n_worked++;
	buffer_add_bytes(out, body);
	buffer_add_text(out, "!");
	return bytes_equal(body, BYTES("bad")) ? NET_RPC_ERROR : NET_RPC_REPLY;
}

struct caller {
	char reply[64];
	unsigned n_sent;
	struct error err;
	bool done;
};

static void on_reply(void *owner, const struct bytes *reply, unsigned n_sent, const struct error *err)
{
	struct caller *c = owner;

	if (reply)
		bytes_copy_text(*reply, c->reply, sizeof c->reply);
	if (err)
		c->err = *err;
	c->n_sent = n_sent;
	c->done = true;
}

static int bound(struct net_addr *at)
{
	struct net_addr any = rig_addr("127.0.0.1:0");
	struct error err = { 0 };
	int fd = net_socket_bind_datagram(&any, &err);

	CHECK_ROW(fd >= 0 && net_socket_local_addr(fd, at), err.text);
	return fd;
}

static void a_call_is_answered(const char *name)
{
	struct net_addr at;
	struct error err = { 0 };
	struct net_rpc_server *server = net_rpc_server_create(loop, bound(&at), work, NULL, &err);
	struct caller good = { 0 }, bad = { 0 };

	net_rpc_call_start(loop, &at, BYTES("hello"), on_reply, &good, &err);
	net_rpc_call_start(loop, &at, BYTES("bad"), on_reply, &bad, &err);
	CHECK_ROW(rig_run(loop, &good.done, RIG_WAIT_MS) && rig_run(loop, &bad.done, RIG_WAIT_MS), name);
	CHECK_TEXT(good.reply, "hello!", name);
	CHECK_ROW(good.n_sent == 1 && bad.err.kind == ERROR_DENIED && strstr(bad.err.text, "bad!") != NULL, "an error is told in the server's words");
	net_rpc_server_destroy(server);
	net_loop_run_once(loop, 0);
}

static void a_cancelled_call_is_never_answered(const char *name)
{
	struct net_addr at;
	struct error err = { 0 };
	struct net_rpc_server *server = net_rpc_server_create(loop, bound(&at), work, NULL, &err);
	struct caller c = { 0 };

	net_rpc_call_cancel(net_rpc_call_start(loop, &at, BYTES("x"), on_reply, &c, &err));
	rig_run_for(loop, 20);
	CHECK_ROW(!c.done, name);
	net_rpc_server_destroy(server);
	net_loop_run_once(loop, 0);
}

/* While the replies that are remembered fill the memory there is, a new request waits for its repetition: never is one worked on twice. */
static void at_most_once_also_when_memory_is_full(const char *name)
{
	struct net_addr at;
	struct error err = { 0 };
	struct net_rpc_server *server = net_rpc_server_create(loop, bound(&at), work, NULL, &err);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(connect(fd, net_addr_sockaddr(&at), at.len) == 0);
	n_worked = 0;
	for (unsigned round = 0; round < 2; round++)
		for (uint64_t id = 0; id < NET_RPC_REMEMBERED_MAX + 100; id++) {
			struct buffer request = { 0 };
			net_rpc_format(&request, &(struct net_rpc_message){ id, NET_RPC_REQUEST, BYTES("x") });
			CHECK(send(fd, request.at, request.len, 0) == (ssize_t)request.len);
			buffer_release(&request);
			net_loop_run_once(loop, 0);
		}
	rig_run_for(loop, 20);
	CHECK_ROW(n_worked == NET_RPC_REMEMBERED_MAX, name);
	close(fd);
	net_rpc_server_destroy(server);
	net_loop_run_once(loop, 0);
}

static const struct stream_case {
	const char *name, *text;
	size_t len;
	enum net_rpc_status status;
} stream_cases[] = {
	{ "nothing", "", 0, NET_RPC_MORE },
	{ "a part of the length", "\0\0\0", 3, NET_RPC_MORE },
	{ "a part of the message", "\0\0\0\x0a\0\0\0\0\0\0\0\1\0", 13, NET_RPC_MORE },
	{ "whole", "\0\0\0\x0a\0\0\0\0\0\0\0\1\0x", 14, NET_RPC_OK },
	{ "too short to be one", "\0\0\0\x08", 4, NET_RPC_BAD },
	{ "of no kind", "\0\0\0\x09\0\0\0\0\0\0\0\1\3", 13, NET_RPC_BAD },
	{ "longer than any, known from the length", "\0\0\x40\x0a", 4, NET_RPC_TOO_LONG },
	{ "4 GiB", "\xff\xff\xff\xff", 4, NET_RPC_TOO_LONG },
};

int main(void)
{
	for (size_t i = 0; i < sizeof stream_cases / sizeof *stream_cases; i++) {
		struct net_rpc_message m;
		size_t used;
		CHECK_ROW(net_rpc_stream_parse(bytes_of(stream_cases[i].text, stream_cases[i].len), &m, &used) == stream_cases[i].status, stream_cases[i].name);
	}
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		a_call_is_answered(name);
		a_cancelled_call_is_never_answered(name);
		at_most_once_also_when_memory_is_full(name);
		net_loop_destroy(loop);
	}
	return check_finish();
}
