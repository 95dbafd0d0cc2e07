#include "imapd/imapd_match.h"

#include "base/arena.h"
#include "imap/imap_date.h"
#include "imap/imap_flag.h"
#include "message/date.h"
#include "message/summary.h"

void imapd_match_read_date(struct imapd_match *m)
{
	struct arena scratch = { 0 };
	struct summary_envelope e;
	int64_t unix_s;
	int offset_min;

	m->has_sent_day = summary_envelope_unpack(m->message->envelope, &scratch, &e) && e.has_date && date_parse(e.date, &unix_s, &offset_min);
	if (m->has_sent_day)
		m->sent_day = imap_date_day(unix_s + 60 * (int64_t)offset_min);
	arena_reset(&scratch);
}

static bool match_sent(const struct imapd_match *m, const struct imap_search_key *key)
{
	if (!m->has_sent_day)
		return false;
	if (key->kind == IMAP_SEARCH_SENT_BEFORE)
		return m->sent_day < key->day;
	return key->kind == IMAP_SEARCH_SENT_ON ? m->sent_day == key->day : m->sent_day >= key->day;
}

static bool match_keyword(const struct imapd_match *m, struct bytes name)
{
	const char *const *names = imapd_view_keywords(m->view);

	for (unsigned bit = STORE_KEYWORD_FIRST_BIT; names && bit < IMAP_FLAG_BITS; bit++)
		if (names[bit] && bytes_equal_nocase(name, bytes_text(names[bit])))
			return m->message->flags >> bit & 1;
	return false;
}

static bool match_age(const struct imapd_match *m, const struct imap_search_key *key)
{
	int64_t age = m->now_s - m->message->internal_date_s;
	bool is_older = age >= 0 && (uint64_t)age >= key->number;

	return key->kind == IMAP_SEARCH_OLDER ? is_older : !is_older;
}

static bool match_row(const struct imapd_match *m, const struct imap_search_key *key)
{
	const struct store_message *message = m->message;
	int64_t day = imap_date_day(message->internal_date_s);

	switch (key->kind) {
	case IMAP_SEARCH_FLAG: return message->flags & key->number;
	case IMAP_SEARCH_NO_FLAG: return !(message->flags & key->number);
	case IMAP_SEARCH_KEYWORD: return match_keyword(m, key->text);
	case IMAP_SEARCH_NO_KEYWORD: return !match_keyword(m, key->text);
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
	case IMAP_SEARCH_EMAIL_ID: return (uint64_t)m->message->message_id == key->number;
	case IMAP_SEARCH_THREAD_ID: return key->number != 0 && (uint64_t)m->message->thread_id == key->number;
	default: return false;
	}
}

/* AND and OR: the first answer that decides, else open when any is. */
static enum imapd_truth match_children(const struct imapd_match *m, const struct imap_search_key *key, enum imapd_truth decides)
{
	enum imapd_truth answer = decides == IMAPD_NO ? IMAPD_YES : IMAPD_NO;

	for (const struct imap_search_key *child = key->children; child; child = child->next) {
		enum imapd_truth one = imapd_match(m, child);
		if (one == decides)
			return decides;
		if (one == IMAPD_OPEN)
			answer = IMAPD_OPEN;
	}
	return answer;
}

static enum imapd_truth truth(bool is_so)
{
	return is_so ? IMAPD_YES : IMAPD_NO;
}

enum imapd_truth imapd_match(const struct imapd_match *m, const struct imap_search_key *key)
{
	enum imapd_truth inner;

	switch (key->kind) {
	case IMAP_SEARCH_AND:
		return match_children(m, key, IMAPD_NO);
	case IMAP_SEARCH_OR:
		return match_children(m, key, IMAPD_YES);
	case IMAP_SEARCH_NOT:
		inner = imapd_match(m, key->children);
		return inner == IMAPD_OPEN ? IMAPD_OPEN : truth(inner == IMAPD_NO);
	case IMAP_SEARCH_SET:
		return truth(ranges_contains(&key->set, ranges_position(&m->view->uids, m->uid)));
	case IMAP_SEARCH_UID:
		return truth(ranges_contains(&key->set, m->uid));
	case IMAP_SEARCH_RECENT:
		return truth(ranges_contains(&m->view->recent, m->uid));
	case IMAP_SEARCH_HEADER:
	case IMAP_SEARCH_BODY:
	case IMAP_SEARCH_TEXT:
		return key->is_answered ? truth(ranges_contains(&key->set, m->uid)) : IMAPD_OPEN;
	default:
		return m->message == NULL ? IMAPD_OPEN : truth(match_row(m, key));
	}
}
