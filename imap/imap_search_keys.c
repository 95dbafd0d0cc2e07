#include "imap/imap_search_keys.h"

#include "base/text.h"
#include "imap/imap_argument.h"
#include "imap/imap_date.h"
#include "imap/imap_flag.h"
#include "imap/imap_object_id.h"
#include "imap/imap_set.h"

struct parser {
	struct bytes rest;
	const struct imap_search_scope *scope;
	struct arena *arena;
	unsigned needs;
	unsigned depth;
};

enum argument { NOTHING, NUMBER, DAY, SECONDS, STRING, KEYWORD_NAME, FIELD, UID_SET, OBJECT_ID };

static const struct row {
	const char *word;
	enum imap_search_kind kind;
	enum argument argument;
	uint64_t number;                /* of FLAG and NO_FLAG; the object's letter */
	const char *field;              /* of HEADER: the words that name one */
} rows[] = {
	{ "ALL",        IMAP_SEARCH_AND,         NOTHING, 0, NULL },
	{ "ANSWERED",   IMAP_SEARCH_FLAG,        NOTHING, IMAP_FLAG_ANSWERED, NULL },
	{ "DELETED",    IMAP_SEARCH_FLAG,        NOTHING, IMAP_FLAG_DELETED, NULL },
	{ "DRAFT",      IMAP_SEARCH_FLAG,        NOTHING, IMAP_FLAG_DRAFT, NULL },
	{ "FLAGGED",    IMAP_SEARCH_FLAG,        NOTHING, IMAP_FLAG_FLAGGED, NULL },
	{ "SEEN",       IMAP_SEARCH_FLAG,        NOTHING, IMAP_FLAG_SEEN, NULL },
	{ "UNANSWERED", IMAP_SEARCH_NO_FLAG,     NOTHING, IMAP_FLAG_ANSWERED, NULL },
	{ "UNDELETED",  IMAP_SEARCH_NO_FLAG,     NOTHING, IMAP_FLAG_DELETED, NULL },
	{ "UNDRAFT",    IMAP_SEARCH_NO_FLAG,     NOTHING, IMAP_FLAG_DRAFT, NULL },
	{ "UNFLAGGED",  IMAP_SEARCH_NO_FLAG,     NOTHING, IMAP_FLAG_FLAGGED, NULL },
	{ "UNSEEN",     IMAP_SEARCH_NO_FLAG,     NOTHING, IMAP_FLAG_SEEN, NULL },
	{ "RECENT",     IMAP_SEARCH_RECENT,      NOTHING, 0, NULL },
	{ "KEYWORD",    IMAP_SEARCH_KEYWORD,     KEYWORD_NAME, 0, NULL },
	{ "UNKEYWORD",  IMAP_SEARCH_NO_KEYWORD,  KEYWORD_NAME, 0, NULL },
	{ "LARGER",     IMAP_SEARCH_LARGER,      NUMBER, 0, NULL },
	{ "SMALLER",    IMAP_SEARCH_SMALLER,     NUMBER, 0, NULL },
	{ "BEFORE",     IMAP_SEARCH_BEFORE,      DAY, 0, NULL },
	{ "ON",         IMAP_SEARCH_ON,          DAY, 0, NULL },
	{ "SINCE",      IMAP_SEARCH_SINCE,       DAY, 0, NULL },
	{ "SENTBEFORE", IMAP_SEARCH_SENT_BEFORE, DAY, 0, NULL },
	{ "SENTON",     IMAP_SEARCH_SENT_ON,     DAY, 0, NULL },
	{ "SENTSINCE",  IMAP_SEARCH_SENT_SINCE,  DAY, 0, NULL },
	{ "OLDER",      IMAP_SEARCH_OLDER,       SECONDS, 0, NULL },
	{ "YOUNGER",    IMAP_SEARCH_YOUNGER,     SECONDS, 0, NULL },
	{ "BCC",        IMAP_SEARCH_HEADER,      STRING, 0, "Bcc" },
	{ "CC",         IMAP_SEARCH_HEADER,      STRING, 0, "Cc" },
	{ "FROM",       IMAP_SEARCH_HEADER,      STRING, 0, "From" },
	{ "SUBJECT",    IMAP_SEARCH_HEADER,      STRING, 0, "Subject" },
	{ "TO",         IMAP_SEARCH_HEADER,      STRING, 0, "To" },
	{ "HEADER",     IMAP_SEARCH_HEADER,      FIELD, 0, NULL },
	{ "BODY",       IMAP_SEARCH_BODY,        STRING, 0, NULL },
	{ "TEXT",       IMAP_SEARCH_TEXT,        STRING, 0, NULL },
	{ "UID",        IMAP_SEARCH_UID,         UID_SET, 0, NULL },
	{ "EMAILID",    IMAP_SEARCH_EMAIL_ID,    OBJECT_ID, IMAP_OBJECT_EMAIL, NULL },
	{ "THREADID",   IMAP_SEARCH_THREAD_ID,   OBJECT_ID, IMAP_OBJECT_THREAD, NULL },
};

