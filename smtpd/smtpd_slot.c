#include "smtpd/smtpd_slot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "smtpd/relay_schedule.h"
#include "smtpd/smtpd_reply.h"

static void destroy(struct smtpd_slot *slot)
{
	for (size_t i = 0; i < slot->n_recipients; i++)
		free(slot->recipients[i]);
	free(slot->recipients);
	free(slot->sender);
	buffer_release(&slot->reply);
	buffer_release(&slot->later);
	free(slot);
}

bool smtpd_slots_are_full(const struct smtpd_session *s)
{
	return s->slots.n >= SMTPD_SLOTS_MAX || s->slot_octets >= SMTPD_SLOT_OCTETS_MAX ||
	       (s->slots.n > 0 && LIST_OWNER(s->slots.last, struct smtpd_slot, node)->later.len >= SMTPD_SLOT_LATER_MAX);
}

void smtpd_slots_abandon(struct smtpd_session *s)
{
	struct list_node *node;

	while ((node = list_take_first(&s->slots)) != NULL)
		LIST_OWNER(node, struct smtpd_slot, node)->session = NULL;
}

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items);

void smtpd_slot_start(struct smtpd_session *s, const struct store_delivery *delivery)
{
	const struct envelope *e = &s->transaction.envelope;
	struct smtpd_slot *slot = xcalloc(1, sizeof *slot);

	slot->session = s;
	slot->loop = s->loop;
	slot->queue_id = delivery->queue_id;
	slot->octets = (size_t)store_body_size(delivery->body);
	slot->is_lmtp = smtpd_session_is_lmtp(s);
	slot->sender = xstrdup(e->sender);
	slot->n_recipients = e->n_recipients;
	slot->recipients = xcalloc(e->n_recipients, sizeof *slot->recipients);
	for (size_t i = 0; i < e->n_recipients; i++)
		slot->recipients[i] = xstrdup(e->recipients[i].address);
	list_append(&s->slots, &slot->node);
	s->slot_octets += slot->octets;
	service_hold(s->loop->service);
	store_deliver(s->loop->store, delivery, on_delivered, slot);
}

/* What is said of one recipient, or of the whole transaction. */
static void add_reply(struct smtpd_slot *slot, const struct error *failure)
{
	char id[CODEC_ID_LEN + 1], text[64];

	if (failure == NULL) {
		codec_id_encode(slot->queue_id, id);
		snprintf(text, sizeof text, "250 2.0.0 Ok: queued as %s", id);
		smtpd_reply_format(&slot->reply, text);
	} else if (failure->kind == ERROR_FULL) {
		smtpd_reply_format(&slot->reply, "452 4.2.2 Mailbox or disk is full");
	} else {
		smtpd_reply_format(&slot->reply, smtpd_reply_for_error(failure));
	}
}

static const struct error *failure_of(const struct error *err, const struct error *results, size_t n, size_t i)
{
	if (err != NULL)
		return err;
	return i < n && results[i].kind != ERROR_NONE ? &results[i] : NULL;
}

static size_t count_stored(const struct error *err, const struct error *results, size_t n)
{
	size_t stored = 0;

	for (size_t i = 0; err == NULL && i < n; i++)
		stored += results[i].kind == ERROR_NONE;
	return stored;
}

static void log_outcome(const struct smtpd_slot *slot, const struct error *err, const struct error *results, size_t n)
{
	char id[CODEC_ID_LEN + 1];

	codec_id_encode(slot->queue_id, id);
	for (size_t i = 0; i < slot->n_recipients; i++) {
		const struct error *failure = failure_of(err, results, n, i);
		if (failure == NULL)
			log_info("smtpd", "accepted", "queue=%s from=%s to=%s octets=%zu", id, slot->sender, slot->recipients[i], slot->octets);
		else
			log_warning("smtpd", "not-stored", "queue=%s from=%s to=%s error=%s", id, slot->sender, slot->recipients[i], failure->text);
	}
}

/* Replies leave in the order of the messages. */
static void flush(struct smtpd_session *s)
{
	while (!list_is_empty(&s->slots)) {
		struct smtpd_slot *slot = LIST_OWNER(s->slots.first, struct smtpd_slot, node);
		if (!slot->is_done)
			break;
		list_remove(&s->slots, &slot->node);
		s->slot_octets -= slot->octets;
		net_stream_write(s->stream, buffer_bytes(&slot->reply));
		net_stream_write(s->stream, buffer_bytes(&slot->later));
		destroy(slot);
	}
	smtpd_session_read(s);
}

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	struct smtpd_slot *slot = owner;
	struct smtpd_session *s = slot->session;
	size_t n_stored = count_stored(err, results, n);

	fault_point("smtpd.before_250");
	log_outcome(slot, err, results, n);
	relay_submit(slot->loop, items);
	service_unhold(slot->loop->service);
	if (s == NULL) {
		destroy(slot);
		return;
	}
	if (n_stored > 0)
		s->n_messages++;
	else
		s->n_errors++;
	if (slot->is_lmtp)
		for (size_t i = 0; i < slot->n_recipients; i++)
			add_reply(slot, failure_of(err, results, n, i));
	else
		add_reply(slot, n_stored > 0 ? NULL : failure_of(err, results, n, 0));
	slot->is_done = true;
	flush(s);
}
