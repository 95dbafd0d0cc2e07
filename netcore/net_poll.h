/* net_poll: what the loop needs of the kernel, behind five calls; net_poll_epoll.c and net_poll_poll.c implement it. */
#ifndef NETCORE_NET_POLL_H
#define NETCORE_NET_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct net_poll_event {
	uint64_t token;
	unsigned events;                /* NET_READABLE … of net_loop.h */
};

struct net_poll_backend {
	const char *name;
	void *(*create)(struct error *err);
	void (*destroy)(void *poll);
	/* events == 0 keeps the descriptor known but silent.  The token comes back with its events. */
	bool (*set)(void *poll, int fd, unsigned events, uint64_t token, bool is_new, struct error *err);
	void (*remove)(void *poll, int fd);
	/* Returns how many of at[0..max) were filled; EINTR counts as none. */
	size_t (*wait)(void *poll, struct net_poll_event *at, size_t max, int timeout_ms);
};

extern const struct net_poll_backend net_poll_epoll, net_poll_poll;

#endif