static bool take_key(struct parser *, struct imap_search_key **);

static struct imap_search_key *new_key(struct parser *p, enum imap_search_kind kind)
{
	struct imap_search_key *key = arena_alloc(p->arena, sizeof *key);

	key->kind = kind;
	return key;
}

static bool take_argument(struct parser *p, const struct row *row, struct imap_search_key *key)
{
	struct bytes *rest = &p->rest;

	if (row->argument != NOTHING && !imap_argument_space(rest))
		return false;
	switch (row->argument) {
	case NOTHING:
		return true;
	case NUMBER:
		return imap_argument_number64(rest, &key->number);
	case SECONDS:
		return imap_argument_number64(rest, &key->number) && key->number > 0;
	case DAY:
		return imap_date_parse(rest, &key->day);
	case STRING:
		return imap_argument_astring(rest, p->arena, &key->text);
	case KEYWORD_NAME:
		return imap_argument_atom(rest, &key->text);
	case FIELD:
		return imap_argument_astring(rest, p->arena, &key->name) && imap_argument_space(rest) &&
		       imap_argument_astring(rest, p->arena, &key->text);
	case UID_SET:
		return imap_set_parse(rest, p->scope->last_uid, p->arena, &key->set);
	case OBJECT_ID:
		if (!imap_argument_astring(rest, p->arena, &key->text))
			return false;
		key->number = (uint64_t)imap_object_id_parse(key->text, (enum imap_object)row->number);
		return true;
	}
	return false;
}

bool imap_search_is_text(const struct imap_search_key *key)
{
	return key->kind == IMAP_SEARCH_HEADER || key->kind == IMAP_SEARCH_BODY || key->kind == IMAP_SEARCH_TEXT;
}

static unsigned needs_of(const struct imap_search_key *key)
{
	switch (key->kind) {
	case IMAP_SEARCH_AND:
	case IMAP_SEARCH_OR:
	case IMAP_SEARCH_NOT:
	case IMAP_SEARCH_SET:
	case IMAP_SEARCH_UID:
	case IMAP_SEARCH_RECENT:
		return 0;
	case IMAP_SEARCH_SENT_BEFORE:
	case IMAP_SEARCH_SENT_ON:
	case IMAP_SEARCH_SENT_SINCE:
		return IMAP_SEARCH_NEEDS_ROW | IMAP_SEARCH_NEEDS_ENVELOPE;
	case IMAP_SEARCH_HEADER:
	case IMAP_SEARCH_BODY:
	case IMAP_SEARCH_TEXT:
		return IMAP_SEARCH_NEEDS_TEXT;
	default:
		return IMAP_SEARCH_NEEDS_ROW;
	}
}

