#include "smtpd/smtpd_receive.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "mailstore/bodies.h"
#include "message/summary.h"
#include "smtpd/smtpd_peer.h"
#include "smtpd/smtpd_reply.h"
#include "smtpd/smtpd_scripted.h"
#include "smtpd/smtpd_slot.h"
#include "smtpd/smtpd_trace.h"

#define RECEIVED_MAX 100                /* RFC 5321 6.3; ours not counted */
#define NO_MEMORY "452 4.3.1 Not enough memory for more mail now"

struct smtpd_receive {
	struct store_body *body;        /* NULL once the message is refused: the rest is only counted */
	struct summary_builder *summary;
	struct smtpd_peer_digest *digest;       /* of a transaction that a peer named; else NULL */
	struct buffer header;           /* submission: held back until its end, so that what is missing can go on top */
	size_t counted;                 /* octets of summary and header, taken from the budget */
	bool is_header_held, is_body_waiting;
	const char *refusal;            /* the reply the end will get; NULL = none so far */
	struct error failure;           /* of the store, kind NONE = none */
	uint64_t queue_id, octets, local_prefix;
	int64_t started_ms, arrived_s;
};

static void on_body_ready(void *owner)
{
	struct smtpd_session *s = owner;

	s->receive->is_body_waiting = false;
	smtpd_session_read(s);
}

bool smtpd_receive_is_waiting(const struct smtpd_session *s)
{
	return s->receive != NULL && s->receive->is_body_waiting;
}

/* Everything but the count goes: of a message that is over, or refused and only read to its end. */
static void release(struct smtpd_session *s, struct smtpd_receive *r)
{
	store_body_destroy(r->body);
	r->body = NULL;
	r->is_body_waiting = false;
	summary_builder_destroy(r->summary);
	r->summary = NULL;
	smtpd_peer_digest_destroy(r->digest);
	r->digest = NULL;
	buffer_release(&r->header);
	budget_give(service_budget(s->loop->service), r->counted);
	r->counted = 0;
}

void smtpd_receive_abandon(struct smtpd_session *s)
{
	if (s->receive == NULL)
		return;
	release(s, s->receive);
	free(s->receive);
	s->receive = NULL;
}

int64_t smtpd_receive_deadline_ms(const struct smtpd_session *s, int64_t base_ms, int64_t rate)
{
	int64_t spent_ms = net_loop_now_ms(s->loop->net) - s->receive->started_ms;
	int64_t left_ms = base_ms + (int64_t)s->receive->octets * 1000 / rate - spent_ms;

	return left_ms < 0 ? 0 : left_ms < base_ms ? left_ms : base_ms;
}

/* The message cannot be stored: give its memory back now and answer at its end. */
static void refuse(struct smtpd_session *s, struct smtpd_receive *r, const char *reply)
{
	if (r->refusal == NULL)
		r->refusal = reply;
	release(s, r);
}

/* What the summary and the held header take counts like the body. */
static void count_memory(struct smtpd_session *s, struct smtpd_receive *r)
{
	struct budget *budget = service_budget(s->loop->service);
	size_t now = summary_builder_memory(r->summary) + r->header.capacity;

	if (now < r->counted)
		budget_give(budget, r->counted - now);
	else if (now > r->counted && !budget_take(budget, now - r->counted))
		refuse(s, r, NO_MEMORY);
	if (r->body != NULL)
		r->counted = now;
}

static void store_octets(struct smtpd_session *s, struct smtpd_receive *r, struct bytes octets)
{
	bool wait = false;

	if (r->body == NULL || octets.len == 0)
		return;
	summary_builder_feed(r->summary, octets);
	if (!store_body_write(r->body, octets, &wait, &r->failure)) {
		refuse(s, r, smtpd_reply_for_error(&r->failure));
		return;
	}
	r->is_body_waiting |= wait;
	count_memory(s, r);
}

static void store_prefix(struct smtpd_session *s, struct smtpd_receive *r, struct bytes header)
{
	struct buffer prefix = { 0 };

	r->local_prefix = smtpd_trace_write(s, r->queue_id, r->arrived_s, header, &prefix);
	store_octets(s, r, buffer_bytes(&prefix));
	buffer_release(&prefix);
}

/* The beginning */

bool smtpd_receive_start(struct smtpd_session *s)
{
	struct smtpd_receive *r;
	struct budget *budget = service_budget(s->loop->service);

	if (budget_used(budget) >= budget_limit(budget)) {
		smtpd_session_end_transaction(s);
		smtpd_reply(s, NO_MEMORY);
		return false;
	}
	r = xcalloc(1, sizeof *r);
	r->queue_id = random_time_id(clock_now_ms());
	r->arrived_s = clock_now_s();
	r->started_ms = net_loop_now_ms(s->loop->net);
	r->body = store_body_create(s->loop->store, on_body_ready, s);
	r->summary = summary_builder_create();
	if (s->transaction.peer_transaction != NULL)
		r->digest = smtpd_peer_digest_create(&s->transaction.envelope);
	r->is_header_held = smtpd_session_is_submission(s);
	s->receive = r;
	if (!r->is_header_held)
		store_prefix(s, r, BYTES(""));
	return true;
}

/* The content */

/* A submitted header is complete: put on top what it lacks (RFC 6409 8), alter nothing. */
static void release_header(struct smtpd_session *s, struct smtpd_receive *r)
{
	struct buffer header = r->header;

	r->header = (struct buffer){ 0 };
	r->is_header_held = false;
	store_prefix(s, r, buffer_bytes(&header));
	store_octets(s, r, buffer_bytes(&header));
	buffer_release(&header);
}

