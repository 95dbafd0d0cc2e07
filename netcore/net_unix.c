#define _GNU_SOURCE
#include "netcore/net_unix.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "netcore/net_socket.h"

bool net_unix_pair(int fds[2], struct error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0)
		return true;
	return error_set_errno(err, errno, "socketpair");
}

bool net_unix_peer(int fd, pid_t *pid, uid_t *uid, gid_t *gid, struct error *err)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return error_set_errno(err, errno, "credentials of a Unix socket's peer");
	*pid = peer.pid;
	*uid = peer.uid;
	*gid = peer.gid;
	return true;
}

/* A control buffer must be aligned for its header. */
union control {
	struct cmsghdr head;
	char octets[CMSG_SPACE(NET_UNIX_FDS_MAX * sizeof(int))];
};

bool net_unix_send(int fd, const void *at, size_t len, const int *fds, size_t n_fds, struct error *err)
{
	union control control = { 0 };
	struct iovec part = { (void *)(uintptr_t)at, len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	assert(len > 0 && n_fds <= NET_UNIX_FDS_MAX);
	if (n_fds > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(head), fds, n_fds * sizeof(int));
	}
	while ((sent = sendmsg(fd, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (sent >= 0)
		return true;
	if (errno == EAGAIN)
		return error_set(err, ERROR_TRY_LATER, "the other end does not read");
	return error_set_errno(err, errno, "send on a Unix socket");
}

static void collect_descriptors(struct msghdr *message, int *fds, size_t *n_fds)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
			if (*n_fds < NET_UNIX_FDS_MAX)
				fds[(*n_fds)++] = fd;
			else
				net_socket_close(fd);
		}
	}
}

ssize_t net_unix_receive(int fd, void *at, size_t size, int *fds, size_t *n_fds, struct error *err)
{
	union control control;
	struct iovec part = { at, size };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
	};
	ssize_t got;

	*n_fds = 0;
	while ((got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got < 0) {
		if (errno == EAGAIN)
			error_set(err, ERROR_TRY_LATER, "no message yet");
		else
			error_set_errno(err, errno, "receive on a Unix socket");
		return -1;
	}
	collect_descriptors(&message, fds, n_fds);
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return got;
	while (*n_fds > 0)
		net_socket_close(fds[--*n_fds]);
	error_set(err, ERROR_LIMIT, message.msg_flags & MSG_TRUNC ? "a message over %zu octets was cut" : "descriptors were cut from a message of at most %zu octets", size);
	return -1;
}
