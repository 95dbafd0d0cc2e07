#include "imapd/imapd_match.h"

#include "base/buffer.h"
#include "base/text.h"
#include "imap/imap_date.h"
#include "imap/imap_flag.h"
#include "message/date.h"
#include "message/header.h"
#include "message/summary.h"
#include "message/summary_match.h"

void imapd_match_prepare(struct imap_search_key *key, struct arena *arena)
{
	if (key->kind == IMAP_SEARCH_HEADER) {
		struct buffer folded = { 0 };
		text_fold(key->text, &folded);
		key->text = arena_bytes(arena, buffer_bytes(&folded));
		buffer_release(&folded);
	}
	for (struct imap_search_key *child = key->children; child; child = child->next)
		imapd_match_prepare(child, arena);
}

static bool match_envelope(const struct imapd_match *m, const struct imap_search_key *key)
{
	struct summary_envelope e;

	if (!summary_envelope_unpack(m->message->envelope, m->scratch, &e))
		return false;
	const struct { const char *name; const struct summary_addresses *list; } lists[] = {
		{ "From", &e.from }, { "Sender", &e.sender }, { "Reply-To", &e.reply_to }, { "To", &e.to }, { "Cc", &e.cc }, { "Bcc", &e.bcc },
	};
	const struct { const char *name; struct bytes text; bool has; } texts[] = {
		{ "Subject", e.subject, e.has_subject }, { "Date", e.date, e.has_date },
		{ "In-Reply-To", e.in_reply_to, e.has_in_reply_to }, { "Message-ID", e.message_id, e.has_message_id },
	};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (bytes_equal_nocase(key->name, bytes_text(lists[i].name)))
			return summary_match_address(*lists[i].list, key->text);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (bytes_equal_nocase(key->name, bytes_text(texts[i].name)))
			return texts[i].has && summary_match_text(texts[i].text, key->text);
	return false;
}

static bool match_header(const struct imapd_match *m, const struct imap_search_key *key)
{
	struct bytes rest = m->header;
	struct header_field field;
	bool found = false;

	if (imap_search_is_envelope_field(key->name))
		return match_envelope(m, key);
	while (!found && header_next(&rest, &field)) {
		if (!bytes_equal_nocase(field.name, key->name))
			continue;
		struct buffer value = { 0 };
		header_unfold(field.value, &value);
		found = summary_match_text(buffer_bytes(&value), key->text);
		buffer_release(&value);
	}
	return found;
}

/* The day the writer saw, whatever the zone. */
static bool match_sent(const struct imapd_match *m, const struct imap_search_key *key)
{
	struct summary_envelope e;
	int64_t unix_s;
	int offset_min;

	if (!summary_envelope_unpack(m->message->envelope, m->scratch, &e) || !e.has_date || !date_parse(e.date, &unix_s, &offset_min))
		return false;
	int64_t day = imap_date_day(unix_s + 60 * (int64_t)offset_min);
	if (key->kind == IMAP_SEARCH_SENT_BEFORE)
		return day < key->day;
	return key->kind == IMAP_SEARCH_SENT_ON ? day == key->day : day >= key->day;
}

static bool match_keyword(const struct imapd_match *m, struct bytes name)
{
	const char *const *names = imapd_view_keywords(m->view);

	for (unsigned bit = STORE_KEYWORD_FIRST_BIT; names && bit < IMAP_FLAG_BITS; bit++)
		if (names[bit] && bytes_equal_nocase(name, bytes_text(names[bit])))
			return m->message->flags >> bit & 1;
	return false;
}

static bool match_all(const struct imapd_match *m, const struct imap_search_key *key)
{
	for (const struct imap_search_key *child = key->children; child; child = child->next)
		if (!imapd_match(m, child))
			return false;
	return true;
}

static bool match_age(const struct imapd_match *m, const struct imap_search_key *key)
{
	int64_t age = m->now_s - m->message->internal_date_s;
	bool is_older = age >= 0 && (uint64_t)age >= key->number;

	return key->kind == IMAP_SEARCH_OLDER ? is_older : !is_older;
}

bool imapd_match(const struct imapd_match *m, const struct imap_search_key *key)
{
	const struct store_message *message = m->message;
	int64_t day = imap_date_day(message->internal_date_s);

	switch (key->kind) {
	case IMAP_SEARCH_AND: return match_all(m, key);
	case IMAP_SEARCH_OR: return imapd_match(m, key->children) || imapd_match(m, key->children->next);
	case IMAP_SEARCH_NOT: return !imapd_match(m, key->children);
	case IMAP_SEARCH_SET: return ranges_contains(&key->set, m->number);
	case IMAP_SEARCH_UID: return ranges_contains(&key->set, message->uid);
	case IMAP_SEARCH_FLAG: return message->flags & key->number;
	case IMAP_SEARCH_NO_FLAG: return !(message->flags & key->number);
	case IMAP_SEARCH_KEYWORD: return match_keyword(m, key->text);
	case IMAP_SEARCH_NO_KEYWORD: return !match_keyword(m, key->text);
	case IMAP_SEARCH_RECENT: return ranges_contains(&m->view->recent, message->uid);
	case IMAP_SEARCH_LARGER: return message->size > key->number;
	case IMAP_SEARCH_SMALLER: return message->size < key->number;
	case IMAP_SEARCH_BEFORE: return day < key->day;
	case IMAP_SEARCH_ON: return day == key->day;
	case IMAP_SEARCH_SINCE: return day >= key->day;
	case IMAP_SEARCH_SENT_BEFORE:
	case IMAP_SEARCH_SENT_ON:
	case IMAP_SEARCH_SENT_SINCE: return match_sent(m, key);
	case IMAP_SEARCH_OLDER:
	case IMAP_SEARCH_YOUNGER: return match_age(m, key);
	case IMAP_SEARCH_HEADER: return match_header(m, key);
	case IMAP_SEARCH_BODY:
	case IMAP_SEARCH_TEXT: return false;    /* refused before */
	}
	return false;
}