/* One or more keys with a space between, all of which must hold. */
static bool take_keys(struct parser *p, struct imap_search_key **key)
{
	struct imap_search_key *all = new_key(p, IMAP_SEARCH_AND), **next = &all->children;

	do {
		if (!take_key(p, next))
			return false;
		next = &(*next)->next;
	} while (imap_argument_space(&p->rest));
	*key = all;
	return true;
}

static bool take_inner(struct parser *p, struct imap_search_key **key)
{
	if (imap_argument_octet(&p->rest, '('))
		return take_keys(p, key) && imap_argument_octet(&p->rest, ')');
	if (imap_argument_word(&p->rest, "NOT")) {
		*key = new_key(p, IMAP_SEARCH_NOT);
		return imap_argument_space(&p->rest) && take_key(p, &(*key)->children);
	}
	if (imap_argument_word(&p->rest, "OR")) {
		*key = new_key(p, IMAP_SEARCH_OR);
		return imap_argument_space(&p->rest) && take_key(p, &(*key)->children) &&
		       imap_argument_space(&p->rest) && take_key(p, &(*key)->children->next);
	}
	return false;
}

/* NEW is RECENT UNSEEN, OLD is NOT RECENT. */
static struct imap_search_key *take_recency(struct parser *p)
{
	bool is_new = imap_argument_word(&p->rest, "NEW");

	if (!is_new && !imap_argument_word(&p->rest, "OLD"))
		return NULL;
	struct imap_search_key *key = new_key(p, is_new ? IMAP_SEARCH_AND : IMAP_SEARCH_NOT);
	key->children = new_key(p, IMAP_SEARCH_RECENT);
	if (is_new) {
		key->children->next = new_key(p, IMAP_SEARCH_NO_FLAG);
		key->children->next->number = IMAP_FLAG_SEEN;
		p->needs |= IMAP_SEARCH_NEEDS_ROW;
	}
	return key;
}

static bool take_row(struct parser *p, struct imap_search_key **found)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!imap_argument_word(&p->rest, rows[i].word))
			continue;
		struct imap_search_key *key = *found = new_key(p, rows[i].kind);
		key->number = rows[i].number;
		if (rows[i].field)
			key->name = bytes_text(rows[i].field);
		if (!take_argument(p, &rows[i], key))
			return false;
		p->needs |= needs_of(key);
		return true;
	}
	return false;
}

static bool take_key(struct parser *p, struct imap_search_key **key)
{
	if (p->rest.len == 0 || ++p->depth > IMAP_SEARCH_DEPTH_MAX)
		return false;
	int octet = (unsigned char)p->rest.at[0];
	bool ok;
	if (text_is_digit(octet) || octet == '*') {
		*key = new_key(p, IMAP_SEARCH_SET);
		ok = imap_set_parse(&p->rest, p->scope->n_messages, p->arena, &(*key)->set);
	} else if ((*key = take_recency(p)) != NULL) {
		ok = true;
	} else {
		ok = take_row(p, key) || take_inner(p, key);
	}
	p->depth--;
	return ok;
}

enum imap_search_status imap_search_parse(struct bytes rest, const struct imap_search_scope *scope, struct arena *arena, struct imap_search *search)
{
	struct parser p = { .rest = rest, .scope = scope, .arena = arena };
	struct bytes charset;

	if (imap_argument_word(&p.rest, "CHARSET")) {
		if (!imap_argument_space(&p.rest) || !imap_argument_astring(&p.rest, arena, &charset) || !imap_argument_space(&p.rest))
			return IMAP_SEARCH_SYNTAX;
		if (!bytes_equal_nocase(charset, BYTES("US-ASCII")) && !bytes_equal_nocase(charset, BYTES("UTF-8")))
			return IMAP_SEARCH_CHARSET;
	}
	*search = (struct imap_search){ 0 };
	if (!take_keys(&p, &search->key) || p.rest.len > 0)
		return IMAP_SEARCH_SYNTAX;
	search->needs = p.needs;
	return IMAP_SEARCH_OK;
}
