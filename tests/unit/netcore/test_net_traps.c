/* Traps of the socket interface that belong to no one file; netcore/README.md says where the others are claimed. */
#include <errno.h>
#include <signal.h>

#include "netcore/net_datagram.h"
#include "netcore/net_listener.h"
#include "netcore/net_stream.h"
#include "netcore/net_unix.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;

struct owner {
	struct net_stream *stream;
	struct error why;
	bool over;
};

static void on_input(void *owner)
{
	(void)owner;
}

static void on_closed(void *owner, const struct error *why)
{
	struct owner *o = owner;

	o->why = *why;
	o->over = true;
}

static const struct net_stream_events events = { on_input, NULL, NULL, on_closed };

/* SIGPIPE is at its default here: a write that raised it would end the test. */
static void writing_to_who_left_is_an_error_and_no_signal(const char *name)
{
	struct owner o = { 0 };
	int fds[2];

	signal(SIGPIPE, SIG_DFL);
	rig_tcp_pair(fds, 0);
	o.stream = net_stream_create(loop, fds[0], &events, &o, NULL);
	net_stream_pause(o.stream);             /* nobody reads, so only writing can notice */
	close(fds[1]);
	for (int i = 0; i < 50 && !o.over; i++) {
		net_stream_write(o.stream, BYTES("are you there?"));
		rig_run_for(loop, 2);
	}
	CHECK_ROW(o.over && o.why.kind != ERROR_CLOSED && o.why.text[0] != '\0', name);
	net_stream_close(o.stream);
	net_loop_run_once(loop, 0);
}

/* Closing with unread input sends a reset, and a reset takes our last words from the peer. */
static void last_words_survive_unread_input(const char *name)
{
	struct owner o = { 0 };
	char text[64] = "";
	int fds[2];

	rig_tcp_pair(fds, 0);
	o.stream = net_stream_create(loop, fds[0], &events, &o, NULL);
	net_stream_set_input_max(o.stream, 1);
	CHECK(write(fds[1], "much more than anybody reads", 28) == 28);
	rig_run_for(loop, 10);
	net_stream_write(o.stream, BYTES("421 bye\r\n"));
	net_stream_finish(o.stream);
	rig_run_for(loop, 20);
	rig_await(fds[1]);
	ssize_t n = read(fds[1], text, sizeof text);
	CHECK_ROW(n == 9 && memcmp(text, "421 bye\r\n", 9) == 0, name);
	CHECK_ROW(rig_await(fds[1]) && read(fds[1], text, sizeof text) == 0, "then the end, not a reset");
	close(fds[1]);
	RIG_RUN_UNTIL(loop, net_loop_endings(loop) == 0);
	CHECK(net_loop_endings(loop) == 0);
}

/* The side that closes first holds the port in TIME_WAIT. */
static void a_port_in_time_wait_is_listened_on_again(void)
{
	struct net_addr at;
	struct error err = { 0 };
	int listener = rig_listen(&at), client = socket(AF_INET, SOCK_STREAM, 0), guest;
	char octet;

	CHECK(connect(client, net_addr_sockaddr(&at), at.len) == 0);
	guest = accept(listener, NULL, NULL);
	close(guest);
	CHECK(read(client, &octet, 1) == 0);
	close(client);
	net_socket_close(listener);
	listener = net_socket_listen(&at, &err);
	CHECK_ROW(listener >= 0, "a server may start again at once");
	net_socket_close(listener);
}

/* Another process of ours must not take a part of the connections. */
static void a_port_is_not_shared(void)
{
	struct net_addr at;
	struct error err = { 0 };
	int first = rig_listen(&at), thief = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(thief, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	CHECK_ROW(bind(thief, net_addr_sockaddr(&at), at.len) < 0 && errno == EADDRINUSE, "SO_REUSEPORT is not set by us");
	close(thief);
	int udp = net_socket_bind_datagram(&at, &err), udp_thief = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(udp_thief, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	CHECK_ROW(bind(udp_thief, net_addr_sockaddr(&at), at.len) < 0 && errno == EADDRINUSE, "nor a UDP port");
	close(udp_thief);
	net_socket_close(udp);
	net_socket_close(first);
}

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	int *guest = owner;

	(void)peer;
	*guest = fd;
}

static void on_received(void *owner, const struct net_datagram_received *r)
{
	(void)owner;
	(void)r;
}

static const struct net_datagram_events datagram_events = { on_received, NULL, NULL };

/* Whatever netcore opens is closed in a program that is started, and never blocks. */
static void every_descriptor_is_close_on_exec_and_sockets_never_block(const char *name, enum net_poll_kind kind)
{
	bool before[256];
	struct error err = { 0 };
	struct net_addr at, any = rig_addr("127.0.0.1:0");
	int guest = -1, pair[2];

	for (int fd = 0; fd < 256; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	struct net_loop *own = net_loop_create(kind, &err);
	int listening = rig_listen(&at);
	struct net_listener *listener = net_listener_create(own, listening, on_guest, &guest, &err);
	int client = net_socket_connect(&at, &err);
	int udp = net_socket_bind_datagram(&any, &err);
	struct net_datagram *datagram = net_datagram_create(own, udp, &datagram_events, NULL, &err);
	CHECK(net_unix_pair(pair, &err));
	for (int i = 0; i < 50 && guest < 0; i++)
		net_loop_run_once(own, 20);
	CHECK(guest >= 0);
	for (int fd = 0; fd < 256; fd++)
		if (!before[fd] && fcntl(fd, F_GETFD) >= 0)
			CHECK_ROW(fcntl(fd, F_GETFD) & FD_CLOEXEC, name);
	int sockets[] = { listening, client, udp, pair[0], pair[1], guest };
	for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++)
		CHECK_ROW(fcntl(sockets[i], F_GETFL) & O_NONBLOCK, name);
	net_listener_destroy(listener);
	net_datagram_close(datagram);
	net_socket_close(client);
	net_socket_close(guest);
	net_socket_close(pair[0]);
	net_socket_close(pair[1]);
	net_loop_destroy(own);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		writing_to_who_left_is_an_error_and_no_signal(name);
		last_words_survive_unread_input(name);
		every_descriptor_is_close_on_exec_and_sockets_never_block(name, rig_backends[i].kind);
		net_loop_destroy(loop);
	}
	a_port_in_time_wait_is_listened_on_again();
	a_port_is_not_shared();
	return check_finish();
}
