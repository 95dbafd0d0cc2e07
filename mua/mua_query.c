#include "mua/mua_query.h"

#include "base/text.h"
#include "imap/imap_flag.h"
#include "message/date.h"

#define NESTING_MAX 100

enum kind { AND, OR, NOT, TEXT, FLAG, ATTACHMENT, AFTER, BEFORE };

struct mua_query_node {
	enum kind kind;
	const struct mua_query_node *left, *right;      /* of AND, OR; NOT has only left */
	const struct mua_query_term *term;
	uint64_t flag;
	bool is_set;                    /* what the flag must be */
	int64_t time_s;
};

struct parser {
	struct bytes text, rest;
	struct arena *arena;
	struct mua_query_term **terms;  /* where the next one is hung */
	struct error *err;
	unsigned depth;
};

static const struct mua_query_node *fail(struct parser *p, struct bytes at, const char *what)
{
	size_t n = 1;

	for (const char *c = p->text.at; c < at.at; c++)
		n += ((unsigned char)*c & 0xC0) != 0x80;
	error_set(p->err, ERROR_SYNTAX, "query, character %zu: %s", n, what);
	return NULL;
}

static struct mua_query_node *make(struct parser *p, enum kind kind)
{
	struct mua_query_node *node = arena_alloc(p->arena, sizeof *node);

	node->kind = kind;
	return node;
}

static void skip_blanks(struct parser *p)
{
	while (p->rest.len > 0 && text_is_space((unsigned char)p->rest.at[0]))
		p->rest = bytes_skip(p->rest, 1);
}

static bool ends_word(int octet)
{
	return text_is_space(octet) || octet == '(' || octet == ')' || octet == '"';
}

/* The word at the front, not taken: up to a blank, parenthesis, quote, or behind a colon. */
static struct bytes peek_word(const struct parser *p)
{
	size_t n = 0;

	while (n < p->rest.len && !ends_word((unsigned char)p->rest.at[n]) && p->rest.at[n] != ':')
		n++;
	return bytes_slice(p->rest, 0, n < p->rest.len && p->rest.at[n] == ':' ? n + 1 : n);
}

static bool take_operator(struct parser *p, struct bytes word)
{
	skip_blanks(p);
	if (!bytes_equal(peek_word(p), word))
		return false;
	p->rest = bytes_skip(p->rest, word.len);
	return true;
}

/* Plain or in quotes; false: nothing there, or no closing quote. */
static bool take_value(struct parser *p, struct bytes *value)
{
	size_t n = 0;

	if (p->rest.len > 0 && p->rest.at[0] == '"') {
		struct bytes inside = bytes_skip(p->rest, 1);
		size_t end = bytes_find(inside, '"');
		*value = bytes_slice(inside, 0, end);
		if (end == inside.len || end == 0)
			return false;
		p->rest = bytes_skip(inside, end + 1);
		return true;
	}
	while (n < p->rest.len && !ends_word((unsigned char)p->rest.at[n]))
		n++;
	*value = bytes_slice(p->rest, 0, n);
	p->rest = bytes_skip(p->rest, n);
	return n > 0;
}

static struct bytes fold(struct arena *arena, struct bytes text)
{
	struct buffer folded = { 0 };
	struct bytes kept;

	text_fold(text, &folded);
	kept = arena_bytes(arena, buffer_bytes(&folded));
	buffer_release(&folded);
	return kept;
}

/* "2026-01-31": its midnight here. */
static bool parse_day(struct bytes text, int64_t *time_s)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t year, month, day;

	if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-' || !bytes_to_u64(bytes_slice(text, 0, 4), 9999, &year) ||
	    !bytes_to_u64(bytes_slice(text, 5, 7), 12, &month) || month == 0 || !bytes_to_u64(bytes_slice(text, 8, 10), 31, &day) ||
	    day == 0 || (int)day > days[month - 1] || (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))))
		return false;
	*time_s = date_from_civil(&(struct date_civil){ .year = (int64_t)year, .month = (int)month, .day = (int)day });
	*time_s -= 60 * date_local_offset_min(*time_s);
	return true;
}

