#include "smtpd/relay_schedule.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "smtpd/relay_item.h"
#include "smtpd/relay_pool.h"
#include "smtpd/relay_result.h"
#include "smtpd/relay_state.h"
#include "smtpd/smtpd_loop.h"

#define CLAIM_MAX   500                 /* rows at a time */
#define WAKE_MAX    5000
#define CLAIM_SOON_MS 200               /* between two claims for hints, which come in crowds */
#define CLAIM_LATE_MS (60 * 1000)       /* looked even when nothing was said: rows of processes that died */
#define RENEW_MS    (60 * 1000)
#define RENEW_AHEAD_S 300

static void claim(struct relay *relay);

/* ---- items find their loop ---- */

/* Items on their way to the loop their destination belongs to. */
struct hand_over {
	struct service_loop *loop;
	struct list items;
};

static void take(struct service_loop *loop, struct list *items)
{
	struct relay *relay = smtpd_loop_of(loop)->relay;
	struct list held = { 0 }, surplus = { 0 };
	struct list_node *node;

	while ((node = list_take_first(items)) != NULL) {
		struct relay_item *item = LIST_OWNER(node, struct relay_item, node);

		/* At the end of the process its leases are free for the next. */
		if (relay->is_stopping) {
			relay_item_destroy(item);
		} else if (relay_item_hold(relay, item)) {
			item->outcome = STORE_QUEUE_RELEASE;
			list_append(relay_item_count() > 2 * RELAY_HELD_MAX ? &surplus : &held, node);
		}
	}
	relay_result_commit(relay, &surplus);
	relay_pool_add(relay, &held);
}

static void take_over(void *owner)
{
	struct hand_over *h = owner;

	take(h->loop, &h->items);
	free(h);
}

static size_t loop_of(const struct service_loop *here, const struct store_queue_item *row)
{
	struct relay_route route;

	if (!relay_route_find(here->generation, row->recipient, &route))
		return here->index;
	return map_hash(bytes_text(route.key)) % service_loop_count(here->service);
}

void relay_submit(struct service_loop *loop, struct store_queue_items *items)
{
	size_t n_loops = service_loop_count(loop->service);

	if (!items)
		return;
	struct hand_over **parcels = xcalloc(n_loops, sizeof *parcels);
	for (size_t i = 0; i < items->n; i++) {
		size_t to = loop_of(loop, &items->at[i]);

		if (!parcels[to]) {
			parcels[to] = xcalloc(1, sizeof *parcels[to]);
			parcels[to]->loop = service_loop_at(loop->service, to);
		}
		list_append(&parcels[to]->items, &relay_item_create(&items->at[i])->node);
	}
	store_queue_items_destroy(items);
	for (size_t i = 0; i < n_loops; i++) {
		if (parcels[i] && i == loop->index)
			take_over(parcels[i]);
		else if (parcels[i])
			net_loop_post(parcels[i]->loop->net, take_over, parcels[i]);
	}
	free(parcels);
}

/* ---- what is due in the store ---- */

static void on_claim_timer(void *owner)
{
	claim(owner);
}

/* Earlier wins. */
static void claim_in(struct relay *relay, int64_t ms)
{
	int64_t at = net_loop_now_ms(relay->loop->net) + ms;

	if (relay->is_claiming) {
		relay->claim_again = true;
		return;
	}
	if (net_timer_is_armed(&relay->claim_timer) && relay->claim_at_ms <= at)
		return;
	relay->claim_at_ms = at;
	net_timer_start(&relay->claim_timer, relay->loop->net, ms, on_claim_timer, relay);
}

static int64_t wait_for(int64_t due_s)
{
	int64_t ms = due_s == 0 ? CLAIM_LATE_MS : due_s * 1000 - clock_now_ms();

	return ms < CLAIM_SOON_MS ? CLAIM_SOON_MS : ms > CLAIM_LATE_MS ? CLAIM_LATE_MS : ms;
}

static void on_claimed(void *owner, const struct error *err, struct store_queue_items *items)
{
	struct relay *relay = owner;
	bool again = relay->claim_again, is_full = items && items->n == CLAIM_MAX;
	int64_t due_s = items ? items->next_due_s : 0;

	relay->is_claiming = relay->claim_again = false;
	if (err)
		log_warning("relay", "claim-failed", "error=%s", err->text);
	if (relay->is_stopping) {
		store_queue_items_destroy(items);
		return;
	}
	relay_submit(relay->loop, items);
	claim_in(relay, is_full ? 0 : again ? CLAIM_SOON_MS : wait_for(due_s));
}

