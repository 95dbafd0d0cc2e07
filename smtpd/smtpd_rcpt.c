/* RCPT TO: for whom.  RFC 5321 4.1.1.3.  Aliases are followed here, so that 250 is a promise and 550 is the truth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/budget.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "mailstore/users.h"
#include "smtp/smtp_parameters.h"
#include "smtp/smtp_path.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_policy.h"
#include "smtpd/smtpd_reply.h"
#include "smtpd/smtpd_scripted.h"

#define UNKNOWN_USERS_SLOW 5
#define UNKNOWN_PAUSE_MS   5000
#define COPIES_MAX         20000        /* of a transaction, after aliases; one recipient may stand for 10,000 */
#define RECIPIENT_OCTETS   64           /* what a recipient takes besides its address, about */

static void on_recipient_resolved(void *owner, const struct error *, enum store_resolution, const struct store_target *, size_t n);

/* Address literals: only the postmaster of this very host. */
static bool is_own_literal(struct smtpd_session *s, const struct smtp_path *path)
{
	char ip[NET_ADDR_TEXT], literal[NET_ADDR_TEXT + 8];

	net_addr_format_ip(net_stream_local_addr(s->stream), ip);
	snprintf(literal, sizeof literal, net_addr_family(net_stream_local_addr(s->stream)) == AF_INET6 ? "[IPv6:%s]" : "[%s]", ip);
	return bytes_equal_nocase(path->domain, bytes_text(literal)) && bytes_equal_nocase(path->local, BYTES("postmaster"));
}

enum smtpd_after smtpd_rcpt(struct smtpd_session *s, struct bytes arguments)
{
	struct smtpd_transaction *t = &s->transaction;
	struct smtp_rcpt_parameters found = { 0 };
	struct smtp_path path;
	struct buffer address = { 0 };
	enum smtpd_after after;
	size_t used;

	if (!bytes_starts_nocase(arguments, BYTES("TO:")))
		return smtpd_command_bad_syntax(s, "RCPT");
	arguments = bytes_trim(bytes_skip(arguments, 3));
	if (smtp_path_parse(arguments, &path, &used) != SMTP_PATH_OK || smtp_path_is_null(&path))
		return smtpd_reply(s, "501 5.1.3 Bad recipient address");
	if (path.has_utf8)
		return smtpd_rcpt_refuse(s, "553 5.6.7 Addresses beyond ASCII are not supported");
	switch (smtp_parameters_rcpt(bytes_skip(arguments, used), smtpd_policy_extensions(s), &t->envelope.arena, &found, NULL)) {
	case SMTP_PARAMETERS_UNKNOWN:
		return smtpd_reply(s, "555 5.5.4 Parameter not known");
	case SMTP_PARAMETERS_BAD:
		return smtpd_reply(s, "501 5.5.4 Bad parameter value");
	case SMTP_PARAMETERS_OK:
		break;
	}
	if (t->envelope.n_recipients >= (size_t)s->generation->settings.limits.recipients)
		return smtpd_reply(s, "452 4.5.3 Too many recipients, send the rest in another transaction");
	if (t->envelope.sender[0] == '\0' && t->envelope.n_recipients > 0 && s->listen->service == SERVICE_SMTP)
		return smtpd_reply(s, "452 4.5.3 A notification has one recipient");
	if (path.is_literal && !is_own_literal(s, &path))
		return smtpd_rcpt_refuse(s, "550 5.7.1 Mail to address literals is not relayed");

	if (path.is_literal)
		path.domain = (struct bytes){ NULL, 0 };
	smtp_path_format(&path, &address);
	free(t->pending);
	t->pending = buffer_take(&address, NULL);
	t->pending_options.notify = found.notify;
	t->pending_options.original = found.original;
	if (s->listen->test && smtpd_scripted_rcpt(s, &after))
		return after;
	smtpd_rcpt_look_up(s);
	return SMTPD_WAIT;
}

void smtpd_rcpt_look_up(struct smtpd_session *s)
{
	s->request = store_resolve(s->loop->store, bytes_text(s->transaction.pending), on_recipient_resolved, s);
}

enum smtpd_after smtpd_rcpt_refuse(struct smtpd_session *s, const char *reply)
{
	char ip[NET_ADDR_TEXT];

	if (s->state == SMTPD_MAIL)
		s->state = SMTPD_REFUSED;
	log_info("smtpd", "recipient-refused", "from=%s to=%s ip=%s reply=%s", s->transaction.envelope.sender,
	         s->transaction.pending ? s->transaction.pending : "-", smtpd_session_ip(s, ip), reply);
	return smtpd_reply(s, "%s", reply);
}

/* The store makes one copy a target, however many recipients lead there. */
static void add_copy(struct smtpd_transaction *t, int64_t user_id, const char *address)
{
	if (t->n_copies == t->capacity) {
		t->capacity = t->capacity ? t->capacity * 2 : 4;
		t->copies = xreallocarray(t->copies, t->capacity, sizeof *t->copies);
	}
	t->copies[t->n_copies++] = (struct smtpd_copy){
		.original = t->envelope.n_recipients - 1,
		.user_id = user_id,
		.address = arena_text(&t->envelope.arena, address),
	};
}