static const struct mua_query_node *make_state(struct parser *p, struct bytes at, struct bytes value)
{
	static const struct {
		const char *name;
		uint64_t flag;
		bool is_set;
	} states[] = {
		{ "unread", IMAP_FLAG_SEEN, false },
		{ "read", IMAP_FLAG_SEEN, true },
		{ "seen", IMAP_FLAG_SEEN, true },
		{ "answered", IMAP_FLAG_ANSWERED, true },
		{ "flagged", IMAP_FLAG_FLAGGED, true },
		{ "deleted", IMAP_FLAG_DELETED, true },
		{ "draft", IMAP_FLAG_DRAFT, true },
	};

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (!bytes_equal_nocase(value, bytes_text(states[i].name)))
			continue;
		struct mua_query_node *node = make(p, FLAG);
		node->flag = states[i].flag;
		node->is_set = states[i].is_set;
		return node;
	}
	return fail(p, at, "is: takes unread, read, flagged, answered, deleted or draft");
}

static const struct mua_query_node *make_day(struct parser *p, struct bytes at, enum kind kind, struct bytes value)
{
	struct mua_query_node *node = make(p, kind);

	return parse_day(value, &node->time_s) ? node : fail(p, at, "a day is written 2026-01-31");
}

static const struct mua_query_node *make_text(struct parser *p, enum mua_query_field field, struct bytes value)
{
	struct mua_query_node *node = make(p, TEXT);
	struct mua_query_term *term = arena_alloc(p->arena, sizeof *term);

	term->field = field;
	term->text = arena_bytes(p->arena, value);
	term->folded = fold(p->arena, value);
	*p->terms = term;
	p->terms = &term->next;
	node->term = term;
	return node;
}

static const struct mua_query_node *parse_term(struct parser *p)
{
	static const struct {
		const char *key;
		enum kind kind;
		enum mua_query_field field;
	} keys[] = {
		{ "from:", TEXT, MUA_QUERY_FROM }, { "to:", TEXT, MUA_QUERY_TO }, { "subject:", TEXT, MUA_QUERY_SUBJECT },
		{ "body:", TEXT, MUA_QUERY_BODY }, { "is:", FLAG, 0 }, { "has:", ATTACHMENT, 0 }, { "after:", AFTER, 0 },
		{ "before:", BEFORE, 0 }, { "~f", TEXT, MUA_QUERY_FROM }, { "~t", TEXT, MUA_QUERY_TO }, { "~s", TEXT, MUA_QUERY_SUBJECT },
		{ "~b", TEXT, MUA_QUERY_BODY }, { "", TEXT, MUA_QUERY_WORD },
	};
	struct bytes word = peek_word(p), at, value;
	size_t i = 0;

	bool is_alias = word.len == 2 && word.at[0] == '~';
	if (!is_alias && (word.len == 0 || word.at[word.len - 1] != ':'))
		word.len = 0;
	while (i < sizeof keys / sizeof *keys && !bytes_equal_nocase(word, bytes_text(keys[i].key)))
		i++;
	if (i == sizeof keys / sizeof *keys)
		return fail(p, word, "no such key (a word with a colon can be put in quotes)");
	p->rest = bytes_skip(p->rest, word.len);
	if (is_alias)
		skip_blanks(p);
	at = p->rest;
	if (!take_value(p, &value))
		return fail(p, at, at.len > 0 && at.at[0] == '"' ? "quotes with nothing in them, or without an end" : "something to look for is missing");
	switch (keys[i].kind) {
	case FLAG:
		return make_state(p, at, value);
	case ATTACHMENT:
		return bytes_equal_nocase(value, BYTES("attachment")) ? make(p, ATTACHMENT) : fail(p, at, "has: takes only attachment");
	case AFTER:
	case BEFORE:
		return make_day(p, at, keys[i].kind, value);
	default:
		return make_text(p, keys[i].field, value);
	}
}

static const struct mua_query_node *parse_or(struct parser *);

static const struct mua_query_node *parse_group(struct parser *p)
{
	struct bytes open = p->rest;
	const struct mua_query_node *inside;

	p->rest = bytes_skip(p->rest, 1);
	inside = parse_or(p);
	if (inside == NULL)
		return NULL;
	if (p->rest.len == 0)
		return fail(p, open, "this parenthesis is not closed");
	p->rest = bytes_skip(p->rest, 1);
	return inside;
}

