/* net_poll_epoll: the kernel's ready list by epoll(7), level-triggered. */
#include "netcore/net_poll.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/memory.h"
#include "netcore/net_loop.h"

#define EVENTS_MAX 256

struct epoll_set {
	int fd;
	struct epoll_event ready[EVENTS_MAX];
};

static void *epoll_set_create(struct error *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0) {
		error_set_errno(err, errno, "epoll_create1");
		return NULL;
	}
	struct epoll_set *set = xmalloc(sizeof *set);
	set->fd = fd;
	return set;
}

static void epoll_set_destroy(void *poll)
{
	struct epoll_set *set = poll;

	close(set->fd);
	free(set);
}

static void epoll_set_remove(void *poll, int fd)
{
	struct epoll_set *set = poll;

	epoll_ctl(set->fd, EPOLL_CTL_DEL, fd, NULL);
}

static bool epoll_set_set(void *poll, int fd, unsigned events, uint64_t token, bool is_new, struct error *err)
{
	struct epoll_set *set = poll;
	struct epoll_event event = { .data.u64 = token };

	/*
	 * EPOLLHUP and EPOLLERR cannot be masked.  Edge-triggered they come at most once, and the loop drops
	 * them: so silence never needs a removal, and no later call can fail.
	 */
	if (events == 0)
		event.events = EPOLLET;
	if (events & NET_READABLE)
		event.events |= EPOLLIN;
	if (events & NET_WRITABLE)
		event.events |= EPOLLOUT;
	if (epoll_ctl(set->fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) < 0)
		return error_set_errno(err, errno, "epoll_ctl");
	return true;
}

static size_t epoll_set_wait(void *poll, struct net_poll_event *at, size_t max, int timeout_ms)
{
	struct epoll_set *set = poll;
	int n = epoll_wait(set->fd, set->ready, max < EVENTS_MAX ? (int)max : EVENTS_MAX, timeout_ms);

	if (n < 0)
		return 0;
	for (int i = 0; i < n; i++) {
		uint32_t got = set->ready[i].events;
		at[i].token = set->ready[i].data.u64;
		at[i].events = (got & EPOLLIN ? NET_READABLE : 0) | (got & EPOLLOUT ? NET_WRITABLE : 0) |
		               (got & (EPOLLERR | EPOLLHUP) ? NET_HANGUP : 0);
	}
	return (size_t)n;
}

const struct net_poll_backend net_poll_epoll = {
	"epoll", epoll_set_create, epoll_set_destroy, epoll_set_set, epoll_set_remove, epoll_set_wait,
};
