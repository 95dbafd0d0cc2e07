/* nettool bench: datagrams of 200 octets from one sender, to one receiver and to groups of them, all on the loopback interface. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "base/random.h"
#include "netcore/net_addr.h"
#include "netcore/net_group.h"
#include "netcore/net_socket.h"
#include "nettool/nettool_bench.h"

#define OCTETS 200
#define RECEIVERS_MAX 4
#define LOOPBACK "127.0.0.1"

/* A receiver and its own counter, in memory that it shares with us. */
struct receiver {
	int fd;
	_Atomic uint64_t *received;
};

static void run_receiver(void *owner)
{
	struct receiver *r = owner;
	char datagram[OCTETS * 2];

	for (;;) {
		struct pollfd ready = { r->fd, POLLIN, 0 };
		if (recv(r->fd, datagram, sizeof datagram, 0) > 0)
			atomic_fetch_add_explicit(r->received, 1, memory_order_relaxed);
		else if (errno == EAGAIN)
			poll(&ready, 1, -1);
	}
}

/* Send for so long; a moment later all that will come has come. */
static double send_for(int fd, unsigned ms)
{
	static const char datagram[OCTETS];
	struct timespec moment = { 0, 50 * 1000 * 1000 };
	double begin = nettool_bench_now_s(), now;

	do {
		for (int i = 0; i < 64; i++)
			if (send(fd, datagram, sizeof datagram, 0) < 0 && errno == EAGAIN) {
				struct pollfd ready = { fd, POLLOUT, 0 };
				poll(&ready, 1, 10);
			}
		now = nettool_bench_now_s();
	} while (now - begin < ms / 1e3);
	nanosleep(&moment, NULL);
	return now - begin;
}

static bool measure(int sender, struct receiver *receivers, unsigned n, unsigned ms, double *kpps, struct error *err)
{
	struct nettool_bench_children children = { 0 };
	uint64_t total = 0;
	bool ok = sender >= 0;

	for (unsigned i = 0; ok && i < n; i++)
		ok = receivers[i].fd >= 0 && nettool_bench_fork(&children, run_receiver, &receivers[i], err);
	double seconds = ok ? send_for(sender, ms) : 1;
	nettool_bench_end(&children);
	for (unsigned i = 0; i < n; i++) {
		total += atomic_exchange(receivers[i].received, 0);
		net_socket_close(receivers[i].fd);
	}
	net_socket_close(sender);
	*kpps = (double)total / 1e3 / seconds;
	return ok;
}

static bool measure_udp(struct receiver *r, unsigned ms, double *kpps, struct error *err)
{
	struct net_addr at;
	int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	net_addr_from_ip(LOOPBACK, 0, &at);
	r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sender < 0 || r->fd < 0 || bind(r->fd, net_addr_sockaddr(&at), at.len) < 0 || !net_socket_local_addr(r->fd, &at) ||
	    connect(sender, net_addr_sockaddr(&at), at.len) < 0) {
		error_set_errno(err, errno, "UDP sockets");
		net_socket_close(sender);
		net_socket_close(r->fd);
		return false;
	}
	return measure(sender, r, 1, ms, kpps, err);
}

static bool measure_group(struct receiver *receivers, unsigned n, unsigned ms, double *kpps, struct error *err)
{
	struct net_addr group;

	/* A group and a port at random: two benches at a time do not hear each other. */
	char ip[32];
	snprintf(ip, sizeof ip, "239.255.%u.%u", random_below(256), 1 + random_below(254));
	net_addr_from_ip(ip, 20000 + (int)random_below(10000), &group);
	for (unsigned i = 0; i < n; i++)
		receivers[i].fd = net_group_receiver(&group, LOOPBACK, err);
	return measure(net_group_sender(&group, LOOPBACK, 0, err), receivers, n, ms, kpps, err);
}

bool nettool_bench_datagrams(const struct nettool_bench_size *size, struct nettool_bench_group *packets, struct error *err)
{
	struct receiver receivers[RECEIVERS_MAX];
	_Atomic uint64_t *counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (counters == MAP_FAILED)
		return error_set_errno(err, errno, "shared memory");
	for (unsigned i = 0; i < RECEIVERS_MAX; i++)
		receivers[i] = (struct receiver){ -1, &counters[i * 16] };
	*packets = (struct nettool_bench_group){ .title = "200-octet datagrams, all receivers together", .unit = "1000/s", .n = 3,
		.figures = { { "UDP", 0 }, { "multicast to 1", 0 }, { "multicast to 4", 0 } } };
	bool ok = measure_udp(&receivers[0], size->ms, &packets->figures[0].value, err) &&
	          measure_group(receivers, 1, size->ms, &packets->figures[1].value, err) &&
	          measure_group(receivers, RECEIVERS_MAX, size->ms, &packets->figures[2].value, err);
	munmap((void *)(uintptr_t)counters, 4096);
	return ok;
}
