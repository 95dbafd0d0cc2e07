/*
 * sock_fail: this program's own calls of the kernel about sockets, of which the n-th of a kind can be made to fail; calls that libraries
 * make (OpenSSL reads and writes sockets) are among them.  Only the first thread's calls count, but for a worker's look-ups.
 * Which place of netcore met which fault is noted for sock_sites.h.  Included by one file of a program.
 */
#ifndef NETCORE_TESTS_SOCK_FAIL_H
#define NETCORE_TESTS_SOCK_FAIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                     /* RTLD_NEXT, recvmmsg */
#endif
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every call that can be made to fail; test_net_fault_calls.c claims that netcore makes no others. */
#define SOCK_CALLS(X) \
	X(socket) X(socketpair) X(bind) X(listen) X(accept4) X(connect) X(shutdown) X(close) \
	X(setsockopt) X(getsockopt) X(getsockname) X(getpeername) \
	X(recv) X(read) X(recvmsg) X(recvmmsg) X(send) X(write) X(sendto) X(sendmsg) X(sendmmsg) \
	X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(poll) X(eventfd) X(signalfd) \
	X(open) X(flock) X(lstat) X(unlink) X(nanosleep) \
	X(getaddrinfo) X(if_nametoindex) X(pthread_create)

#define AS_ENUM(name) CALL_##name,
#define AS_TEXT(name) #name,
enum sock_call { SOCK_CALLS(AS_ENUM) CALLS };
static const char *const sock_call_names[] = { SOCK_CALLS(AS_TEXT) };

#define SHORT (-1000)                   /* instead of an errno: one octet, or one datagram, is taken or given */
#define ENDED (-1001)                   /* reading says that the peer has ended */

/* What the kernel may answer.  Where it never does (a short datagram, say) the call is made as it is. */
static const struct sock_fault {
	enum sock_call call;
	int with;
	const char *name;
} sock_faults[] = {
#define FAULT(call, with) { CALL_##call, with, #call " " #with },
	FAULT(socket, EMFILE) FAULT(socket, ENFILE) FAULT(socket, ENOBUFS) FAULT(socket, ENOMEM) FAULT(socket, EAFNOSUPPORT)
	FAULT(socketpair, EMFILE) FAULT(socketpair, ENFILE) FAULT(socketpair, ENOMEM)
	FAULT(bind, EADDRINUSE) FAULT(bind, EADDRNOTAVAIL) FAULT(bind, EACCES) FAULT(bind, ENOMEM) FAULT(listen, EADDRINUSE)
	FAULT(accept4, EINTR) FAULT(accept4, EAGAIN) FAULT(accept4, EMFILE) FAULT(accept4, ENFILE) FAULT(accept4, ENOBUFS)
	FAULT(accept4, ENOMEM) FAULT(accept4, ECONNABORTED) FAULT(accept4, EPROTO)
	FAULT(connect, EINTR) FAULT(connect, ENETUNREACH) FAULT(connect, EAGAIN) FAULT(connect, ECONNREFUSED) FAULT(connect, EADDRNOTAVAIL)
	FAULT(shutdown, ENOTCONN) FAULT(close, EINTR) FAULT(close, EIO)
	FAULT(setsockopt, ENOBUFS) FAULT(setsockopt, ENOMEM) FAULT(setsockopt, ENOPROTOOPT)
	FAULT(getsockopt, ENOBUFS) FAULT(getsockname, ENOBUFS) FAULT(getpeername, ENOBUFS) FAULT(getpeername, ENOTCONN)
#define RECEIVE_FAULTS(call) FAULT(call, EINTR) FAULT(call, EAGAIN) FAULT(call, SHORT) FAULT(call, ENDED) \
	FAULT(call, ECONNRESET) FAULT(call, ECONNREFUSED) FAULT(call, ENOMEM) FAULT(call, ENOBUFS)
	RECEIVE_FAULTS(recv) RECEIVE_FAULTS(read) RECEIVE_FAULTS(recvmsg) RECEIVE_FAULTS(recvmmsg)
#define SEND_FAULTS(call) FAULT(call, EINTR) FAULT(call, EAGAIN) FAULT(call, SHORT) FAULT(call, EPIPE) FAULT(call, ECONNRESET) \
	FAULT(call, ENOBUFS) FAULT(call, ENOMEM) FAULT(call, ENETUNREACH) FAULT(call, EPERM)
	SEND_FAULTS(send) SEND_FAULTS(write) SEND_FAULTS(sendto) SEND_FAULTS(sendmsg) SEND_FAULTS(sendmmsg)
	FAULT(epoll_create1, EMFILE) FAULT(epoll_create1, ENFILE) FAULT(epoll_create1, ENOMEM) FAULT(epoll_ctl, ENOMEM) FAULT(epoll_ctl, ENOSPC)
	FAULT(epoll_wait, EINTR) FAULT(poll, EINTR) FAULT(poll, ENOMEM)
	FAULT(eventfd, EMFILE) FAULT(eventfd, ENFILE) FAULT(eventfd, ENOMEM) FAULT(signalfd, EMFILE) FAULT(signalfd, ENFILE)
	FAULT(open, EMFILE) FAULT(open, EACCES) FAULT(flock, EINTR) FAULT(flock, EWOULDBLOCK) FAULT(flock, ENOLCK) FAULT(lstat, ENOENT) FAULT(lstat, EACCES)
	FAULT(unlink, EACCES) FAULT(unlink, EROFS) FAULT(nanosleep, EINTR)
	FAULT(getaddrinfo, EAI_AGAIN) FAULT(getaddrinfo, EAI_MEMORY) FAULT(getaddrinfo, EAI_NONAME) FAULT(if_nametoindex, EMFILE)
	FAULT(pthread_create, EAGAIN)
};
#define SOCK_FAULTS (sizeof sock_faults / sizeof *sock_faults)
#define SOCK_SITES_MAX 512

