/* net_poll_poll: the same by poll(2): the portable back end, and the proof that the loop is level-triggered. */
#include "netcore/net_poll.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "netcore/net_loop.h"

#define NO_MEMORY_PAUSE_NS (10 * 1000 * 1000)

struct poll_set {
	struct pollfd *fds;             /* fds[i] belongs to tokens[i]; a silent one has its fd negated: ~fd */
	uint64_t *tokens;
	size_t n, capacity;
	size_t *places;                 /* by descriptor: index into fds, counting from 1; 0 = unknown */
	size_t n_places;
	size_t start;                   /* where the next look begins, so that low places are not favoured */
};

static void *poll_set_create(struct error *err)
{
	(void)err;
	return xcalloc(1, sizeof(struct poll_set));
}

static void poll_set_destroy(void *poll)
{
	struct poll_set *set = poll;

	free(set->fds);
	free(set->tokens);
	free(set->places);
	free(set);
}

static void make_room(struct poll_set *set, int fd)
{
	if (set->n == set->capacity) {
		set->capacity = set->capacity ? set->capacity * 2 : 16;
		set->fds = xreallocarray(set->fds, set->capacity, sizeof *set->fds);
		set->tokens = xreallocarray(set->tokens, set->capacity, sizeof *set->tokens);
	}
	if ((size_t)fd >= set->n_places) {
		size_t n = (size_t)fd * 2 + 16;
		set->places = xreallocarray(set->places, n, sizeof *set->places);
		for (size_t i = set->n_places; i < n; i++)
			set->places[i] = 0;
		set->n_places = n;
	}
}

static bool poll_set_set(void *poll, int fd, unsigned events, uint64_t token, bool is_new, struct error *err)
{
	struct poll_set *set = poll;

	(void)is_new, (void)err;
	make_room(set, fd);
	if (set->places[fd] == 0)
		set->places[fd] = ++set->n;
	size_t i = set->places[fd] - 1;
	set->fds[i].fd = events ? fd : ~fd;
	set->fds[i].events = (short)((events & NET_READABLE ? POLLIN : 0) | (events & NET_WRITABLE ? POLLOUT : 0));
	set->fds[i].revents = 0;
	set->tokens[i] = token;
	return true;
}

static void poll_set_remove(void *poll, int fd)
{
	struct poll_set *set = poll;

	if ((size_t)fd >= set->n_places || set->places[fd] == 0)
		return;
	size_t i = set->places[fd] - 1, last = --set->n;
	set->places[fd] = 0;
	if (i != last) {
		set->fds[i] = set->fds[last];
		set->tokens[i] = set->tokens[last];
		int moved = set->fds[i].fd;
		set->places[moved < 0 ? ~moved : moved] = i + 1;
	}
}

static size_t poll_set_wait(void *poll_, struct net_poll_event *at, size_t max, int timeout_ms)
{
	struct poll_set *set = poll_;
	size_t filled = 0;
	int n = poll(set->fds, (nfds_t)set->n, timeout_ms);

	/* Without memory poll does not wait, and the loop would ask it again at once. */
	if (n < 0 && errno != EINTR)
		nanosleep(&(struct timespec){ 0, NO_MEMORY_PAUSE_NS }, NULL);
	if (n <= 0)
		return 0;
	if (set->start >= set->n)
		set->start = 0;
	size_t i = set->start;
	for (size_t looked = 0; looked < set->n && filled < max; looked++) {
		short got = set->fds[i].revents;
		if (got) {
			at[filled].token = set->tokens[i];
			at[filled++].events = (got & POLLIN ? NET_READABLE : 0) | (got & POLLOUT ? NET_WRITABLE : 0) |
			                      (got & (POLLERR | POLLHUP | POLLNVAL) ? NET_HANGUP : 0);
		}
		i = i + 1 < set->n ? i + 1 : 0;
	}
	set->start = i;
	return filled;
}

const struct net_poll_backend net_poll_poll = {
	"poll", poll_set_create, poll_set_destroy, poll_set_set, poll_set_remove, poll_set_wait,
};
