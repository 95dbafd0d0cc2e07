/* rig: what the netcore tests share: every claim runs on both back ends, every wait has an end. */
#ifndef NETCORE_TESTS_RIG_H
#define NETCORE_TESTS_RIG_H

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "netcore/net_loop.h"
#include "netcore/net_signal.h"
#include "netcore/net_socket.h"
#include "tests/support/check.h"

static const struct {
	const char *name;
	enum net_poll_kind kind;
} rig_backends[] = { { "epoll", NET_POLL_EPOLL }, { "poll", NET_POLL_POLL } };

#define RIG_WAIT_MS 60000               /* for what has to come; only a failure waits so long */

static inline int64_t rig_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Run passes until *done, or for at most ms. */
static inline bool rig_run(struct net_loop *loop, const bool *done, int ms)
{
	int64_t end = rig_now_ms() + ms;

	while (!*done && rig_now_ms() < end)
		net_loop_run_once(loop, (int)(end - rig_now_ms()) + 1);
	return *done;
}

/* Run passes until the condition holds. */
#define RIG_RUN_UNTIL(loop, condition) \
	for (int64_t rig_end_ms = rig_now_ms() + RIG_WAIT_MS; !(condition) && rig_now_ms() < rig_end_ms;) \
		net_loop_run_once((loop), 10)

/*
 * Run passes for ms, whatever happens; returns how many there were.  A few more follow: who was kept from running all
 * that time has them still.
 */
static inline unsigned rig_run_for(struct net_loop *loop, int ms)
{
	int64_t end = rig_now_ms() + ms;
	unsigned passes = 0;

	for (; rig_now_ms() < end; passes++)
		net_loop_run_once(loop, (int)(end - rig_now_ms()) + 1);
	for (int i = 0; i < 10; i++)
		net_loop_run_once(loop, 1);
	return passes;
}

/* Wait until the descriptor has something to read, or its end. */
static inline bool rig_await(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, RIG_WAIT_MS) == 1;
}

static inline struct net_addr rig_addr(const char *text)
{
	struct net_addr a = { 0 };
	struct error err = { 0 };

	if (!net_addr_parse(text, &a, &err))
		fprintf(stderr, "%s: %s\n", text, err.text);
	return a;
}

/* Listen on a free port of 127.0.0.1. */
static inline int rig_listen(struct net_addr *real)
{
	struct net_addr a = rig_addr("127.0.0.1:0");
	struct error err = { 0 };
	int fd = net_socket_listen(&a, &err);

	net_socket_local_addr(fd, real);
	return fd;
}

/* An address that refuses connections, and nobody's else, until the descriptor is closed: bound, and not listening. */
static inline int rig_refusing(struct net_addr *real)
{
	struct net_addr a = rig_addr("127.0.0.1:0");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, net_addr_sockaddr(&a), a.len) < 0)
		perror("bind");
	net_socket_local_addr(fd, real);
	return fd;
}

/* Two ends of a TCP connection over loopback, both non-blocking; buffer > 0 makes the socket buffers that small. */
static inline void rig_tcp_pair(int fds[2], int buffer)
{
	struct net_addr real;
	int listener = rig_listen(&real);

	if (buffer > 0) {
		setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
		setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	}
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (buffer > 0) {
		setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
		setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	}
	if (connect(fds[0], net_addr_sockaddr(&real), real.len) < 0)
		perror("connect");
	fds[1] = accept(listener, NULL, NULL);
	close(listener);
	for (int i = 0; i < 2; i++) {
		int flags = fcntl(fds[i], F_GETFL);
		fcntl(fds[i], F_SETFL, flags | O_NONBLOCK);
	}
}

#endif
