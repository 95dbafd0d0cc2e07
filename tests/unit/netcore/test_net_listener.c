#include <sys/resource.h>

#include "netcore/net_listener.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;

struct host {
	struct net_listener *listener;
	int accepted, last_fd;
	bool keep, destroy, has_one;
};

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	struct host *h = owner;

	CHECK_ROW(net_addr_is_loopback(peer) && net_addr_port(peer) > 0, "the peer's address comes along");
	CHECK_ROW((fcntl(fd, F_GETFL) & O_NONBLOCK) && (fcntl(fd, F_GETFD) & FD_CLOEXEC), "accepted non-blocking, close-on-exec");
	h->accepted++;
	h->has_one = true;
	h->last_fd = fd;
	if (!h->keep)
		net_socket_close(fd);
	if (h->destroy)
		net_listener_destroy(h->listener);
}

static int guest(const struct net_addr *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, net_addr_sockaddr(at), at->len) < 0)
		perror("connect");
	return fd;
}

static void a_burst_is_accepted(const char *name)
{
	struct host h = { 0 };
	struct error err = { 0 };
	struct net_addr at;
	int guests[100];

	h.listener = net_listener_create(loop, rig_listen(&at), on_guest, &h, &err);
	for (int i = 0; i < 100; i++)
		guests[i] = guest(&at);
	RIG_RUN_UNTIL(loop, h.accepted >= 100);
	CHECK_ROW(h.accepted == 100, name);
	for (int i = 0; i < 100; i++)
		close(guests[i]);
	net_listener_destroy(h.listener);
	net_loop_run_once(loop, 0);
}

static void a_listener_may_be_destroyed_in_its_callback(const char *name)
{
	struct host h = { .destroy = true };
	struct error err = { 0 };
	struct net_addr at;

	h.listener = net_listener_create(loop, rig_listen(&at), on_guest, &h, &err);
	int one = guest(&at), two = guest(&at);
	RIG_RUN_UNTIL(loop, h.accepted > 0);
	rig_run_for(loop, 30);
	CHECK_ROW(h.accepted == 1, name);
	close(one);
	close(two);
}

/* Leave this process no free descriptor below the present highest one. */
static void running_out_of_descriptors_does_not_spin(const char *name)
{
	struct host h = { .keep = true };
	struct error err = { 0 };
	struct net_addr at;
	struct rlimit before, tight;
	char octet;

	h.listener = net_listener_create(loop, rig_listen(&at), on_guest, &h, &err);
	int refused = guest(&at), highest = dup(refused);
	getrlimit(RLIMIT_NOFILE, &before);
	tight = before;
	tight.rlim_cur = (rlim_t)highest;
	close(highest);
	setrlimit(RLIMIT_NOFILE, &tight);
	unsigned passes = rig_run_for(loop, 90);
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK_ROW(h.accepted == 0, "nobody is let in without a descriptor");
	CHECK_ROW(passes < 15, name);
	CHECK_ROW(recv(refused, &octet, 1, MSG_DONTWAIT) == 0, "the waiting client is sent away");
	close(refused);
	int welcome = guest(&at);
	CHECK_ROW(rig_run(loop, &h.has_one, RIG_WAIT_MS), "and accepting goes on after the pause");
	net_socket_close(h.last_fd);
	close(welcome);
	net_listener_destroy(h.listener);
	net_loop_run_once(loop, 0);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		a_burst_is_accepted(name);
		a_listener_may_be_destroyed_in_its_callback(name);
		running_out_of_descriptors_does_not_spin(name);
		net_loop_destroy(loop);
	}
	return check_finish();
}