/* A place that calls, named by where the call returns to, and what it was answered. */
struct sock_site {
	uintptr_t from;
	bool met[SOCK_FAULTS];
};

static struct {
	const struct sock_fault *fault; /* NULL: none */
	int at, n;                      /* at: which call, from 1 */
	bool hit, given;                /* the fault came; so did what a play needed */
	int with;                       /* of the call that fails now */
	struct sock_fault once;         /* what a play needs the next call of a kind to answer, besides the fault; with 0: nothing */
	struct sock_site sites[SOCK_SITES_MAX];
	size_t n_sites;
} sock_fail;

static void note_site(uintptr_t from)
{
	size_t i = 0;

	while (i < sock_fail.n_sites && sock_fail.sites[i].from != from)
		i++;
	if (i == SOCK_SITES_MAX)
		return;
	if (i == sock_fail.n_sites)
		sock_fail.sites[sock_fail.n_sites++].from = from;
	sock_fail.sites[i].met[sock_fail.fault - sock_faults] = true;
}

static bool turn_of(enum sock_call call, void *from)
{
	if (sock_fail.once.with != 0 && sock_fail.once.call == call) {
		errno = sock_fail.with = sock_fail.once.with;
		sock_fail.once.with = 0;
		sock_fail.given = true;
		return true;
	}
	if (sock_fail.fault == NULL || sock_fail.fault->call != call || (call != CALL_getaddrinfo && gettid() != getpid()))
		return false;
	if (++sock_fail.n != sock_fail.at)
		return false;
	sock_fail.hit = true;
	note_site((uintptr_t)from);
	errno = sock_fail.with = sock_fail.fault->with;
	return true;
}

#define TURN(name) turn_of(CALL_##name, __builtin_return_address(0))
#define STILL_FAILS(name) TURN(name)
#include "tests/unit/netcore/still_clock.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wnonnull-compare"

/* 0: not a socket. */
static int socket_type(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return REAL(getsockopt)(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 ? type : 0;
}

/* For calls that only succeed or fail. */
#define PLAIN(result, name, declared, ...) \
	result name declared \
	{ \
		return TURN(name) ? -1 : REAL(name)(__VA_ARGS__); \
	}

PLAIN(int, socket, (int family, int type, int protocol), family, type, protocol)
PLAIN(int, socketpair, (int family, int type, int protocol, int fds[2]), family, type, protocol, fds)
PLAIN(int, bind, (int fd, const struct sockaddr *addr, socklen_t len), fd, addr, len)
PLAIN(int, listen, (int fd, int backlog), fd, backlog)
PLAIN(int, accept4, (int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags), fd, addr, len, flags)
PLAIN(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len), fd, level, name, value, len)
PLAIN(int, getsockopt, (int fd, int level, int name, void *restrict value, socklen_t *restrict len), fd, level, name, value, len)
PLAIN(int, getsockname, (int fd, struct sockaddr *restrict addr, socklen_t *restrict len), fd, addr, len)
PLAIN(int, getpeername, (int fd, struct sockaddr *restrict addr, socklen_t *restrict len), fd, addr, len)
PLAIN(int, epoll_create1, (int flags), flags)
PLAIN(int, eventfd, (unsigned count, int flags), count, flags)
PLAIN(int, signalfd, (int fd, const sigset_t *set, int flags), fd, set, flags)
PLAIN(int, flock, (int fd, int how), fd, how)
PLAIN(int, lstat, (const char *restrict path, struct stat *restrict st), path, st)
PLAIN(int, unlink, (const char *path), path)
PLAIN(int, nanosleep, (const struct timespec *time, struct timespec *left), time, left)