static const struct mua_query_node *parse_not(struct parser *p)
{
	const struct mua_query_node *inside;
	bool is_negated;

	if (++p->depth > NESTING_MAX)
		return fail(p, p->rest, "nested too deeply");
	is_negated = take_operator(p, BYTES("NOT"));
	skip_blanks(p);
	if (is_negated)
		inside = parse_not(p);
	else if (p->rest.len > 0 && p->rest.at[0] == '(')
		inside = parse_group(p);
	else
		inside = parse_term(p);
	p->depth--;
	if (!is_negated || inside == NULL)
		return inside;
	struct mua_query_node *node = make(p, NOT);
	node->left = inside;
	return node;
}

static const struct mua_query_node *join(struct parser *p, enum kind kind, const struct mua_query_node *left, const struct mua_query_node *right)
{
	struct mua_query_node *node = make(p, kind);

	node->left = left;
	node->right = right;
	return right == NULL ? NULL : left == NULL ? right : node;
}

/* Whether the conjunction goes on. */
static bool has_more(struct parser *p)
{
	skip_blanks(p);
	return p->rest.len > 0 && p->rest.at[0] != ')' && !bytes_equal(peek_word(p), BYTES("OR"));
}

static const struct mua_query_node *parse_and(struct parser *p)
{
	const struct mua_query_node *all = parse_not(p);

	while (all != NULL && has_more(p)) {
		take_operator(p, BYTES("AND"));
		all = join(p, AND, all, parse_not(p));
	}
	return all;
}

static const struct mua_query_node *parse_or(struct parser *p)
{
	const struct mua_query_node *any = parse_and(p);

	while (any != NULL && take_operator(p, BYTES("OR")))
		any = join(p, OR, any, parse_and(p));
	return any;
}

bool mua_query_parse(struct mua_query *q, struct bytes text, struct error *err)
{
	struct parser p = { .text = text, .rest = text, .arena = &q->arena, .terms = &q->terms, .err = err };

	q->root = parse_or(&p);
	if (q->root != NULL && p.rest.len > 0) {
		fail(&p, p.rest, "this parenthesis was never opened");
		q->root = NULL;
	}
	return q->root != NULL;
}

void mua_query_release(struct mua_query *q)
{
	for (struct mua_query_term *term = q->terms; term != NULL; term = term->next)
		ranges_release(&term->uids);
	arena_reset(&q->arena);
	q->root = NULL;
	q->terms = NULL;
}

/* Matching */

static bool holds(const char *field, struct bytes folded)
{
	struct buffer text = { 0 };
	bool found;

	text_fold(bytes_text(field), &text);
	found = bytes_find_bytes(buffer_bytes(&text), folded) < text.len;
	buffer_release(&text);
	return found;
}

static bool match_term(const struct mua_query_term *term, const struct mua_message *m)
{
	bool is_of_sender = false;

	if (term->is_answered)
		return ranges_contains(&term->uids, m->uid);
	switch (term->field) {
	case MUA_QUERY_TO:
		return holds(m->to, term->folded);
	case MUA_QUERY_SUBJECT:
		return holds(m->subject, term->folded);
	case MUA_QUERY_FROM:
	case MUA_QUERY_WORD:
		is_of_sender = holds(m->from_name, term->folded) || holds(m->from_address, term->folded);
		return is_of_sender || (term->field == MUA_QUERY_WORD && holds(m->subject, term->folded));
	case MUA_QUERY_BODY:
		break;
	}
	return false;
}

static bool match(const struct mua_query_node *n, const struct mua_message *m)
{
	int64_t when = m->sent_s ? m->sent_s : m->received_s;

	switch (n->kind) {
	case AND:
		return match(n->left, m) && match(n->right, m);
	case OR:
		return match(n->left, m) || match(n->right, m);
	case NOT:
		return !match(n->left, m);
	case TEXT:
		return match_term(n->term, m);
	case FLAG:
		return ((m->flags & n->flag) != 0) == n->is_set;
	case ATTACHMENT:
		return m->has_attachment;
	case AFTER:
		return when >= n->time_s;
	case BEFORE:
		return when < n->time_s;
	}
	return false;
}

bool mua_query_match(const struct mua_query *q, const struct mua_message *m)
{
	return match(q->root, m);
}
