#include "mua/mua_query.h"

#include <stdlib.h>
#include <time.h>

#include "imap/imap_flag.h"
#include "tests/support/check.h"

/* 2026-03-15 12:00 UTC */
#define WHEN 1773576000

static const struct mua_message letter = {
	.uid = 1, .flags = IMAP_FLAG_FLAGGED, .keywords = "", .received_s = WHEN + 40000000, .sent_s = WHEN, .from_name = "Ann Übel",
	.from_address = "ann@x.test", .to = "bob@a.test, zoe@a.test", .subject = "Release plan: two words", .has_attachment = true,
};

static const struct match_case {
	const char *name, *query;
	bool matches;
} matches[] = {
	{ "part of the sender's name", "from:ann", true },
	{ "part of the sender's address", "from:@x.test", true },
	{ "another sender", "from:zoe", false },
	{ "letters beyond ASCII compare without case", "from:übel", true },
	{ "a key in capitals", "FROM:Ann", true },
	{ "mutt's sender", "~f ann", true },
	{ "mutt's subject, without a blank and in quotes", "~s\"two words\" ~t zoe", true },
	{ "mutt's sender is no subject", "~f release", false },
	{ "a tilde in quotes is a word", "NOT \"~f\"", true },
	{ "any recipient", "to:zoe", true },
	{ "a subject in quotes", "subject:\"TWO words\"", true },
	{ "quotes keep words together", "subject:\"words two\"", false },
	{ "a bare word is in the subject", "release", true },
	{ "a bare word is in the sender", "x.test", true },
	{ "a bare word is not in the recipients", "zoe", false },
	{ "a quoted bare word may hold a colon", "\"plan: two\"", true },
	{ "two words need both", "release ann", true },
	{ "two words are not enough when one is missing", "release xyz", false },
	{ "AND may be written", "release AND ann", true },
	{ "lower-case or is a word", "xyz or ann", false },
	{ "OR needs one", "xyz OR ann", true },
	{ "juxtaposition binds closer than OR", "ann OR release xyz", true },
	{ "parentheses bind closer", "(ann OR release) xyz", false },
	{ "parentheses need no blanks", "(xyz)OR(ann)", true },
	{ "NOT turns one term", "NOT xyz ann", true },
	{ "NOT turns a group", "NOT(ann xyz)", true },
	{ "NOT NOT", "NOT NOT ann", true },
	{ "unread", "is:unread", true },
	{ "read", "is:read", false },
	{ "flagged", "is:flagged", true },
	{ "answered", "is:answered", false },
	{ "attachment", "has:attachment", true },
	{ "after is from that day on", "after:2026-03-15", true },
	{ "after the next day", "after:2026-03-16", false },
	{ "before is up to the day before", "before:2026-03-15", false },
	{ "before the next day", "before:2026-03-16", true },
	{ "a body that nobody looked into", "body:text", false },
	{ "nor is it another's", "NOT body:text", true },
	{ "blanks around", "  ann  ", true },
};

static const struct error_case {
	const char *name, *query, *text;
} errors[] = {
	{ "nothing", "", "query, character 1: something to look for is missing" },
	{ "blanks", "  ", "query, character 3: something to look for is missing" },
	{ "a key without value", "from:", "query, character 6: something to look for is missing" },
	{ "a key and a blank", "from: ann", "query, character 6: something to look for is missing" },
	{ "an unknown key", "ann form:x", "query, character 5: no such key (a word with a colon can be put in quotes)" },
	{ "characters count, not octets", "übel is:new", "query, character 9: is: takes unread, read, flagged, answered, deleted or draft" },
	{ "no such day", "after:2026-02-29", "query, character 7: a day is written 2026-01-31" },
	{ "a day in words", "before:yesterday", "query, character 8: a day is written 2026-01-31" },
	{ "has: something else", "has:fun", "query, character 5: has: takes only attachment" },
	{ "another tilde", "a ~z x", "query, character 3: no such key (a word with a colon can be put in quotes)" },
	{ "a tilde without value", "~f", "query, character 3: something to look for is missing" },
	{ "quotes without end", "subject:\"x y", "query, character 9: quotes with nothing in them, or without an end" },
	{ "an open parenthesis", "a (b c", "query, character 3: this parenthesis is not closed" },
	{ "a closing parenthesis", "a b) c", "query, character 4: this parenthesis was never opened" },
	{ "OR at the end", "a OR", "query, character 5: something to look for is missing" },
	{ "OR at the front of a group", "(OR)", NULL },
	{ "NOT at the end", "NOT", "query, character 4: something to look for is missing" },
	{ "an empty group", "()", "query, character 2: something to look for is missing" },
};

/* Terms in their order; what is answered beforehand counts, and not the row. */
static void check_terms(void)
{
	struct mua_query query = { 0 };
	struct error err = { 0 };

	CHECK(mua_query_parse(&query, BYTES("body:\"A b\" (from:ann OR xyz) is:unread"), &err));
	struct mua_query_term *body = query.terms, *from = body->next, *word = from->next;
	CHECK(body->field == MUA_QUERY_BODY && from->field == MUA_QUERY_FROM && word->field == MUA_QUERY_WORD && word->next == NULL);
	CHECK_ROW(bytes_equal(body->text, BYTES("A b")) && bytes_equal(body->folded, BYTES("a b")), "as typed, and folded");
	body->is_answered = true;
	CHECK(!mua_query_match(&query, &letter));
	ranges_add(&body->uids, letter.uid);
	CHECK(mua_query_match(&query, &letter));
	from->is_answered = true;
	CHECK_ROW(!mua_query_match(&query, &letter), "the server did not find the sender");
	mua_query_release(&query);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	check_terms();
	for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
		struct mua_query query = { 0 };
		struct error err = { 0 };
		bool ok = mua_query_parse(&query, bytes_text(matches[i].query), &err);
		CHECK_ROW(ok, matches[i].name);
		CHECK_ROW(ok && mua_query_match(&query, &letter) == matches[i].matches, matches[i].name);
		mua_query_release(&query);
	}
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct mua_query query = { 0 };
		struct error err = { 0 };
		if (errors[i].text == NULL) {
			CHECK_ROW(mua_query_parse(&query, bytes_text(errors[i].query), &err), "OR where a term must stand is a word");
		} else {
			CHECK_ROW(!mua_query_parse(&query, bytes_text(errors[i].query), &err), errors[i].name);
			CHECK_TEXT(err.text, errors[i].text, errors[i].name);
		}
		mua_query_release(&query);
	}

	char deep[4001];
	struct mua_query query = { 0 };
	struct error err = { 0 };
	memset(deep, '(', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	CHECK_ROW(!mua_query_parse(&query, bytes_text(deep), &err) && err.kind == ERROR_SYNTAX, "deep nesting is refused");
	mua_query_release(&query);
	return check_finish();
}
