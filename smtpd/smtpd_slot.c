#include "smtpd/smtpd_slot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "mailstore/bodies.h"
#include "smtpd/relay_schedule.h"
#include "smtpd/smtpd_reply.h"
#include "smtpd/smtpd_scripted.h"

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
	slot->is_mute = smtpd_scripted_drops_reply(s);
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

/* Why the i-th recipient gets nothing, NULL when all is well: its own reason, else that of all. */
static const struct error *failure_of(const struct error *err, const struct error *results, size_t n, size_t i)
{
	return i < n && results[i].kind != ERROR_NONE ? &results[i] : err;
}

/* Of one recipient its own reason, else that of all: beyond the day's messages the client is told so. */
static void add_reply(struct smtpd_slot *slot, const struct error *failure, const struct error *err)
{
	char text[sizeof failure->text + 16];

	if (failure != err) {
		smtpd_reply_format(&slot->reply, smtpd_reply_for_recipient(failure->kind));
	} else if (failure->kind == ERROR_LIMIT || failure->kind == ERROR_DENIED) {
		snprintf(text, sizeof text, "%s %s", failure->kind == ERROR_LIMIT ? "452 4.7.1" : "550 5.7.1", failure->text);
		smtpd_reply_format(&slot->reply, text);
	} else {
		smtpd_reply_format(&slot->reply, smtpd_reply_for_error(failure));
	}
}

/* Nobody got the message: one that may try again later makes the client come again, and it then learns of the others. */
static const struct error *failure_of_all(const struct error *err, const struct error *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (results[i].kind != ERROR_NONE && error_is_temporary(&results[i]))
			return &results[i];
	return failure_of(err, results, n, 0);
}

/* One reply for SMTP; in LMTP one for each recipient (RFC 2033 4.2). */
static void add_replies(struct smtpd_slot *slot, const struct error *err, const struct error *results, size_t n)
{
	char id[CODEC_ID_LEN + 1], accepted[64];

	codec_id_encode(slot->queue_id, id);
	snprintf(accepted, sizeof accepted, "250 2.0.0 Ok: queued as %s", id);
	for (size_t i = 0; i < (slot->is_lmtp ? slot->n_recipients : 1); i++) {
		const struct error *failure = slot->is_lmtp ? failure_of(err, results, n, i) : err != NULL ? failure_of_all(err, results, n) : NULL;
		if (failure == NULL)
			smtpd_reply_format(&slot->reply, accepted);
		else
			add_reply(slot, failure, err);
	}
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

	fault_point("smtpd.before_250");
	log_outcome(slot, err, results, n);
	relay_submit(slot->loop, items);
	service_unhold(slot->loop->service);
	if (s == NULL) {
		destroy(slot);
		return;
	}
	if (err == NULL) {
		/* A client that brings mail is no guesser: what went wrong before is forgiven. */
		s->n_messages++;
		s->n_errors = s->n_idle_commands = 0;
	}
	if (!slot->is_mute)
		add_replies(slot, err, results, n);
	slot->is_done = true;
	flush(s);
}
