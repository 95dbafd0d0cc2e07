/* RCPT TO: for whom.  RFC 5321 4.1.1.3.  Aliases are followed here, so that 250 is a promise and 550 is the truth. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "smtp/smtp_parameters.h"
#include "smtp/smtp_path.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_policy.h"
#include "smtpd/smtpd_reply.h"

#define UNKNOWN_USERS_SLOW 5
#define UNKNOWN_PAUSE_MS   5000

static void on_recipient_resolved(void *owner, const struct error *, enum store_resolution, const struct store_target *, size_t n);
static enum smtpd_after refuse(struct smtpd_session *s, const char *reply);

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
	size_t used;

	if (!bytes_starts_nocase(arguments, BYTES("TO:")))
		return smtpd_command_bad_syntax(s, "RCPT");
	arguments = bytes_trim(bytes_skip(arguments, 3));
	if (smtp_path_parse(arguments, &path, &used) != SMTP_PATH_OK || smtp_path_is_null(&path))
		return smtpd_reply(s, "501 5.1.3 Bad recipient address");
	if (path.has_utf8)
		return refuse(s, "553 5.6.7 Addresses beyond ASCII are not supported");
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
		return refuse(s, "550 5.7.1 Mail to address literals is not relayed");

	if (path.is_literal)
		path.domain = (struct bytes){ NULL, 0 };
	smtp_path_format(&path, &address);
	free(t->pending);
	t->pending = buffer_take(&address, NULL);
	s->request = store_resolve(s->loop->store, bytes_text(t->pending), on_recipient_resolved, s);
	return SMTPD_WAIT;
}

static enum smtpd_after refuse(struct smtpd_session *s, const char *reply)
{
	if (s->state == SMTPD_MAIL)
		s->state = SMTPD_REFUSED;
	return smtpd_reply(s, "%s", reply);
}

static bool is_same_target(const struct smtpd_copy *copy, int64_t user_id, const char *address)
{
	if (copy->user_id != user_id)
		return false;
	return user_id > 0 || bytes_equal_nocase(bytes_text(copy->address), bytes_text(address));
}

/* One copy a mailbox or remote address, however many recipients lead there. */
static void add_copy(struct smtpd_session *s, int64_t user_id, const char *address)
{
	struct smtpd_transaction *t = &s->transaction;

	for (size_t i = 0; i < t->n_copies; i++)
		if (is_same_target(&t->copies[i], user_id, address))
			return;
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

static enum smtpd_after accept_recipient(struct smtpd_session *s, const struct store_target *targets, size_t n)
{
	struct smtpd_transaction *t = &s->transaction;

	envelope_add(&t->envelope, bytes_text(t->pending));
	if (n == 0)
		add_copy(s, 0, t->pending);
	for (size_t i = 0; i < n; i++)
		add_copy(s, targets[i].user_id, targets[i].address ? targets[i].address : t->pending);
	s->state = SMTPD_RCPT;
	return smtpd_reply(s, "250 2.1.5 Ok");
}

static enum smtpd_after refuse_unknown(struct smtpd_session *s)
{
	if (++s->n_unknown_users > UNKNOWN_USERS_SLOW && !s->is_exempt)
		net_timer_start(&s->pause, s->loop->net, UNKNOWN_PAUSE_MS, smtpd_session_read_on, s);
	return refuse(s, "550 5.1.1 No such user here");
}

static void on_recipient_resolved(void *owner, const struct error *err, enum store_resolution resolution,
                                  const struct store_target *targets, size_t n)
{
	struct smtpd_session *s = owner;
	char ip[NET_ADDR_TEXT];
	enum smtpd_after after;

	if (err != NULL && err->kind == ERROR_LIMIT)
		after = refuse(s, "550 5.4.6 This address forwards in a circle");
	else if (err != NULL)
		after = refuse(s, smtpd_reply_for_error(err));
	else if (resolution == STORE_LOCAL)
		after = accept_recipient(s, targets, n);
	else if (resolution == STORE_UNKNOWN_USER)
		after = refuse_unknown(s);
	else if (smtpd_policy_may_relay(s))
		after = accept_recipient(s, NULL, 0);
	else
		after = refuse(s, "550 5.7.1 Relaying denied");
	if (after == SMTPD_NEXT_LINE && s->state == SMTPD_REFUSED)
		log_info("smtpd", "recipient-refused", "from=%s to=%s ip=%s", s->transaction.envelope.sender, s->transaction.pending,
		         smtpd_session_ip(s, ip));
	smtpd_session_resume(s, after);
}
