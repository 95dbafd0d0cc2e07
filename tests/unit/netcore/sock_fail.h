/*
 * sock_fail: this program's own socket calls, of which the n-th of a kind can be made to fail; calls that libraries make on sockets
 * (OpenSSL reads and writes them) are among them.  Included by one file of a program.
 */
#ifndef NETCORE_TESTS_SOCK_FAIL_H
#define NETCORE_TESTS_SOCK_FAIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                     /* RTLD_NEXT, recvmmsg */
#endif
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Braced expressions, and the C library writing some of these types its own way. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

enum sock_call { CALL_RECEIVE, CALL_SEND, CALL_ACCEPT, CALL_CONNECT, CALL_SOCKET, CALL_OPTION, CALL_ADDRESS, CALL_BIND, CALL_WATCH, CALL_EVENTFD };

#define SHORT (-1)                      /* instead of an errno: one octet is taken or given */
#define ENDED (-2)                      /* reading says that the peer has ended */

static struct {
	enum sock_call call;
	int with, at, n;                /* at: which call, from 1; 0: none */
	bool hit;
} sock_fail;

#define REAL(name) ({ static __typeof__(&name) real_; if (real_ == NULL) *(void **)&real_ = dlsym(RTLD_NEXT, #name); real_; })

static bool turn_of(enum sock_call call)
{
	if (sock_fail.at == 0 || call != sock_fail.call || ++sock_fail.n != sock_fail.at)
		return false;
	sock_fail.hit = true;
	return true;
}

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* For calls that only succeed or fail. */
#define PLAIN(result, name, call, declared, ...) \
	result name declared \
	{ \
		if (turn_of(call)) { \
			errno = sock_fail.with; \
			return -1; \
		} \
		return REAL(name)(__VA_ARGS__); \
	}

PLAIN(int, socket, CALL_SOCKET, (int family, int type, int protocol), family, type, protocol)
PLAIN(int, accept4, CALL_ACCEPT, (int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags), fd, addr, len, flags)
PLAIN(int, setsockopt, CALL_OPTION, (int fd, int level, int name, const void *value, socklen_t len), fd, level, name, value, len)
PLAIN(int, getsockname, CALL_ADDRESS, (int fd, struct sockaddr *restrict addr, socklen_t *restrict len), fd, addr, len)
PLAIN(int, getpeername, CALL_ADDRESS, (int fd, struct sockaddr *restrict addr, socklen_t *restrict len), fd, addr, len)
PLAIN(int, bind, CALL_BIND, (int fd, const struct sockaddr *addr, socklen_t len), fd, addr, len)
PLAIN(int, listen, CALL_BIND, (int fd, int backlog), fd, backlog)
PLAIN(int, eventfd, CALL_EVENTFD, (unsigned count, int flags), count, flags)

/* Only adding can fail: the kernel needs no memory for changing. */
int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
	if (what == EPOLL_CTL_ADD && turn_of(CALL_WATCH)) {
		errno = sock_fail.with;
		return -1;
	}
	return REAL(epoll_ctl)(epoll, what, fd, event);
}

/* Interrupted, a connection goes on being made. */
int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (turn_of(CALL_CONNECT)) {
		if (sock_fail.with == EINTR && REAL(connect)(fd, addr, len) == 0)
			return 0;
		errno = sock_fail.with;
		return -1;
	}
	return REAL(connect)(fd, addr, len);
}

/* True: *result is what the call returns. */
static bool stream_fails(enum sock_call call, int fd, size_t *len, ssize_t *result)
{
	if (!is_socket(fd) || !turn_of(call))
		return false;
	if (sock_fail.with == SHORT) {
		*len = *len > 0;
		return false;
	}
	errno = sock_fail.with;
	*result = sock_fail.with == ENDED ? 0 : -1;
	return true;
}

#define STREAM(name, call, declared, ...) \
	ssize_t name declared \
	{ \
		ssize_t result; \
		if (stream_fails(call, fd, &len, &result)) \
			return result; \
		return REAL(name)(__VA_ARGS__); \
	}

STREAM(recv, CALL_RECEIVE, (int fd, void *at, size_t len, int flags), fd, at, len, flags)
STREAM(read, CALL_RECEIVE, (int fd, void *at, size_t len), fd, at, len)
STREAM(send, CALL_SEND, (int fd, const void *at, size_t len, int flags), fd, at, len, flags)
STREAM(write, CALL_SEND, (int fd, const void *at, size_t len), fd, at, len)

#define MESSAGE(result, name, call, declared, ...) \
	result name declared \
	{ \
		if (turn_of(call) && sock_fail.with > 0) { \
			errno = sock_fail.with; \
			return -1; \
		} \
		return REAL(name)(__VA_ARGS__); \
	}

MESSAGE(ssize_t, recvmsg, CALL_RECEIVE, (int fd, struct msghdr *message, int flags), fd, message, flags)
MESSAGE(ssize_t, sendmsg, CALL_SEND, (int fd, const struct msghdr *message, int flags), fd, message, flags)
MESSAGE(int, recvmmsg, CALL_RECEIVE, (int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout), fd, messages, n, flags, timeout)
MESSAGE(int, sendmmsg, CALL_SEND, (int fd, struct mmsghdr *messages, unsigned n, int flags), fd, messages, n, flags)

#pragma GCC diagnostic pop

#endif
