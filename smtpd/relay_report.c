#include "smtpd/relay_report.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "mailstore/bodies.h"
#include "mailstore/users.h"
#include "message/envelope.h"
#include "message/report.h"
#include "message/summary.h"
#include "message/trace.h"
#include "smtpd/relay_item.h"
#include "smtpd/relay_result.h"

#define LIFETIME_S (2 * 24 * 3600)      /* of a report on its way to another host */
#define AGAIN_MS   2000                 /* when the store could not help: results do not leave without their report */

struct pending {
	struct relay *relay;
	struct list items;
	struct buffer original;         /* its first octets */
	struct net_timer again;
};

static const struct relay_item *first_of(const struct pending *p)
{
	return LIST_OWNER(p->items.first, struct relay_item, node);
}

static void finish(struct pending *p, const struct store_delivery *report)
{
	relay_result_commit_with(p->relay, &p->items, report);
	service_unhold(p->relay->loop->service);
	buffer_release(&p->original);
	free(p);
}

static void begin_again(void *owner)
{
	struct pending *p = owner;
	struct relay *relay = p->relay;
	struct list items = p->items;

	buffer_release(&p->original);
	free(p);
	relay_report_send(relay, &items);
	service_unhold(relay->loop->service);
}

static void try_again(struct pending *p, const struct error *err)
{
	log_warning("relay", "report-not-made", "to=%s error=%s", first_of(p)->row.sender, err->text);
	net_timer_start(&p->again, p->relay->loop->net, AGAIN_MS, begin_again, p);
}

static void on_body_ready(void *owner)
{
	(void)owner;
}

/* The header with its empty line, or all there is. */
static struct bytes header_of(struct bytes original)
{
	size_t end = bytes_find_bytes(original, BYTES("\r\n\r\n"));

	return end == original.len ? original : bytes_slice(original, 0, end + 4);
}

static void write_message(const struct pending *p, struct buffer *out)
{
	const struct store_queue_item *row = &first_of(p)->row;
	struct report_recipient *recipients = xcalloc(p->items.n, sizeof *recipients);
	char queue_id[CODEC_ID_LEN + 1];
	size_t n = 0;

	codec_id_encode(row->queue_id, queue_id);
	for (struct list_node *node = p->items.first; node != NULL; node = node->next) {
		const struct relay_item *item = LIST_OWNER(node, struct relay_item, node);
		recipients[n++] = (struct report_recipient){
			.address = item->row.recipient, .original = item->row.original_recipient, .action = item->action,
			.status = item->enhanced ? item->enhanced : "", .remote_host = item->remote, .diagnostic = item->status,
			.is_smtp_reply = item->is_smtp_reply, .attempted_s = clock_now_s(),
		};
	}
	report_write(&(struct report){
		.host = p->relay->loop->generation->settings.hostname, .to = row->sender, .envelope_id = row->envelope_id, .queue_id = queue_id,
		.arrived_s = row->arrived_s, .now_s = clock_now_s(), .give_up_s = row->expires_s, .recipients = recipients, .n_recipients = n,
		.header = header_of(buffer_bytes(&p->original)), .original = buffer_bytes(&p->original),
		.return_full = row->returns == ENVELOPE_RETURN_FULL, .original_size = row->size - row->skip,
	}, out);
	free(recipients);
}

/* The report as a body of the store; NULL when it cannot be kept. */
static struct store_body *make_body(struct relay *relay, struct bytes text, struct summary *summary, struct error *err)
{
	struct store_body *body = store_body_create(relay->loop->store, on_body_ready, NULL);
	struct summary_builder *builder = summary_builder_create();
	bool wait;

	summary_builder_feed(builder, text);
	summary_builder_finish(builder, summary);
	summary_builder_destroy(builder);
	if (store_body_write(body, text, &wait, err))
		return body;
	store_body_destroy(body);
	return NULL;
}

static struct store_recipient *make_recipients(const struct pending *p, const struct store_target *targets, size_t n_targets, size_t *n)
{
	const char *sender = first_of(p)->row.sender;
	struct store_recipient *recipients = xcalloc(n_targets + 1, sizeof *recipients);

	*n = n_targets > 0 ? n_targets : 1;
	recipients[0].address = sender;
	for (size_t i = 0; i < n_targets; i++) {
		recipients[i].user_id = targets[i].user_id;
		recipients[i].address = targets[i].user_id ? sender : targets[i].address;
	}
	return recipients;
}

static void log_report(const struct pending *p, uint64_t queue_id)
{
	char id[CODEC_ID_LEN + 1], about[CODEC_ID_LEN + 1];

	codec_id_encode(queue_id, id);
	codec_id_encode(first_of(p)->row.queue_id, about);
	log_info("relay", "report", "queue=%s about=%s to=%s", id, about, first_of(p)->row.sender);
}

/* To the sender's mailboxes, or without targets to the host of the sender. */
static void deliver(struct pending *p, const struct store_target *targets, size_t n_targets)
{
	struct buffer text = { 0 };
	struct summary summary = { 0 };
	struct error err = { 0 };
	int64_t now = clock_now_s();
	size_t n;

	trace_return_path_write("", &text);
	uint64_t local_prefix = text.len;
	write_message(p, &text);
	struct store_body *body = make_body(p->relay, buffer_bytes(&text), &summary, &err);
	if (!body) {
		try_again(p, &err);
	} else {
		struct store_recipient *recipients = make_recipients(p, targets, n_targets, &n);
		struct store_delivery report = {
			.queue_id = random_time_id(clock_now_ms()), .body = body, .summary = &summary, .local_prefix = local_prefix, .sender = "",
			.is_8bit = !text_is_ascii(buffer_bytes(&text)), .arrived_s = now, .expires_s = now + LIFETIME_S, .source = "relay",
			.recipients = recipients, .n_recipients = n, .n_originals = 1,
		};
		log_report(p, report.queue_id);
		finish(p, &report);
		free(recipients);
	}
	summary_release(&summary);
	buffer_release(&text);
}

static void on_resolved(void *owner, const struct error *err, enum store_resolution resolution, const struct store_target *targets, size_t n)
{
	struct pending *p = owner;
	char id[CODEC_ID_LEN + 1];

	if (err && error_is_temporary(err)) {
		try_again(p, err);
	} else if (!err && resolution == STORE_FOREIGN) {
		deliver(p, NULL, 0);
	} else if (!err && resolution == STORE_LOCAL && n > 0) {
		deliver(p, targets, n);
	} else {
		codec_id_encode(first_of(p)->row.queue_id, id);
		log_warning("relay", "no-report", "queue=%s to=%s error=%s", id, first_of(p)->row.sender, err ? err->text : "no such user");
		finish(p, NULL);
	}
}

static void on_original(void *owner, const struct error *err, struct bytes octets)
{
	struct pending *p = owner;

	/* A report without the original is better than none. */
	if (!err)
		buffer_add_bytes(&p->original, octets);
	store_resolve(p->relay->loop->store, bytes_text(first_of(p)->row.sender), on_resolved, p);
}

void relay_report_send(struct relay *relay, struct list *items)
{
	struct pending *p = xcalloc(1, sizeof *p);

	p->relay = relay;
	p->items = *items;
	*items = (struct list){ 0 };
	service_hold(relay->loop->service);
	const struct store_queue_item *row = &first_of(p)->row;
	uint64_t len = row->size - row->skip;
	store_read(relay->loop->store, row->message_id, row->skip, len < REPORT_ORIGINAL_MAX ? (size_t)len : REPORT_ORIGINAL_MAX, on_original, p);
}
