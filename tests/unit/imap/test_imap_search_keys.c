#include "imap/imap_search_keys.h"

#include <string.h>

#include "base/buffer.h"
#include "imap/imap_set.h"
#include "tests/support/check.h"

static const struct row {
	const char *claim, *text;
	enum imap_search_status status;
	const char *want;               /* the tree, as show() writes it */
	unsigned needs;
} rows[] = {
	{ "all", "ALL", IMAP_SEARCH_OK, "(and (and))", 0 },
	{ "keys side by side must all hold", "SEEN UNDELETED", IMAP_SEARCH_OK, "(and flag1 noflag8)", IMAP_SEARCH_NEEDS_ROW },
	{ "not and or", "NOT SEEN OR FLAGGED 1:3", IMAP_SEARCH_OK, "(and (not flag1) (or flag4 set1:3))", IMAP_SEARCH_NEEDS_ROW },
	{ "parentheses", "(SEEN (ANSWERED)) UID 5:*", IMAP_SEARCH_OK, "(and (and flag1 (and flag2)) uid5:70)", IMAP_SEARCH_NEEDS_ROW },
	{ "new is recent and unseen", "NEW", IMAP_SEARCH_OK, "(and (and recent noflag1))", IMAP_SEARCH_NEEDS_ROW },
	{ "old is not recent", "OLD", IMAP_SEARCH_OK, "(and (not recent))", 0 },
	{ "dates", "SINCE 1-Jan-1970 SENTON \"2-Jan-1970\"", IMAP_SEARCH_OK, "(and since0 senton1)", IMAP_SEARCH_NEEDS_ROW | IMAP_SEARCH_NEEDS_ENVELOPE },
	{ "sizes", "LARGER 10 SMALLER 20", IMAP_SEARCH_OK, "(and larger10 smaller20)", IMAP_SEARCH_NEEDS_ROW },
	{ "a field of the envelope", "FROM bob SUBJECT \"a b\"", IMAP_SEARCH_OK, "(and From=bob Subject=a b)", IMAP_SEARCH_NEEDS_TEXT },
	{ "a field that is not", "HEADER X-Y {1}\r\nz", IMAP_SEARCH_OK, "(and X-Y=z)", IMAP_SEARCH_NEEDS_TEXT },
	{ "text", "BODY x", IMAP_SEARCH_OK, "(and body=x)", IMAP_SEARCH_NEEDS_TEXT },
	{ "a keyword", "KEYWORD $Junk UNKEYWORD a", IMAP_SEARCH_OK, "(and kw=$Junk nokw=a)", IMAP_SEARCH_NEEDS_ROW },
	{ "object ids", "EMAILID M12 THREADID T7", IMAP_SEARCH_OK, "(and email=M1212 thread=T77)", IMAP_SEARCH_NEEDS_ROW },
	{ "an object id of another kind", "EMAILID T12", IMAP_SEARCH_OK, "(and email=T12)", IMAP_SEARCH_NEEDS_ROW },
	{ "a charset we know", "CHARSET utf-8 ALL", IMAP_SEARCH_OK, "(and (and))", 0 },
	{ "a charset we do not", "CHARSET KOI8-R ALL", IMAP_SEARCH_CHARSET, NULL, 0 },
	{ "nothing", "", IMAP_SEARCH_SYNTAX, NULL, 0 },
	{ "an unknown key", "FROB", IMAP_SEARCH_SYNTAX, NULL, 0 },
	{ "a missing argument", "FROM", IMAP_SEARCH_SYNTAX, NULL, 0 },
	{ "half an or", "OR SEEN", IMAP_SEARCH_SYNTAX, NULL, 0 },
	{ "an open parenthesis", "(SEEN", IMAP_SEARCH_SYNTAX, NULL, 0 },
	{ "a trailing space", "SEEN ", IMAP_SEARCH_SYNTAX, NULL, 0 },
	{ "a date that is none", "SINCE 31-Feb-2020", IMAP_SEARCH_SYNTAX, NULL, 0 },
};

static const char *const words[] = { "and", "or", "not", "set", "uid", "flag", "noflag", "kw=", "nokw=", "recent", "larger", "smaller",
	"before", "on", "since", "sentbefore", "senton", "sentsince", "older", "younger", "=", "body=", "text=", "email=", "thread=" };

static void show(const struct imap_search_key *key, struct buffer *out)
{
	if (key->kind <= IMAP_SEARCH_NOT) {
		buffer_printf(out, "(%s", words[key->kind]);
		for (const struct imap_search_key *k = key->children; k; k = k->next) {
			buffer_add_octet(out, ' ');
			show(k, out);
		}
		buffer_add_octet(out, ')');
		return;
	}
	buffer_add_bytes(out, key->name);
	buffer_add_text(out, words[key->kind]);
	buffer_add_bytes(out, key->text);
	imap_set_format(&key->set, out);
	if (key->number > 0)
		buffer_add_u64(out, key->number);
	if (key->kind >= IMAP_SEARCH_BEFORE && key->kind <= IMAP_SEARCH_SENT_SINCE)
		buffer_printf(out, "%d", (int)key->day);
}

int main(void)
{
	struct arena arena = { 0 };
	struct imap_search_scope scope = { .n_messages = 7, .last_uid = 70 };
	struct imap_search search;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer out = { 0 };
		CHECK_ROW(imap_search_parse(bytes_text(rows[i].text), &scope, &arena, &search) == rows[i].status, rows[i].claim);
		if (rows[i].status == IMAP_SEARCH_OK) {
			show(search.key, &out);
			check_expect_bytes(out.at, out.len, rows[i].want, strlen(rows[i].want), rows[i].claim, __FILE__, __LINE__);
			CHECK_ROW(search.needs == rows[i].needs, rows[i].claim);
		}
		buffer_release(&out);
	}
	char deep[4 * 1000 + 4];
	for (int i = 0; i < 1000; i++)
		memcpy(deep + 4 * i, "NOT ", 4);
	memcpy(deep + 4000, "ALL", 4);
	CHECK_ROW(imap_search_parse(bytes_text(deep), &scope, &arena, &search) == IMAP_SEARCH_SYNTAX, "depth has a bound");
	arena_reset(&arena);
	return check_finish();
}