unsigned if_nametoindex(const char *name)
{
	return TURN(if_nametoindex) ? 0 : REAL(if_nametoindex)(name);
}

int getaddrinfo(const char *restrict host, const char *restrict port, const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
	return TURN(getaddrinfo) ? sock_fail.with : REAL(getaddrinfo)(host, port, hints, list);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*run)(void *), void *restrict owner)
{
	return TURN(pthread_create) ? EAGAIN : REAL(pthread_create)(thread, attributes, run, owner);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list more;

	va_start(more, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(more, mode_t);
	va_end(more);
	return TURN(open) ? -1 : REAL(open)(path, flags, mode);
}

/* The descriptor is gone whatever close says. */
int close(int fd)
{
	int result = REAL(close)(fd);

	return TURN(close) ? -1 : result;
}

/* Who is told that there is no connection has none. */
int shutdown(int fd, int how)
{
	if (!TURN(shutdown))
		return REAL(shutdown)(fd, how);
	REAL(shutdown)(fd, SHUT_RDWR);
	errno = ENOTCONN;
	return -1;
}

/* Taking a descriptor away needs no memory. */
int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
	return TURN(epoll_ctl) && what != EPOLL_CTL_DEL ? -1 : REAL(epoll_ctl)(epoll, what, fd, event);
}

/* Interrupted, a connection goes on being made. */
int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (!TURN(connect))
		return REAL(connect)(fd, addr, len);
	if (sock_fail.with == EINTR && REAL(connect)(fd, addr, len) == 0)
		return 0;
	errno = sock_fail.with;
	return -1;
}

/* What the call in turn is answered: true, and *result and errno are set; *len is cut otherwise. */
static bool stream_fails(int fd, size_t *len, ssize_t *result)
{
	int with = sock_fail.with, type = socket_type(fd);

	if (type == 0 && with != EINTR && with != EAGAIN)
		return false;
	if ((with == SHORT || with == ENDED) && type != SOCK_STREAM)
		return false;
	if (with == SHORT) {
		*len = *len > 0;
		return false;
	}
	errno = with;
	*result = with == ENDED ? 0 : -1;
	return true;
}

#define STREAM(name, declared, ...) \
	ssize_t name declared \
	{ \
		ssize_t result; \
		if (TURN(name) && stream_fails(fd, &len, &result)) \
			return result; \
		return REAL(name)(__VA_ARGS__); \
	}

STREAM(recv, (int fd, void *at, size_t len, int flags), fd, at, len, flags)
STREAM(read, (int fd, void *at, size_t len), fd, at, len)
STREAM(send, (int fd, const void *at, size_t len, int flags), fd, at, len, flags)
STREAM(sendto, (int fd, const void *at, size_t len, int flags, const struct sockaddr *to, socklen_t to_len), fd, at, len, flags, to, to_len)

/* An eventfd that takes no more is full, and that wakes just as well. */
ssize_t write(int fd, const void *at, size_t len)
{
	ssize_t result;

	if (!TURN(write) || !stream_fails(fd, &len, &result))
		return REAL(write)(fd, at, len);
	if (errno == EAGAIN && socket_type(fd) == 0) {
		(void)!REAL(write)(fd, at, len);
		errno = EAGAIN;
	}
	return result;
}

/* Messages come and go whole, but perhaps fewer of them at once than asked. */
#define MESSAGE(result, name, declared, fewer, ...) \
	result name declared \
	{ \
		if (TURN(name)) { \
			if (sock_fail.with > 0) { \
				errno = sock_fail.with; \
				return -1; \
			} \
			if (sock_fail.with == SHORT) \
				fewer; \
		} \
		return REAL(name)(__VA_ARGS__); \
	}

MESSAGE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (void)0, fd, message, flags)
MESSAGE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (void)0, fd, message, flags)
MESSAGE(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout), n = n > 0, fd, messages, n, flags, timeout)
MESSAGE(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned n, int flags), n = n > 0, fd, messages, n, flags)

#pragma GCC diagnostic pop

#endif
