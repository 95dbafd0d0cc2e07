#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "mailstore/care.h"
#include "mailstore/mailboxes.h"
#include "service/service_state.h"

#define POLL_MS 1000
#define MAINTAIN_MS 1000
#define MAINTAIN_BUDGET_MS 20

/* Hints on their way to a loop; n 0: "somebody committed something". */
struct wakeup {
	struct service_loop *loop;
	size_t n;
	struct store_hint hints[];
};

static void compared(void *owner, const struct error *err, const struct store_hint *at, size_t n)
{
	struct service_loop *loop = owner;

	if (err != NULL)
		log_warning(loop->service->program->name, "poll-failed", "error=%s", err->text);
	for (size_t i = 0; i < n; i++)
		service_watches_wake(loop->watches, at[i].mailbox_id, at[i].modseq);
}

/* Without a hint: ask for the counters of all that is watched, so that only sessions with news do any work. */
static void compare(struct service_loop *loop)
{
	size_t n;
	int64_t *ids = service_watches_ids(loop->watches, &n);

	for (size_t done = 0; done < n; done += STORE_MODSEQS_MAX)
		store_mailbox_modseqs(loop->store, ids + done, n - done < STORE_MODSEQS_MAX ? n - done : STORE_MODSEQS_MAX,
		                      compared, loop);
	free(ids);
}

static void wake_loop(void *owner)
{
	struct wakeup *w = owner;

	for (size_t i = 0; i < w->n; i++)
		service_watches_wake(w->loop->watches, w->hints[i].mailbox_id, w->hints[i].modseq);
	if (w->n == 0)
		compare(w->loop);
	free(w);
}

/* From any thread. */
static void wake_loops(struct service *s, const struct store_hint *hints, size_t n)
{
	for (size_t i = 0; i < s->n_loops; i++) {
		struct service_loop *loop = &s->loops[i];
		if (!service_watches_any(loop->watches))
			continue;
		struct wakeup *w = xmalloc(sizeof *w + n * sizeof *hints);
		*w = (struct wakeup){ .loop = loop, .n = n };
		if (n > 0)
			memcpy(w->hints, hints, n * sizeof *hints);
		net_loop_post(loop->net, wake_loop, w);
	}
}

/* In the store's writer thread. */
void service_changes_committed(void *owner, const struct store_hint *hints, size_t n)
{
	struct service *s = owner;

	if (n == 0)
		return;
	wake_loops(s, hints, n);
	if (s->hint != NULL)
		service_hint_send(s->hint, hints, n);
}

static void heard(void *owner, const struct store_hint *hints, size_t n)
{
	wake_loops(owner, hints, n);
}

static void poll_again(void *owner);

static void polled(void *owner, const struct error *err, bool changed)
{
	struct service *s = owner;

	s->polling = false;
	if (err != NULL)
		log_warning(s->program->name, "poll-failed", "error=%s", err->text);
	if (err != NULL || changed)
		wake_loops(s, NULL, 0);
}

static void poll_again(void *owner)
{
	struct service *s = owner;

	net_timer_start(&s->poll_timer, s->loops[0].net, POLL_MS, poll_again, s);
	if (s->polling)
		return;
	s->polling = true;
	store_poll(s->loops[0].store, polled, s);
}

static void maintained(void *owner, const struct error *err)
{
	struct service *s = owner;

	s->maintaining = false;
	if (err != NULL)
		log_warning(s->program->name, "maintenance-failed", "error=%s", err->text);
}

static void maintain_again(void *owner)
{
	struct service *s = owner;

	net_timer_start(&s->maintain_timer, s->loops[0].net, MAINTAIN_MS, maintain_again, s);
	if (s->maintaining)
		return;
	s->maintaining = true;
	store_maintain(s->loops[0].store, MAINTAIN_BUDGET_MS, maintained, s);
}

bool service_changes_start(struct service *s, struct error *err)
{
	if (s->hint != NULL && !service_hint_start(s->hint, s->loops[0].net, store_uuid(s->store), store_secret(s->store),
	                                           heard, s, err))
		return false;
	/* the first poll only tells where we stand: before any session looks */
	poll_again(s);
	/* one process is enough for the care of the store: the one that takes mail in */
	if (s->program->services & 1u << SERVICE_SMTP)
		net_timer_start(&s->maintain_timer, s->loops[0].net, MAINTAIN_MS, maintain_again, s);
	return true;
}

void service_changes_stop(struct service *s)
{
	net_timer_stop(&s->poll_timer);
	net_timer_stop(&s->maintain_timer);
	if (s->hint != NULL)
		service_hint_stop(s->hint);
}
