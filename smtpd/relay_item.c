#include "smtpd/relay_item.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "message/envelope.h"

static atomic_size_t n_items;

size_t relay_item_count(void)
{
	return atomic_load(&n_items);
}

static const char *copy(struct arena *arena, const char *text)
{
	return text ? arena_text(arena, text) : NULL;
}

struct relay_item *relay_item_create(const struct store_queue_item *row)
{
	struct relay_item *item = xcalloc(1, sizeof *item);

	item->row = *row;
	item->row.sender = copy(&item->arena, row->sender);
	item->row.recipient = copy(&item->arena, row->recipient);
	item->row.envelope_id = copy(&item->arena, row->envelope_id);
	item->row.refused = copy(&item->arena, row->refused);
	item->row.original_recipient = copy(&item->arena, row->original_recipient);
	atomic_fetch_add(&n_items, 1);
	return item;
}

static struct bytes key_of(const struct relay_item *item)
{
	return bytes_of(&item->row.item_id, sizeof item->row.item_id);
}

bool relay_item_hold(struct relay *relay, struct relay_item *item)
{
	struct relay_item *held = map_get(relay->items, key_of(item));

	/* Its lease ran out and was claimed again, by ourselves: the try under way stays the only one. */
	if (held) {
		held->row.lease_until_s = item->row.lease_until_s;
		relay_item_destroy(item);
		return false;
	}
	item->relay = relay;
	map_put(relay->items, key_of(item), item);
	return true;
}

void relay_item_destroy(struct relay_item *item)
{
	if (item->relay)
		map_remove(item->relay->items, key_of(item));
	arena_reset(&item->arena);
	free(item);
	atomic_fetch_sub(&n_items, 1);
}

static void set_status(struct relay_item *item, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote)
{
	item->enhanced = copy(&item->arena, enhanced);
	item->status = copy(&item->arena, status);
	item->remote = copy(&item->arena, remote);
	item->is_smtp_reply = is_smtp_reply;
	item->needs_report = false;
}

void relay_item_delivered(struct relay_item *item, const char *status, const char *remote)
{
	set_status(item, NULL, status, true, remote);
	item->outcome = STORE_QUEUE_DELIVERED;
}

/* Never for the null path: a report of a report would have no end. */
static bool wants_report(const struct relay_item *item, unsigned occasion)
{
	return item->row.sender[0] != '\0' && (item->row.notify == 0 || (item->row.notify & occasion));
}

void relay_item_failed(struct relay_item *item, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote)
{
	set_status(item, enhanced, status, is_smtp_reply, remote);
	item->outcome = STORE_QUEUE_FAILED;
	item->action = REPORT_FAILED;
	item->needs_report = wants_report(item, ENVELOPE_NOTIFY_FAILURE);
}

int64_t relay_item_delay_s(unsigned n)
{
	static const int64_t minutes[] = { 5, 10, 20, 40 };
	int64_t s = n < sizeof minutes / sizeof *minutes ? minutes[n] * 60 : 60 * 60 + random_below(10 * 60 + 1);

	return s * (900 + random_below(201)) / 1000;
}

/* A last try at the end of its time, and the delay notice at its own. */
static int64_t not_later(const struct relay_item *item, int64_t notice_s, int64_t at_s)
{
	const struct store_queue_item *row = &item->row;
	int64_t notice_at_s = row->arrived_s + notice_s;

	if (row->expires_s > 0 && at_s > row->expires_s)
		at_s = row->expires_s;
	if (item->is_parked && notice_s > 0 && !row->delay_was_noticed && clock_now_s() < notice_at_s && at_s > notice_at_s)
		at_s = notice_at_s;
	return at_s;
}

static void put_off(struct relay_item *item, int64_t delay_s, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote)
{
	int64_t now = clock_now_s(), notice_s = item->relay->loop->generation->settings.queue.delay_notice_s;
	const struct store_queue_item *row = &item->row;

	if (row->expires_s > 0 && now >= row->expires_s) {
		relay_item_failed(item, RELAY_EXPIRED, status, is_smtp_reply, remote);
		return;
	}
	set_status(item, enhanced, status, is_smtp_reply, remote);
	item->outcome = STORE_QUEUE_RETRY;
	item->next_at_s = not_later(item, notice_s, now + delay_s);
	item->action = REPORT_DELAYED;
	item->needs_report = notice_s > 0 && now - row->arrived_s >= notice_s && !row->delay_was_noticed && wants_report(item, ENVELOPE_NOTIFY_DELAY);
}

void relay_item_deferred(struct relay_item *item, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote)
{
	item->is_parked = false;
	put_off(item, relay_item_delay_s(item->row.tries), enhanced, status, is_smtp_reply, remote);
}

void relay_item_lost(struct relay_item *item, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote)
{
	static const int64_t soon_s[] = { 15, 30, 60 };
	unsigned n = sizeof soon_s / sizeof *soon_s, tries = item->row.tries;

	item->is_parked = false;
	put_off(item, tries < n ? soon_s[tries] : relay_item_delay_s(tries - n), enhanced, status, is_smtp_reply, remote);
}

void relay_item_parked(struct relay_item *item, const char *enhanced, const char *status, const char *remote)
{
	item->is_parked = true;
	put_off(item, relay_item_delay_s(UINT_MAX), enhanced, status, false, remote);
}