static void claim(struct relay *relay)
{
	if (relay->is_claiming || relay->is_stopping)
		return;
	if (relay_item_count() >= RELAY_HELD_MAX) {
		claim_in(relay, 1000);
		return;
	}
	relay->is_claiming = true;
	relay->claimed_at_ms = net_loop_now_ms(relay->loop->net);
	store_queue_claim(relay->loop->store, CLAIM_MAX, RELAY_LEASE_S, on_claimed, relay);
}

static void on_hint(void *owner, uint64_t modseq)
{
	struct relay *relay = owner;
	int64_t wait_ms = relay->claimed_at_ms + CLAIM_SOON_MS - net_loop_now_ms(relay->loop->net);

	(void)modseq;
	claim_in(relay, wait_ms > 0 ? wait_ms : 0);
}

static void on_woken(void *owner, const struct error *err, size_t n, bool is_all)
{
	struct relay *relay = owner;

	if (err)
		log_warning("relay", "wake-failed", "error=%s", err->text);
	if (n > 0)
		log_info("relay", "woken", "rows=%zu", n);
	if (!err && !is_all && !relay->is_stopping)
		store_queue_wake(relay->loop->store, NULL, WAKE_MAX, on_woken, relay);
}

/* What is parked looks for its route anew. */
static void wake(struct relay *relay)
{
	if (relay->loop->index == 0)
		store_queue_wake(relay->loop->store, NULL, WAKE_MAX, on_woken, relay);
}

void relay_reload(struct service_loop *loop)
{
	struct relay *relay = smtpd_loop_of(loop)->relay;

	relay_pool_reload(relay);
	wake(relay);
}

/* ---- leases ---- */

static void on_renewed(void *owner, const struct error *err)
{
	(void)owner;
	/* A row that was lost is being tried by somebody else; our result for it will be passed over. */
	if (err)
		log_info("relay", "lease-lost", "error=%s", err->text);
}

static void renew(void *owner)
{
	struct relay *relay = owner;
	int64_t until_s = clock_now_s() + RELAY_LEASE_S, soon_s = clock_now_s() + RENEW_AHEAD_S;
	int64_t *ids = xcalloc(map_count(relay->items) + 1, sizeof *ids);
	size_t n = 0, cursor = 0;
	void *value;

	while (map_next(relay->items, &cursor, NULL, &value)) {
		struct relay_item *item = value;

		if (item->row.lease_until_s > soon_s)
			continue;
		item->row.lease_until_s = until_s;
		ids[n++] = item->row.item_id;
	}
	if (n > 0)
		store_queue_renew(relay->loop->store, ids, n, RELAY_LEASE_S, on_renewed, relay);
	free(ids);
	net_timer_start(&relay->renew_timer, relay->loop->net, RENEW_MS, renew, relay);
}

/* ---- the life of it ---- */

bool relay_start(struct service_loop *loop, struct error *err)
{
	struct relay *relay = xcalloc(1, sizeof *relay);

	(void)err;
	relay->loop = loop;
	relay->items = map_create();
	relay->destinations = map_create();
	smtpd_loop_of(loop)->relay = relay;
	net_timer_start(&relay->renew_timer, loop->net, RENEW_MS, renew, relay);
	if (loop->index == 0) {
		service_watch_start(&relay->watch, loop, 0, on_hint, relay);
		/* Whoever was out of reach for an earlier process may be back. */
		wake(relay);
		claim(relay);
	}
	return true;
}

void relay_stop(struct service_loop *loop)
{
	struct relay *relay = smtpd_loop_of(loop)->relay;

	relay->is_stopping = true;
	net_timer_stop(&relay->renew_timer);
	net_timer_stop(&relay->claim_timer);
	service_watch_stop(&relay->watch);
	relay_pool_stop(relay);
}

void relay_finish(struct service_loop *loop)
{
	struct relay *relay = smtpd_loop_of(loop)->relay;
	void *value;
	size_t cursor = 0;

	relay_pool_release(relay);
	while (map_next(relay->items, &cursor, NULL, &value))
		relay_item_destroy(value);
	map_destroy(relay->items);
	free(relay);
}