/* Octets of the held header with its empty line; 0 = its end has not come.  Where to look from: what was looked at before is not searched again. */
static size_t header_len(struct bytes held, size_t from)
{
	if (bytes_starts(held, BYTES("\r\n")))
		return 2;
	size_t at = bytes_find_bytes(bytes_skip(held, from), BYTES("\r\n\r\n"));
	return at < held.len - from ? from + at + 4 : 0;
}

static void hold_header(struct smtpd_session *s, struct smtpd_receive *r, struct bytes content)
{
	size_t from = r->header.len < 3 ? 0 : r->header.len - 3;

	buffer_add_bytes(&r->header, content);
	size_t len = header_len(buffer_bytes(&r->header), from);
	if ((len != 0 ? len : r->header.len) > SMTPD_TRACE_HEADER_MAX)
		refuse(s, r, "552 5.3.4 Message header too large");
	else if (len != 0)
		release_header(s, r);
	else
		count_memory(s, r);
}

void smtpd_receive_content(struct smtpd_session *s, struct bytes content, size_t n_octets, unsigned flaws)
{
	struct smtpd_receive *r = s->receive;

	r->octets += n_octets;
	if (r->body == NULL)
		return;
	smtpd_peer_digest_add(r->digest, content);
	if (flaws != 0)
		refuse(s, r, "550 5.5.2 The message has a bare CR, a bare LF or a NUL");
	else if (store_body_size(r->body) + r->header.len + content.len > s->generation->settings.limits.message_size + SMTPD_TRACE_MAX)
		refuse(s, r, "552 5.3.4 Message too large");
	else if (r->is_header_held)
		hold_header(s, r, content);
	else
		store_octets(s, r, content);
}

const char *smtpd_receive_refusal(const struct smtpd_session *s)
{
	return s->receive->refusal;
}

/* The end */

static void refuse_message(struct smtpd_session *s, const char *reply, size_t n_replies)
{
	char ip[NET_ADDR_TEXT];

	log_warning("smtpd", "message-refused", "from=%s ip=%s octets=%llu reply=%s", s->transaction.envelope.sender,
	            smtpd_session_ip(s, ip), (unsigned long long)s->receive->octets, reply);
	for (size_t i = 0; i < n_replies; i++)
		smtpd_reply(s, "%s", reply);
}

void smtpd_receive_give_up(struct smtpd_session *s)
{
	refuse_message(s, s->receive->refusal, 1);
	smtpd_session_end_transaction(s);
}

static void deliver(struct smtpd_session *s, struct smtpd_receive *r, const struct summary *summary)
{
	const struct smtpd_transaction *t = &s->transaction;
	const struct service_settings *settings = &s->generation->settings;
	struct store_recipient *recipients = xcalloc(t->n_copies, sizeof *recipients);
	unsigned char *digests = r->digest != NULL ? xcalloc(t->envelope.n_recipients, STORE_DIGEST_SIZE) : NULL;
	char ip[NET_ADDR_TEXT];

	for (size_t i = 0; digests != NULL && i < t->envelope.n_recipients; i++)
		smtpd_peer_digest_finish(r->digest, t->envelope.recipients[i].address, digests + i * STORE_DIGEST_SIZE);
	for (size_t i = 0; i < t->n_copies; i++)
		recipients[i] = (struct store_recipient){
			.original = t->copies[i].original,
			.user_id = t->copies[i].user_id,
			.address = t->copies[i].address,
			.notify = t->envelope.recipients[t->copies[i].original].notify,
			.original_recipient = t->envelope.recipients[t->copies[i].original].original,
		};
	smtpd_slot_start(s, &(struct store_delivery){
		.queue_id = r->queue_id,
		.body = r->body,
		.summary = summary,
		.local_prefix = r->local_prefix,
		.sender = t->envelope.sender,
		.is_8bit = t->envelope.is_8bit,
		.arrived_s = r->arrived_s,
		.expires_s = r->arrived_s + settings->queue.lifetime_s,
		.sender_user_id = s->login.user_id,
		.messages_per_day = settings->limits.messages_per_day,
		.source = s->login.name ? s->login.name : smtpd_session_ip(s, ip),
		.recipients = recipients,
		.n_recipients = t->n_copies,
		.n_originals = t->envelope.n_recipients,
		.report_refused = !smtpd_session_is_lmtp(s),
		.peer = s->verified_peer,
		.peer_transaction = t->peer_transaction,
		.digests = digests,
		.lease = true,
		.lease_s = SMTPD_SLOT_LEASE_S,
	});
	r->body = NULL;
	free(digests);
	free(recipients);
}

void smtpd_receive_finish(struct smtpd_session *s)
{
	struct smtpd_receive *r = s->receive;
	struct summary summary = { 0 };
	/* LMTP answers the end of a message once for each recipient: RFC 2033 4.2 */
	size_t n_replies = smtpd_session_is_lmtp(s) ? s->transaction.envelope.n_recipients : 1;

	if (r->is_header_held && r->body != NULL)
		release_header(s, r);
	if (r->body != NULL)
		summary_builder_finish(r->summary, &summary);
	if (r->refusal != NULL)
		refuse_message(s, r->refusal, n_replies);
	else if (summary.n_received > RECEIVED_MAX + 1)
		refuse_message(s, "554 5.4.6 Too many Received fields: this message goes in a circle", n_replies);
	else if (!smtpd_scripted_drops_message(s))
		deliver(s, r, &summary);
	summary_release(&summary);
	smtpd_session_end_transaction(s);
}
