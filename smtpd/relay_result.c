#include "smtpd/relay_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "smtpd/relay_item.h"
#include "smtpd/relay_pool.h"
#include "smtpd/relay_report.h"

#define AGAIN_MS   2000                 /* after a commit that failed */
#define COMMIT_MAX 500                  /* rows in one commit */

struct commit {
	struct relay *relay;
	struct list items;
	struct store_queue_result *results;
	struct net_timer again;
};

static void write_log(const struct relay_item *item)
{
	static const char *const events[] = {
		[STORE_QUEUE_DELIVERED] = "delivered", [STORE_QUEUE_FAILED] = "failed", [STORE_QUEUE_RETRY] = "deferred", [STORE_QUEUE_RELEASE] = "released",
	};
	char id[CODEC_ID_LEN + 1];

	codec_id_encode(item->row.queue_id, id);
	log_info("relay", events[item->outcome], "queue=%s to=%s remote=%s status=%s", id, item->row.recipient,
	         item->remote ? item->remote : "-", item->status ? item->status : "-");
}

static void commit_destroy(struct commit *c)
{
	struct relay *relay = c->relay;
	struct list_node *node;

	/* What waited for this one first, so that the service is held all the time. */
	if (--relay->n_commits == 0)
		relay_result_flush(relay);
	while ((node = list_take_first(&c->items)) != NULL)
		relay_item_destroy(LIST_OWNER(node, struct relay_item, node));
	if (relay->is_behind && list_is_empty(&relay->settled))
		relay_pool_resume(relay);
	service_unhold(relay->loop->service);
	free(c->results);
	free(c);
}

static void commit_again(void *owner)
{
	struct commit *c = owner;
	struct list items = c->items;

	c->items = (struct list){ 0 };
	relay_result_commit(c->relay, &items);
	commit_destroy(c);
}

static void on_done(void *owner, const struct error *err)
{
	struct commit *c = owner;

	/* Nothing is lost: the leases hold until it works, and after a crash the message is tried again. */
	if (err) {
		log_warning("relay", "result-not-stored", "rows=%zu error=%s", c->items.n, err->text);
		net_timer_start(&c->again, c->relay->loop->net, AGAIN_MS, commit_again, c);
		return;
	}
	for (struct list_node *n = c->items.first; n != NULL; n = n->next)
		write_log(LIST_OWNER(n, struct relay_item, node));
	commit_destroy(c);
}

void relay_result_commit_with(struct relay *relay, struct list *items, const struct store_delivery *report)
{
	struct commit *c = xcalloc(1, sizeof *c);
	size_t i = 0;

	c->relay = relay;
	c->items = *items;
	*items = (struct list){ 0 };
	c->results = xcalloc(c->items.n, sizeof *c->results);
	for (struct list_node *n = c->items.first; n != NULL; n = n->next) {
		const struct relay_item *item = LIST_OWNER(n, struct relay_item, node);
		c->results[i++] = (struct store_queue_result){
			.item_id = item->row.item_id, .outcome = item->outcome, .next_at_s = item->next_at_s, .parked = item->outcome == STORE_QUEUE_RETRY && item->is_parked,
			.delay_noticed = item->needs_report && item->action == REPORT_DELAYED,
			.has_expired = item->outcome == STORE_QUEUE_FAILED && item->enhanced && strcmp(item->enhanced, RELAY_EXPIRED) == 0,
			.status = item->status, .remote = item->remote,
		};
	}
	service_hold(relay->loop->service);
	relay->n_commits++;
	store_queue_done(relay->loop->store, c->results, c->items.n, report, on_done, c);
}

/* The front item and all others of the same message, or all that need no report. */
static void take_group(struct list *from, struct list *group)
{
	const struct relay_item *first = LIST_OWNER(from->first, struct relay_item, node);
	uint64_t queue_id = first->row.queue_id;
	bool needs_report = first->needs_report;
	enum report_action action = first->action;
	struct list_node *next;

	for (struct list_node *n = from->first; n != NULL && group->n < COMMIT_MAX; n = next) {
		const struct relay_item *item = LIST_OWNER(n, struct relay_item, node);

		next = n->next;
		if (item->needs_report != needs_report || (needs_report && (item->row.queue_id != queue_id || item->action != action)))
			continue;
		list_remove(from, n);
		list_append(group, n);
	}
}

void relay_result_flush(struct relay *relay)
{
	while (!list_is_empty(&relay->settled)) {
		struct list group = { 0 };

		take_group(&relay->settled, &group);
		relay_result_commit_with(relay, &group, NULL);
	}
}

void relay_result_commit(struct relay *relay, struct list *items)
{
	struct list_node *node;

	while (!list_is_empty(items)) {
		struct list group = { 0 };

		take_group(items, &group);
		if (LIST_OWNER(group.first, struct relay_item, node)->needs_report) {
			relay_report_send(relay, &group);
			continue;
		}
		while ((node = list_take_first(&group)) != NULL)
			list_append(&relay->settled, node);
	}
	if (relay->n_commits == 0)
		relay_result_flush(relay);
}
