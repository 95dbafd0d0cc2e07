#define _GNU_SOURCE
#include "netcore/net_listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define ACCEPTS_A_TURN 64
#define PAUSE_MS 100

struct net_listener {
	struct net_loop *loop;
	struct net_watch watch;
	struct net_timer pause;
	net_listener_fn *fn;            /* NULL once destroyed */
	void *owner;
	int fd, spare_fd;
	bool short_of_descriptors;      /* said so in the log, and not recovered yet */
};

/* An eventfd needs no file system: it can be made again inside the sandbox. */
static int spare_descriptor(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

static void unpause(void *owner)
{
	struct net_listener *l = owner;

	if (l->spare_fd < 0)
		l->spare_fd = spare_descriptor();
	net_watch_change(&l->watch, NET_READABLE);
}

static void pause_accepting(struct net_listener *l, int number)
{
	if (!l->short_of_descriptors)
		log_warning("net", "accept-paused", "errno=%d fd=%d", number, l->fd);
	l->short_of_descriptors = true;
	net_watch_change(&l->watch, 0);
	net_timer_start(&l->pause, l->loop, PAUSE_MS, unpause, l);
}

/* The waiting client keeps the socket readable for ever: take it with the spare descriptor and hang up. */
static void turn_one_away(struct net_listener *l)
{
	if (l->spare_fd < 0)
		return;
	net_socket_close(l->spare_fd);
	net_socket_close(accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	l->spare_fd = spare_descriptor();
}

static int accept_one(struct net_listener *l, struct net_addr *peer)
{
	*peer = (struct net_addr){ .len = sizeof peer->storage };
	if (fault_fails("net.accept")) {
		errno = EMFILE;
		return -1;
	}
	return accept4(l->fd, (struct sockaddr *)&peer->storage, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void on_readable(void *owner, unsigned events)
{
	struct net_listener *l = owner;
	struct net_addr peer;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN && l->fn; i++) {
		int fd = accept_one(l, &peer);
		if (fd >= 0) {
			l->short_of_descriptors = false;
			l->fn(l->owner, fd, &peer);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return;
		case EMFILE:
		case ENFILE:
			pause_accepting(l, errno);
			turn_one_away(l);
			return;
		case ENOBUFS:
		case ENOMEM:
			pause_accepting(l, errno);
			return;
		default:
			break;          /* EINTR, ECONNABORTED, an error of that connection: the next one */
		}
	}
}

struct net_listener *net_listener_create(struct net_loop *loop, int fd, net_listener_fn *fn, void *owner, struct error *err)
{
	struct net_listener *l = xcalloc(1, sizeof *l);

	l->loop = loop;
	l->fn = fn;
	l->owner = owner;
	l->fd = fd;
	l->spare_fd = spare_descriptor();
	if (net_watch_start(&l->watch, loop, fd, NET_READABLE, on_readable, l, err))
		return l;
	net_socket_close(l->spare_fd);
	net_socket_close(fd);
	free(l);
	return NULL;
}

void net_listener_destroy(struct net_listener *l)
{
	if (l == NULL)
		return;
	l->fn = NULL;
	net_timer_stop(&l->pause);
	net_watch_stop(&l->watch);
	net_socket_close(l->fd);
	net_socket_close(l->spare_fd);
	net_loop_free_later(l->loop, l);
}
