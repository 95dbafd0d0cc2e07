/* MAIL FROM: who sends.  RFC 5321 4.1.1.2; SIZE 1870, 8BITMIME 6152, ownership 6409 6.1. */
#include "base/log.h"
#include "mailstore/users.h"
#include "smtp/smtp_parameters.h"
#include "smtp/smtp_path.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_policy.h"
#include "smtpd/smtpd_reply.h"

static enum smtpd_after check_owner(struct smtpd_session *);

enum smtpd_after smtpd_mail(struct smtpd_session *s, struct bytes arguments)
{
	struct smtp_mail_parameters found = { 0 };
	struct smtp_path path;
	struct arena arena = { 0 };
	struct buffer sender = { 0 };
	char transaction[SMTP_TRANSACTION_MAX + 1];
	size_t used;

	if (!bytes_starts_nocase(arguments, BYTES("FROM:")))
		return smtpd_command_bad_syntax(s, "MAIL");
	arguments = bytes_trim(bytes_skip(arguments, 5));
	if (smtp_path_parse(arguments, &path, &used) != SMTP_PATH_OK || (path.domain.len == 0 && path.local.len > 0))
		return smtpd_reply(s, "501 5.1.7 Bad sender address");
	if (path.has_utf8)
		return smtpd_reply(s, "550 5.6.7 Addresses beyond ASCII are not supported");
	enum smtp_parameters_status status = smtp_parameters_mail(bytes_skip(arguments, used), smtpd_policy_extensions(s), &arena, &found, NULL);
	bool is_named = status == SMTP_PARAMETERS_OK && found.transaction != NULL && bytes_copy_text(bytes_text(found.transaction), transaction, sizeof transaction);
	arena_reset(&arena);
	if (status == SMTP_PARAMETERS_UNKNOWN)
		return smtpd_reply(s, "555 5.5.4 Parameter not known");
	if (status == SMTP_PARAMETERS_BAD)
		return smtpd_reply(s, "501 5.5.4 Bad parameter value");
	if (found.size > s->generation->settings.limits.message_size)
		return smtpd_reply(s, "552 5.3.4 Message too large, the limit is %llu octets",
		                   (unsigned long long)s->generation->settings.limits.message_size);
	if (budget_used(service_budget(s->loop->service)) >= budget_limit(service_budget(s->loop->service)))
		return smtpd_reply(s, "452 4.3.1 Not enough memory for more mail now");

	smtp_path_format(&path, &sender);
	envelope_start(&s->transaction.envelope, buffer_bytes(&sender));
	buffer_release(&sender);
	s->transaction.envelope.is_8bit = found.body == SMTP_BODY_8BITMIME;
	s->transaction.envelope.declared_size = found.size;
	s->transaction.peer_transaction = is_named ? arena_text(&s->transaction.envelope.arena, transaction) : NULL;
	return check_owner(s);
}

static enum smtpd_after accept_sender(struct smtpd_session *s)
{
	s->state = SMTPD_MAIL;
	return smtpd_reply(s, "250 2.1.0 Ok");
}

/* An authenticated user sends under an address that delivers to the same user, or under <>. */
static void on_sender_resolved(void *owner, const struct error *err, enum store_resolution resolution,
                               const struct store_target *targets, size_t n)
{
	struct smtpd_session *s = owner;
	bool owns = false;

	for (size_t i = 0; err == NULL && resolution == STORE_LOCAL && i < n; i++)
		owns |= targets[i].user_id == s->login.user_id;
	if (owns) {
		smtpd_session_resume(s, accept_sender(s));
		return;
	}
	if (err != NULL && error_is_temporary(err)) {
		smtpd_reply_error(s, err);
	} else {
		log_warning("smtpd", "sender-refused", "user=%s from=%s", s->login.name, s->transaction.envelope.sender);
		smtpd_reply(s, "550 5.7.1 %s may not send as this address", s->login.name);
	}
	smtpd_session_end_transaction(s);
	smtpd_session_resume(s, SMTPD_NEXT_LINE);
}

static enum smtpd_after check_owner(struct smtpd_session *s)
{
	struct bytes sender = bytes_text(s->transaction.envelope.sender);

	if (s->login.name == NULL || sender.len == 0 || bytes_equal_nocase(sender, bytes_text(s->login.name)))
		return accept_sender(s);
	s->request = store_resolve(s->loop->store, sender, on_sender_resolved, s);
	return SMTPD_WAIT;
}
