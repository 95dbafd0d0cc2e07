#include "service/service_watch.h"

#include <stdlib.h>

#include "service/service_server.h"
#include "tests/support/check.h"

struct watcher {
	struct service_watch watch;
	unsigned n;
	uint64_t modseq;
	struct service_watch *stops;    /* in its callback */
};

static void wake(void *owner, uint64_t modseq)
{
	struct watcher *w = owner;

	w->n++;
	w->modseq = modseq;
	if (w->stops != NULL)
		service_watch_stop(w->stops);
}

static void start(struct watcher *w, struct service_loop *loop, int64_t mailbox_id)
{
	service_watch_start(&w->watch, loop, mailbox_id, wake, w);
}

static void check_ids(const struct service_watches *all)
{
	size_t n;
	int64_t *ids = service_watches_ids(all, &n);

	CHECK_ROW(n == 2 && ids[0] + ids[1] == 6 && ids[0] * ids[1] == 0, "each mailbox is told once: 6 and the queue");
	free(ids);
}

int main(void)
{
	struct service_watches *all = service_watches_create();
	struct service_loop loop = { .watches = all };
	struct watcher a = { 0 }, b = { 0 }, c = { 0 }, other = { 0 };

	CHECK_ROW(!service_watches_any(all), "nobody waits at first");
	start(&a, &loop, 5);
	start(&b, &loop, 5);
	start(&c, &loop, 5);
	start(&other, &loop, 6);
	CHECK(service_watches_any(all));

	service_watches_wake(all, 5, 77);
	CHECK_ROW(a.n == 1 && b.n == 1 && c.n == 1 && a.modseq == 77, "all watches of a mailbox are woken, with its modseq");
	CHECK_ROW(other.n == 0, "those of others are not");
	service_watches_wake(all, 99, 1);
	CHECK_ROW(a.n + b.n + c.n + other.n == 3, "a mailbox nobody watches wakes nobody");

	a.stops = &b.watch;
	service_watches_wake(all, 5, 78);
	CHECK_ROW(a.n == 2 && b.n == 1 && c.n == 2, "a callback may stop the next watch: it is not woken, the one behind it is");
	a.stops = &a.watch;
	service_watches_wake(all, 5, 79);
	CHECK_ROW(a.n == 3 && c.n == 3 && a.watch.loop == NULL, "a callback may stop its own");
	c.stops = &c.watch;
	service_watches_wake(all, 5, 80);
	CHECK_ROW(c.n == 4, "also when it is the last");

	a.stops = NULL;
	start(&a, &loop, 8);
	service_watches_wake(all, 8, 3);
	service_watches_wake(all, 8, 3);
	service_watches_wake(all, 8, 2);
	CHECK_ROW(a.n == 4, "what the watches were woken for already wakes nobody again");
	service_watches_wake(all, 8, 0);
	CHECK_ROW(a.n == 5 && a.modseq == 0, "a mailbox that is gone does");
	start(&a, &loop, 0);
	service_watches_wake(all, 0, 1);
	service_watches_wake(all, 0, 1);
	CHECK_ROW(a.n == 7, "so does every hint of the queue");
	check_ids(all);
	start(&a, &loop, 9);
	service_watches_wake(all, 0, 2);
	CHECK_ROW(a.n == 7, "a watch that is started again leaves its old mailbox");

	service_watch_stop(&a.watch);
	service_watch_stop(&a.watch);
	service_watch_stop(&other.watch);
	CHECK_ROW(!service_watches_any(all), "nobody waits at last");
	service_watches_destroy(all);
	return check_finish();
}
