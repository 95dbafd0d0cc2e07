/* Faults of making sockets, of taking over a stale path, of messages and descriptors through Unix sockets. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include "netcore/net_unix.h"

/* ---- making them ---- */

static bool fault_is(enum sock_call call)
{
	return sock_fail.hit && sock_fail.fault->call == call;
}

/* An option without which the socket means something else is no detail. */
static void judge(int fd, const struct error *err, const char *claim)
{
	CHECK_ROW(fd >= 0 ? !fault_is(CALL_setsockopt) : a_fault_came() && err->text[0] != '\0', claim);
	net_socket_close(fd);
}

static void listen_on(const char *at, const char *claim)
{
	struct net_addr addr = rig_addr(at);
	struct error err = { 0 };

	judge(net_socket_listen(&addr, &err), &err, claim);
}

static void receive_on(const char *at, const char *claim)
{
	struct net_addr addr = rig_addr(at);
	struct error err = { 0 };

	judge(net_socket_bind_datagram(&addr, &err), &err, claim);
}

static void made(enum net_poll_kind kind, const char *claim)
{
	struct net_addr addr = rig_addr("127.0.0.1:9");
	struct error err = { 0 };

	(void)kind;
	listen_on("127.0.0.1:0", claim);
	if (!sock_fail.hit)
		listen_on("[::1]:0", claim);
	if (!sock_fail.hit)
		receive_on("127.0.0.1:0", claim);
	if (!sock_fail.hit)
		receive_on("[::1]:0", claim);
	if (!sock_fail.hit)
		judge(net_socket_connect_datagram(&addr, &err), &err, claim);
}

static void connected(enum net_poll_kind kind, const char *claim)
{
	struct net_addr any = rig_addr("127.0.0.1:0"), real, peer;
	struct error err = { 0 };
	int listener = net_socket_listen(&any, &err), fd = -1;

	(void)kind;
	CHECK_ROW(listener >= 0 || err.text[0] != '\0', claim);
	if (listener >= 0 && net_socket_local_addr(listener, &real))
		fd = net_socket_connect(&real, &err);
	else
		CHECK_ROW(a_fault_came(), claim);
	if (fd >= 0) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		net_socket_set_nodelay(fd);
		net_socket_set_keepalive(fd, 10, 10);
		poll(&ready, 1, 1000);
		CHECK_ROW(net_socket_finish_connect(fd, &err) || err.text[0] != '\0', claim);
		CHECK_ROW(net_socket_peer_addr(fd, &peer) || peer.len == 0, claim);
	} else {
		CHECK_ROW(err.text[0] != '\0' || a_fault_came(), claim);
	}
	net_socket_close(fd);
	net_socket_close(listener);
}

static void scoped(enum net_poll_kind kind, const char *claim)
{
	struct net_addr addr;
	struct error err = { 0 };

	(void)kind;
	CHECK_ROW(net_addr_parse("[fe80::1%lo]:25", &addr, &err) || (a_fault_came() && err.text[0] != '\0'), claim);
}

/* ---- a path that nobody listens on any more ---- */

static void take_over(int (*make)(const struct net_addr *, struct error *), const char *claim)
{
	struct error err = { 0 };
	char at[128];

	snprintf(at, sizeof at, "unix:%s/stale", check_folder());
	struct net_addr addr = rig_addr(at);
	int first = make(&addr, &err);
	CHECK_ROW(first >= 0 || err.text[0] != '\0', claim);
	net_socket_close(first);
	err = (struct error){ 0 };
	int second = make(&addr, &err);
	CHECK_ROW(second >= 0 || (a_fault_came() && err.text[0] != '\0'), claim);
	int third = second >= 0 ? make(&addr, &err) : -1;
	/* Somebody listens, and does not refuse: nothing is taken over. */
	CHECK_ROW(third < 0 || fault_is(CALL_connect), claim);
	net_socket_close(second);
	net_socket_close(third);
	sock_fail.fault = NULL;
	unlink(at + strlen("unix:"));
}

static void stale_stream(enum net_poll_kind kind, const char *claim)
{
	(void)kind;
	take_over(net_socket_listen, claim);
}

static void stale_datagram(enum net_poll_kind kind, const char *claim)
{
	(void)kind;
	take_over(net_socket_bind_datagram, claim);
}

/* Another process holds the folder's lock for a moment. */
static void waited_for(enum net_poll_kind kind, const char *claim)
{
	(void)kind;
	sock_fail.once = (struct sock_fault){ .call = CALL_flock, .with = EWOULDBLOCK };
	take_over(net_socket_listen, claim);
}

static void unnamed(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	char at[128];

	(void)kind;
	snprintf(at, sizeof at, "unix:%s/d", check_folder());
	struct net_addr addr = rig_addr(at);
	int server = net_socket_bind_datagram(&addr, &err);
	if (server >= 0)
		judge(net_socket_connect_datagram(&addr, &err), &err, claim);
	net_socket_close(server);
	sock_fail.fault = NULL;
	unlink(at + strlen("unix:"));
}

/* ---- descriptors handed over ---- */

static void passed(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	int fds[2] = { -1, -1 }, got[NET_UNIX_FDS_MAX];
	char text[8];
	size_t n = 0;
	pid_t pid;
	uid_t uid;
	gid_t gid;

	(void)kind;
	if (!net_unix_pair(fds, &err)) {
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
		return;
	}
	CHECK_ROW(net_unix_peer(fds[0], &pid, &uid, &gid, &err) ? pid == getpid() : err.text[0] != '\0', claim);
	bool sent = net_unix_send(fds[0], "take", 4, &fds[1], 1, &err);
	CHECK_ROW(sent || (a_fault_came() && err.text[0] != '\0'), claim);
	ssize_t len = sent ? net_unix_receive(fds[1], text, sizeof text, got, &n, &err) : -1;
	CHECK_ROW(len == 4 ? n == 1 : a_fault_came() && n == 0 && err.text[0] != '\0', claim);
	while (n > 0)
		net_socket_close(got[--n]);
	net_socket_close(fds[0]);
	net_socket_close(fds[1]);
}

static const struct fault_play plays[] = {
	{ "made", made }, { "connected", connected }, { "an address with its interface", scoped }, { "a stale path, streams", stale_stream }, { "a stale path, datagrams", stale_datagram },
	{ "the lock is waited for", waited_for }, { "unnamed", unnamed }, { "descriptors passed", passed },
};

int main(void)
{
	return fault_plays_run(plays, sizeof plays / sizeof *plays);
}
