#include "imapd/imapd_capability.h"

#include "auth/sasl_mechanism.h"
#include "base/log.h"
#include "imap/imap_argument.h"
#include "imapd/imapd_reply.h"

#define ID_PAIRS_MAX 30                 /* RFC 2971 3.3 */

void imapd_capability_add(struct imapd_session *s, struct buffer *out)
{
	buffer_add_text(out, "IMAP4rev1 LITERAL+ ID ENABLE IDLE");
	if (s->state != IMAPD_GREETED) {
		buffer_add_text(out, " NAMESPACE CHILDREN UNSELECT UIDPLUS MULTIAPPEND MOVE SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE WITHIN"
		                     " SORT SORT=DISPLAY THREAD=ORDEREDSUBJECT THREAD=REFERENCES OBJECTID");
		return;
	}
	buffer_add_text(out, " SASL-IR");
	bool may_send = imapd_session_may_send_password(s);
	for (enum sasl_mechanism m = 0; m < SASL_MECHANISM_COUNT; m++)
		if (may_send || !sasl_mechanism_is_cleartext(m))
			buffer_printf(out, " AUTH=%s", sasl_mechanism_name(m));
	if (s->is_tls_offered && !net_stream_is_secure(s->stream))
		buffer_add_text(out, " STARTTLS");
	if (!may_send)
		buffer_add_text(out, " LOGINDISABLED");
}

enum imapd_after imapd_capability(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	buffer_add_text(&s->out, "* CAPABILITY ");
	imapd_capability_add(s, &s->out);
	buffer_add_text(&s->out, "\r\n");
	return imapd_finish(s, "OK That is all");
}

static bool take_id(struct imapd_session *s, struct bytes *rest, struct bytes *name, struct bytes *version)
{
	struct bytes key, value;
	bool is_nil;

	if (imap_argument_word(rest, "NIL"))
		return rest->len == 0;
	if (!imap_argument_octet(rest, '('))
		return false;
	for (size_t n = 0; !imap_argument_octet(rest, ')'); n++) {
		if (n == ID_PAIRS_MAX || (n > 0 && !imap_argument_space(rest)))
			return false;
		if (!imap_argument_string(rest, &s->arena, &key) || !imap_argument_space(rest) ||
		    !imap_argument_nstring(rest, &s->arena, &value, &is_nil))
			return false;
		if (bytes_equal_nocase(key, BYTES("name")))
			*name = value;
		else if (bytes_equal_nocase(key, BYTES("version")))
			*version = value;
	}
	return rest->len == 0;
}

enum imapd_after imapd_id(struct imapd_session *s, struct bytes arguments)
{
	struct bytes name = { 0 }, version = { 0 };

	if (!take_id(s, &arguments, &name, &version))
		return imapd_bad_syntax(s);
	log_info("imapd", "client", "session=%s name=%.*s version=%.*s", s->id,
	         BYTES_PRINT(bytes_slice(name, 0, 100)), BYTES_PRINT(bytes_slice(version, 0, 100)));
	imapd_untagged(s, "ID (\"name\" \"Posta\")");
	return imapd_finish(s, "OK Pleased to meet you");
}

/* Nothing to switch on yet: RFC 5161 asks to pass over what is unknown. */
enum imapd_after imapd_enable(struct imapd_session *s, struct bytes arguments)
{
	struct bytes name;

	do {
		if (!imap_argument_atom(&arguments, &name))
			return imapd_bad_syntax(s);
	} while (imap_argument_space(&arguments));
	if (arguments.len > 0)
		return imapd_bad_syntax(s);
	imapd_untagged(s, "ENABLED");
	return imapd_finish(s, "OK Nothing more to enable");
}

enum imapd_after imapd_namespace(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	imapd_untagged(s, "NAMESPACE ((\"\" \"/\")) NIL NIL");
	return imapd_finish(s, "OK One namespace");
}
