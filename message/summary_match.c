#include "message/summary_match.h"

#include "base/buffer.h"
#include "base/text.h"
#include "message/encoded_word.h"

enum field { FROM, TO, CC, SUBJECT, MESSAGE_ID, FIELDS };

static const char *const names[FIELDS] = { "from", "to", "cc", "subject", "message-id" };

static int field_of(struct bytes name)
{
	for (int i = 0; i < FIELDS; i++)
		if (bytes_equal_nocase(name, bytes_text(names[i])))
			return i;
	return FIELDS;
}

/* Take the value at the front; false: its quotes do not end. */
static bool take_value(struct bytes *rest, struct buffer *value)
{
	bool is_quoted = rest->len > 0 && rest->at[0] == '"';
	size_t i = is_quoted;

	for (; i < rest->len; i++) {
		char octet = rest->at[i];
		if (is_quoted ? octet == '"' : text_is_space((unsigned char)octet))
			break;
		if (is_quoted && octet == '\\' && i + 1 < rest->len)
			octet = rest->at[++i];
		buffer_add_octet(value, octet);
	}
	if (is_quoted && i == rest->len)
		return false;
	*rest = bytes_skip(*rest, i + is_quoted);
	return true;
}

static bool add_term(struct summary_match *m, int field, struct bytes value, struct error *err)
{
	struct buffer folded = { 0 };

	if (value.len == 0)
		return error_set(err, ERROR_SYNTAX, "%s: is followed by nothing", names[field]);
	if (m->n == SUMMARY_MATCH_TERMS)
		return error_set(err, ERROR_SYNTAX, "more than %d conditions", SUMMARY_MATCH_TERMS);
	text_fold(value, &folded);
	m->terms[m->n++] = (struct summary_match_term){ field, arena_bytes(&m->arena, buffer_bytes(&folded)) };
	buffer_release(&folded);
	return true;
}

bool summary_match_parse(struct summary_match *m, struct bytes query, struct error *err)
{
	struct buffer value = { 0 };
	bool ok = true;

	while (ok && (query = bytes_trim(query)).len > 0) {
		size_t colon = bytes_find(query, ':');
		struct bytes name = bytes_slice(query, 0, colon);
		int field = field_of(name);
		buffer_clear(&value);
		query = bytes_skip(query, colon + 1);
		if (field == FIELDS)
			ok = error_set(err, ERROR_SYNTAX, "\"%.*s\" is not from:, to:, cc:, subject: or message-id:",
			               (int)(name.len < 60 ? name.len : 60), name.at);
		else if (!take_value(&query, &value))
			ok = error_set(err, ERROR_SYNTAX, "%s: the quotes do not end", names[field]);
		else
			ok = add_term(m, field, buffer_bytes(&value), err);
	}
	buffer_release(&value);
	return ok;
}

void summary_match_release(struct summary_match *m)
{
	arena_reset(&m->arena);
	*m = (struct summary_match){ 0 };
}

void summary_match_fold(struct bytes raw, struct buffer *out)
{
	struct buffer decoded = { 0 };

	encoded_word_decode(raw, &decoded);
	text_fold(buffer_bytes(&decoded), out);
	buffer_release(&decoded);
}

bool summary_match_text(struct bytes raw, struct bytes wanted)
{
	struct buffer folded = { 0 };

	if (wanted.len == 0)
		return true;
	summary_match_fold(raw, &folded);
	bool found = bytes_find_bytes(buffer_bytes(&folded), wanted) < folded.len;
	buffer_release(&folded);
	return found;
}

void summary_match_write_address(const struct summary_address *a, struct buffer *out)
{
	buffer_printf(out, "%.*s <%.*s@%.*s>", BYTES_PRINT(a->name), BYTES_PRINT(a->mailbox), BYTES_PRINT(a->host));
}

bool summary_match_address(struct summary_addresses list, struct bytes wanted)
{
	struct buffer text = { 0 };
	bool found = false;

	for (size_t i = 0; i < list.n && !found; i++) {
		buffer_clear(&text);
		summary_match_write_address(&list.at[i], &text);
		found = summary_match_text(buffer_bytes(&text), wanted);
	}
	buffer_release(&text);
	return found;
}

static bool fits_term(const struct summary_match_term *term, const struct summary_envelope *e)
{
	switch ((enum field)term->field) {
	case FROM:
		return summary_match_address(e->from, term->wanted);
	case TO:
		return summary_match_address(e->to, term->wanted);
	case CC:
		return summary_match_address(e->cc, term->wanted);
	case SUBJECT:
		return summary_match_text(e->subject, term->wanted);
	case MESSAGE_ID:
		return summary_match_text(e->message_id, term->wanted);
	case FIELDS:
		break;
	}
	return false;
}

bool summary_match_fits(const struct summary_match *m, const struct summary_envelope *e)
{
	for (size_t i = 0; i < m->n; i++)
		if (!fits_term(&m->terms[i], e))
			return false;
	return true;
}
