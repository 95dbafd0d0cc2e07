#include "smtpd/smtpd_scripted.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_reply.h"

#define SLOW_MS 3000

/* What a server says with these; any other code gets x.0.0.  RFC 3463 */
static const char *const replies[] = {
	"421 4.3.2 Scripted: closing the connection",
	"450 4.2.1 Scripted: mailbox busy",
	"451 4.3.0 Scripted: local error",
	"452 4.2.2 Scripted: mailbox full",
	"454 4.7.0 Scripted: not now",
	"550 5.1.1 Scripted: no such user",
	"551 5.1.6 Scripted: the user has moved",
	"552 5.2.2 Scripted: mailbox full",
	"553 5.1.3 Scripted: bad address",
	"554 5.7.1 Scripted: refused",
};

/* "user+tag@domain" → "tag", empty when there is none. */
static struct bytes tag_of(const char *address)
{
	const char *at = strrchr(address, '@');
	struct bytes local = bytes_of(address, at != NULL ? (size_t)(at - address) : strlen(address));

	return bytes_skip(local, bytes_find(local, '+') + 1);
}

static bool is_code(struct bytes tag)
{
	return tag.len == 3 && (tag.at[0] == '4' || tag.at[0] == '5') && text_is_digit(tag.at[1]) && text_is_digit(tag.at[2]);
}

static void tell(const struct smtpd_session *s, const char *recipient)
{
	char ip[NET_ADDR_TEXT];

	log_info("smtpd", "scripted", "to=%s ip=%s", recipient, smtpd_session_ip(s, ip));
}

static enum smtpd_after refuse(struct smtpd_session *s, struct bytes code)
{
	char text[32];

	if (bytes_equal(code, BYTES("421")))
		return smtpd_reply_close(s, "%s", replies[0]);
	for (size_t i = 1; i < sizeof replies / sizeof *replies; i++)
		if (bytes_starts(bytes_text(replies[i]), code))
			return smtpd_rcpt_refuse(s, replies[i]);
	snprintf(text, sizeof text, "%.*s %c.0.0 Scripted", BYTES_PRINT(code), code.at[0]);
	return smtpd_rcpt_refuse(s, text);
}

static void go_on(void *owner)
{
	smtpd_rcpt_look_up(owner);
}

bool smtpd_scripted_rcpt(struct smtpd_session *s, enum smtpd_after *after)
{
	struct bytes tag = tag_of(s->transaction.pending);
	bool is_slow = bytes_equal_nocase(tag, BYTES("slow"));

	if (!is_slow && !is_code(tag))
		return false;
	tell(s, s->transaction.pending);
	if (is_slow) {
		/* the session waits for this handler, so that nothing else starts the timer */
		net_timer_start(&s->pause, s->loop->net, SLOW_MS, go_on, s);
		*after = SMTPD_WAIT;
	} else {
		*after = refuse(s, tag);
	}
	return true;
}

/* Is a recipient tagged so?  The connection is then as good as gone: nothing more is read or said. */
static bool drops(struct smtpd_session *s, struct bytes wanted)
{
	const struct envelope *e = &s->transaction.envelope;

	for (size_t i = 0; s->listen->test && i < e->n_recipients; i++) {
		if (!bytes_equal_nocase(tag_of(e->recipients[i].address), wanted))
			continue;
		tell(s, e->recipients[i].address);
		s->is_closing = true;
		return true;
	}
	return false;
}

bool smtpd_scripted_drops_message(struct smtpd_session *s)
{
	return drops(s, BYTES("drop-after-dot"));
}

bool smtpd_scripted_drops_reply(struct smtpd_session *s)
{
	return drops(s, BYTES("drop-after-commit"));
}