/* Recipients stay until the end of the transaction: what they take counts like a body. */
static bool take_memory(struct smtpd_session *s, const struct store_target *targets, size_t n)
{
	size_t octets = RECIPIENT_OCTETS + strlen(s->transaction.pending);

	for (size_t i = 0; i < n; i++)
		octets += RECIPIENT_OCTETS + strlen(targets[i].address);
	if (!budget_take(service_budget(s->loop->service), octets))
		return false;
	s->transaction.counted += octets;
	return true;
}

static enum smtpd_after accept_recipient(struct smtpd_session *s, const struct store_target *targets, size_t n)
{
	struct smtpd_transaction *t = &s->transaction;

	if (t->n_copies > 0 && t->n_copies + n > COPIES_MAX)
		return smtpd_reply(s, "452 4.5.3 Too many recipients, send the rest in another transaction");
	if (!take_memory(s, targets, n))
		return smtpd_rcpt_refuse(s, "452 4.3.1 Not enough memory for more mail now");
	struct envelope_recipient *recipient = envelope_add(&t->envelope, bytes_text(t->pending));
	recipient->notify = t->pending_options.notify;
	recipient->original = t->pending_options.original;
	for (size_t i = 0; i < n; i++)
		add_copy(t, targets[i].user_id, targets[i].address);
	s->state = SMTPD_RCPT;
	return smtpd_reply(s, "250 2.1.5 Ok");
}

static enum smtpd_after refuse_unknown(struct smtpd_session *s)
{
	if (++s->n_unknown_users > UNKNOWN_USERS_SLOW)
		smtpd_session_pause(s, UNKNOWN_PAUSE_MS);
	return smtpd_rcpt_refuse(s, "550 5.1.1 No such user here");
}

/* ---- users who take no mail now ---- */

static void on_grace_begun(void *owner, const struct error *err)
{
	struct smtpd_session *s = owner;

	smtpd_session_resume(s, smtpd_rcpt_refuse(s, err != NULL ? smtpd_reply_for_error(err) : smtpd_reply_for_recipient(ERROR_FULL)));
}

/* Of several reasons one that may pass is told: the client comes again, and is then told of the others. */
static bool is_told_before(enum error_kind kind, enum error_kind other)
{
	return other == ERROR_NONE || kind == ERROR_FULL;
}

/*
 * Why nothing of this recipient's mail could be stored, as far as SIZE= or what is used already tells; NONE when somebody takes it: the
 * others of an alias are then reported on.  *full: whose quota it is.
 */
static enum error_kind judge(const struct smtpd_transaction *t, const struct store_target *targets, size_t n, const struct store_target **full)
{
	uint64_t octets = t->envelope.declared_size > 0 ? t->envelope.declared_size : 1;
	enum error_kind why = ERROR_NONE;

	for (size_t i = 0; i < n; i++) {
		enum error_kind kind = store_target_judge(&targets[i], octets, clock_now_s());
		if (kind == ERROR_NONE)
			return ERROR_NONE;
		if (is_told_before(kind, why))
			why = kind;
		if (kind == ERROR_FULL)
			*full = &targets[i];
	}
	return why;
}

static enum smtpd_after take_local(struct smtpd_session *s, const struct store_target *targets, size_t n)
{
	const struct store_target *full = NULL;
	enum error_kind why = judge(&s->transaction, targets, n, &full);

	if (why == ERROR_NONE)
		return accept_recipient(s, targets, n);
	if (why != ERROR_FULL || full->full_since_s != 0)
		return smtpd_rcpt_refuse(s, smtpd_reply_for_recipient(why));
	s->request = store_user_start_grace(s->loop->store, full->user_id, on_grace_begun, s);
	return SMTPD_WAIT;
}

static void on_recipient_resolved(void *owner, const struct error *err, enum store_resolution resolution,
                                  const struct store_target *targets, size_t n)
{
	struct smtpd_session *s = owner;
	struct store_target remote = { .address = s->transaction.pending };
	enum smtpd_after after;

	if (err != NULL && err->kind == ERROR_LIMIT)
		after = smtpd_rcpt_refuse(s, "550 5.4.6 This address forwards in a circle");
	else if (err != NULL)
		after = smtpd_rcpt_refuse(s, smtpd_reply_for_error(err));
	else if (resolution == STORE_LOCAL)
		after = take_local(s, targets, n);
	else if (resolution == STORE_UNKNOWN_USER)
		after = refuse_unknown(s);
	else if (smtpd_policy_may_relay(s))
		after = accept_recipient(s, &remote, 1);
	else
		after = smtpd_rcpt_refuse(s, "550 5.7.1 Relaying denied");
	if (after != SMTPD_WAIT)
		smtpd_session_resume(s, after);
}
