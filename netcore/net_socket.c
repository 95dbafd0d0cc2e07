#define _GNU_SOURCE
#include "netcore/net_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 4096                    /* the kernel cuts it to net.core.somaxconn */

void net_socket_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

static bool set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static int new_socket(int family, int type, struct error *err)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		error_set_errno(err, errno, "socket");
	return fd;
}

static bool fail_at(const struct net_addr *a, struct error *err, const char *what)
{
	int number = errno;
	char text[NET_ADDR_TEXT];

	return error_set_errno(err, number, "%s %s", what, net_addr_format(a, text));
}

/* Does a process use this path?  Only a socket that refuses is stale. */
static bool unix_path_is_stale(const struct net_addr *a, const char *path, int type)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	int fd = new_socket(AF_UNIX, type, NULL);
	if (fd < 0)
		return false;
	bool refused = connect(fd, net_addr_sockaddr(a), a->len) < 0 && errno == ECONNREFUSED;
	net_socket_close(fd);
	return refused;
}

/* The lock that keeps two starting processes from unlinking each other's socket: on the folder itself, so that no file is left behind. */
static int lock_folder(const char *path)
{
	char folder[sizeof ((struct sockaddr_un *)0)->sun_path];
	const char *slash = strrchr(path, '/');
	struct timespec pause = { 0, 10 * 1000 * 1000 };

	snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path), slash ? path : ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i < 100; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		nanosleep(&pause, NULL);
	}
	net_socket_close(fd);
	return -1;
}

/* Under the lock from bind to listen: a bound socket that does not listen yet looks stale to others. */
static bool bind_unix(int fd, const struct net_addr *a, int type)
{
	const char *path = ((const struct sockaddr_un *)(const void *)&a->storage)->sun_path;
	int lock = lock_folder(path), number = 0;

	if (bind(fd, net_addr_sockaddr(a), a->len) < 0)
		number = errno;
	if (number == EADDRINUSE && lock >= 0 && unix_path_is_stale(a, path, type) && unlink(path) == 0)
		number = bind(fd, net_addr_sockaddr(a), a->len) < 0 ? errno : 0;
	if (number == 0 && type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		number = errno;
	net_socket_close(lock);
	errno = number;
	return number == 0;
}

static bool listen_inet(int fd, const struct net_addr *a)
{
	if (!set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;
	/* [::] would otherwise take 0.0.0.0 too, or be refused because of it. */
	if (net_addr_family(a) == AF_INET6 && !set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return false;
	return bind(fd, net_addr_sockaddr(a), a->len) == 0 && listen(fd, BACKLOG) == 0;
}

int net_socket_listen(const struct net_addr *a, struct error *err)
{
	int family = net_addr_family(a), fd = new_socket(family, SOCK_STREAM, err);

	if (fd < 0)
		return -1;
	if (family == AF_UNIX ? bind_unix(fd, a, SOCK_STREAM) : listen_inet(fd, a))
		return fd;
	fail_at(a, err, "listen on");
	net_socket_close(fd);
	return -1;
}

int net_socket_connect(const struct net_addr *a, struct error *err)
{
	int fd = new_socket(net_addr_family(a), SOCK_STREAM, err);

	if (fd < 0)
		return -1;
	/* EINTR: the attempt goes on in the kernel, as with EINPROGRESS. */
	if (connect(fd, net_addr_sockaddr(a), a->len) == 0 || errno == EINPROGRESS || errno == EINTR)
		return fd;
	bool full = errno == EAGAIN;
	fail_at(a, err, "connect to");
	if (full && err)
		err->kind = ERROR_TRY_LATER;
	net_socket_close(fd);
	return -1;
}

bool net_socket_finish_connect(int fd, struct error *err)
{
	int number = 0;
	socklen_t len = sizeof number;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0)
		number = errno;
	return number == 0 || error_set_errno(err, number, "connect");
}

/* Which of our addresses a datagram was sent to is asked for with each of them. */
static bool bind_inet_datagram(int fd, const struct net_addr *a)
{
	bool is_set = net_addr_family(a) == AF_INET6 ? set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
	                                             : set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);

	return is_set && bind(fd, net_addr_sockaddr(a), a->len) == 0;
}

int net_socket_bind_datagram(const struct net_addr *a, struct error *err)
{
	int family = net_addr_family(a), fd = new_socket(family, SOCK_DGRAM, err);

	if (fd < 0)
		return -1;
	if (family == AF_UNIX ? bind_unix(fd, a, SOCK_DGRAM) : bind_inet_datagram(fd, a))
		return fd;
	fail_at(a, err, "receive on");
	net_socket_close(fd);
	return -1;
}

int net_socket_connect_datagram(const struct net_addr *a, struct error *err)
{
	int family = net_addr_family(a), fd = new_socket(family, SOCK_DGRAM, err);
	struct sockaddr_un unnamed = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -1;
	/* A Unix socket without a name could not be answered: let the kernel give it one. */
	if (family == AF_UNIX && bind(fd, (struct sockaddr *)&unnamed, sizeof unnamed.sun_family) < 0)
		fail_at(a, err, "name a socket for");
	else if (connect(fd, net_addr_sockaddr(a), a->len) < 0)
		fail_at(a, err, "connect to");
	else
		return fd;
	net_socket_close(fd);
	return -1;
}

bool net_socket_local_addr(int fd, struct net_addr *a)
{
	*a = (struct net_addr){ .len = sizeof a->storage };
	if (getsockname(fd, (struct sockaddr *)&a->storage, &a->len) == 0)
		return true;
	a->len = 0;
	return false;
}

bool net_socket_peer_addr(int fd, struct net_addr *a)
{
	*a = (struct net_addr){ .len = sizeof a->storage };
	if (getpeername(fd, (struct sockaddr *)&a->storage, &a->len) == 0)
		return true;
	a->len = 0;
	return false;
}

void net_socket_set_nodelay(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void net_socket_set_keepalive(int fd, int idle_s, int timeout_s)
{
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, timeout_s >= 4 ? timeout_s / 4 : 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, timeout_s * 1000);
}

long net_socket_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return (long)limit.rlim_cur;
}
