#include "netcore/net_signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "netcore/net_socket.h"

struct net_signal {
	struct net_loop *loop;
	struct net_watch watch;
	net_signal_fn *fn;              /* NULL once destroyed */
	void *owner;
	int fd;
	sigset_t before;
};

static void on_readable(void *owner, unsigned events)
{
	struct net_signal *s = owner;
	struct signalfd_siginfo info;

	(void)events;
	while (s->fn && read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
		s->fn(s->owner, (int)info.ssi_signo);
}

struct net_signal *net_signal_create(struct net_loop *loop, const int *numbers, net_signal_fn *fn, void *owner, struct error *err)
{
	struct net_signal *s = xcalloc(1, sizeof *s);
	sigset_t set;

	sigemptyset(&set);
	for (; *numbers; numbers++)
		sigaddset(&set, *numbers);
	s->loop = loop;
	s->fn = fn;
	s->owner = owner;
	s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->fd < 0) {
		error_set_errno(err, errno, "signalfd");
	} else if (net_watch_start(&s->watch, loop, s->fd, NET_READABLE, on_readable, s, err)) {
		pthread_sigmask(SIG_BLOCK, &set, &s->before);
		return s;
	}
	net_socket_close(s->fd);
	free(s);
	return NULL;
}

void net_signal_destroy(struct net_signal *s)
{
	if (s == NULL)
		return;
	s->fn = NULL;
	net_watch_stop(&s->watch);
	net_socket_close(s->fd);
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
	net_loop_free_later(s->loop, s);
}

void net_signal_ignore_pipe(void)
{
	signal(SIGPIPE, SIG_IGN);
}
