#include "nettool/nettool_input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "netcore/net_timer.h"

struct nettool_input {
	struct net_loop *loop;
	struct net_watch watch;
	struct net_timer again;         /* for files, which no poll knows: they can always be read */
	nettool_input_fn *fn;           /* NULL once destroyed */
	void *owner;
	struct buffer text;
	bool is_file, paused, ended, telling;
};

static void wait_for_more(struct nettool_input *i);

/* Tell the first line that is whole, or too long to be. */
static bool tell_line(struct nettool_input *i)
{
	struct bytes all = buffer_bytes(&i->text);
	size_t end = bytes_find(all, '\n'), len = end;

	if (end == all.len && all.len < NETTOOL_INPUT_LINE_MAX && !(i->ended && all.len > 0))
		return false;
	if (len > NETTOOL_INPUT_LINE_MAX)
		len = end = NETTOOL_INPUT_LINE_MAX;
	if (len > 0 && all.at[len - 1] == '\r')
		len--;
	char *line = bytes_dup(bytes_slice(all, 0, len));
	buffer_drop(&i->text, end < all.len && all.at[end] == '\n' ? end + 1 : end);
	i->fn(i->owner, bytes_of(line, len));
	free(line);
	return true;
}

static void tell(struct nettool_input *i)
{
	i->telling = true;
	while (i->fn && !i->paused && tell_line(i))
		;
	i->telling = false;
	if (i->fn && !i->paused && i->ended) {
		nettool_input_fn *fn = i->fn;
		i->fn = NULL;
		fn(i->owner, (struct bytes){ NULL, 0 });
	}
	wait_for_more(i);
}

/* One read an event, so that a descriptor which others share need not be non-blocking. */
static void read_some(struct nettool_input *i)
{
	ssize_t n = read(STDIN_FILENO, buffer_reserve(&i->text, 4096), 4096);

	if (n > 0)
		buffer_added(&i->text, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		i->ended = true;
	tell(i);
}

static void on_readable(void *owner, unsigned events)
{
	(void)events;
	read_some(owner);
}

static void on_again(void *owner)
{
	struct nettool_input *i = owner;

	if (i->ended || (i->is_file == false && i->text.len > 0))
		tell(i);
	else if (i->is_file)
		read_some(i);
	else
		wait_for_more(i);
}

static void wait_for_more(struct nettool_input *i)
{
	bool wanted = i->fn && !i->paused && !i->ended;

	net_watch_change(&i->watch, wanted ? NET_READABLE : 0);
	if (i->is_file && wanted)
		net_timer_start(&i->again, i->loop, 0, on_again, i);
}

struct nettool_input *nettool_input_create(struct net_loop *loop, nettool_input_fn *fn, void *owner)
{
	struct nettool_input *i = xcalloc(1, sizeof *i);

	*i = (struct nettool_input){ .loop = loop, .fn = fn, .owner = owner };
	i->is_file = !net_watch_start(&i->watch, loop, STDIN_FILENO, NET_READABLE, on_readable, i, NULL);
	wait_for_more(i);
	return i;
}

void nettool_input_pause(struct nettool_input *i)
{
	i->paused = true;
	wait_for_more(i);
}

void nettool_input_resume(struct nettool_input *i)
{
	i->paused = false;
	if (!i->telling)                        /* what is buffered is told from the loop, not from here */
		net_timer_start(&i->again, i->loop, 0, on_again, i);
}

static void release(void *owner)
{
	struct nettool_input *i = owner;

	buffer_release(&i->text);
	free(i);
}

void nettool_input_destroy(struct nettool_input *i)
{
	if (i == NULL)
		return;
	i->fn = NULL;
	net_watch_stop(&i->watch);
	net_timer_stop(&i->again);
	net_loop_call_later(i->loop, release, i);
}
