#include "imap/imap_client_reply.h"

#include "imap/imap_set.h"
#include "tests/support/check.h"

static const struct reply_case {
	const char *name, *text;
	bool ok;
	enum imap_reply_kind kind;
	const char *tag, *code, *code_rest, *rest;
	uint32_t number;
} replies[] = {
	{ "greeting with a code", "* OK [CAPABILITY IMAP4rev1 IDLE] ready", true, IMAP_REPLY_OK, "", "CAPABILITY", "IMAP4rev1 IDLE", "ready", 0 },
	{ "tagged", "m1 NO [TRYCREATE] no such mailbox", true, IMAP_REPLY_NO, "m1", "TRYCREATE", "", "no such mailbox", 0 },
	{ "numbered", "* 23 EXISTS", true, IMAP_REPLY_EXISTS, "", "", "", "", 23 },
	{ "fetch", "* 1 FETCH (UID 3)", true, IMAP_REPLY_FETCH, "", "", "", "(UID 3)", 1 },
	{ "continuation", "+ idling", true, IMAP_REPLY_CONTINUE, "", "", "", "idling", 0 },
	{ "bare continuation", "+", true, IMAP_REPLY_CONTINUE, "", "", "", "", 0 },
	{ "unknown", "* XYZ 1", true, IMAP_REPLY_OTHER, "", "", "", "1", 0 },
	{ "a tagged word that is no status", "m1 EXISTS", false, IMAP_REPLY_EXISTS, "m1", "", "", "", 0 },
	{ "one word", "hello", false, IMAP_REPLY_OTHER, "", "", "", "", 0 },
};

static void test_replies(void)
{
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		const struct reply_case *c = &replies[i];
		struct imap_reply reply;
		CHECK_ROW(imap_reply_parse(bytes_text(c->text), &reply) == c->ok, c->name);
		if (!c->ok)
			continue;
		CHECK_ROW(reply.kind == c->kind && reply.number == c->number, c->name);
		CHECK_ROW(bytes_equal(reply.tag, bytes_text(c->tag)), c->name);
		CHECK_ROW(bytes_equal(reply.code, bytes_text(c->code)), c->name);
		CHECK_ROW(bytes_equal(reply.code_rest, bytes_text(c->code_rest)), c->name);
		CHECK_ROW(bytes_equal(reply.rest, bytes_text(c->rest)), c->name);
	}
}

static const struct set_case {
	const char *name, *text;
	bool ok;
	const char *uids;
} searches[] = {
	{ "nothing found", "", true, "" },
	{ "some", "3 1 2 9", true, "1:3,9" },
	{ "a MODSEQ behind", "5 (MODSEQ 77)", true, "5" },
	{ "a space behind, as some send", "5 ", true, "5" },
	{ "a word", "5 x", false, "" },
	{ "a set", "5:7", false, "" },
	{ "a comma", "5,,7", false, "" },
	{ "zero", "0", false, "" },
	{ "too large a number", "99999999999", false, "" },
}, vanished[] = {
	{ "news", "4,7:9", true, "4,7:9" },
	{ "earlier", "(EARLIER) 1", true, "1" },
	{ "all there can be", "(EARLIER) 1:4294967295", true, "1:4294967295" },
	{ "a star", "1:*", false, "" },
	{ "another word", "(LATER) 1", false, "" },
	{ "nothing", "", false, "" },
};

static void check_uids(const struct set_case *c, bool ok, struct ranges *uids)
{
	struct buffer text = { 0 };

	imap_set_format(uids, &text);
	CHECK_ROW(ok == c->ok, c->name);
	if (c->ok)
		CHECK_TEXT(text.at ? text.at : "", c->uids, c->name);
	buffer_release(&text);
	ranges_release(uids);
}

static void test_sets(void)
{
	bool is_earlier;

	for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
		struct ranges uids = { 0 };
		check_uids(&searches[i], imap_reply_search(bytes_text(searches[i].text), &uids), &uids);
	}
	for (size_t i = 0; i < sizeof vanished / sizeof *vanished; i++) {
		struct ranges uids = { 0 };
		check_uids(&vanished[i], imap_reply_vanished(bytes_text(vanished[i].text), &uids, &is_earlier), &uids);
	}
}

static const struct copied_case {
	const char *text;
	bool ok;
	uint32_t uidvalidity, uid;
} copies[] = {
	{ "* OK [COPYUID 5 1 7] done", true, 5, 7 },
	{ "m1 OK [copyuid 5 1 7] done", true, 5, 7 },
	{ "* OK [COPYUID 5 1:2 7:8] done", false, 0, 0 },
	{ "* OK [COPYUID 5 1 0] done", false, 0, 0 },
	{ "* OK [COPYUID 5 1] done", false, 0, 0 },
	{ "* OK [COPYUID 5 1 99999999999] done", false, 0, 0 },
	{ "* OK [APPENDUID 5 7] done", false, 0, 0 },
};

static void test_copied(void)
{
	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
		struct imap_reply_copied copied = { 0 };
		struct imap_reply reply;
		CHECK_ROW(imap_reply_parse(bytes_text(copies[i].text), &reply), copies[i].text);
		CHECK_ROW(imap_reply_copied(&reply, &copied) == copies[i].ok, copies[i].text);
		CHECK_ROW(copied.uid == copies[i].uid && copied.uidvalidity == copies[i].uidvalidity, copies[i].text);
	}
}

static void test_fetch(void)
{
	struct arena arena = { 0 };
	struct imap_reply_fetch f;
	struct bytes text = BYTES("(UID 7 FLAGS (\\Seen $Forwarded) RFC822.SIZE 44 MODSEQ (9) X-UNKNOWN (a \"b\" (c))"
	                          " INTERNALDATE \"17-Jul-1996 02:44:25 +0000\""
	                          " ENVELOPE (\"Mon\" \"Hi\" ((\"Ann\" NIL \"ann\" \"x.test\")(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL NIL NIL \"<1@x>\")"
	                          " BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1 NIL (\"attachment\" (\"filename\" \"a\")) NIL)"
	                          " BODY[]<0> {4}\r\na)\r\n)");

	CHECK(imap_reply_fetch(text, &arena, &f));
	CHECK(f.uid == 7 && f.size == 44 && f.modseq == 9 && f.has_flags && f.flags.bits == IMAP_FLAG_SEEN && f.flags.n_keywords == 1);
	CHECK(f.has_internal_date && f.internal_date_s == 837571465);
	CHECK(f.has_envelope && f.envelope.from.n == 1 && bytes_equal(f.envelope.from.at[0].mailbox, BYTES("ann")));
	CHECK(bytes_equal(f.envelope.message_id, BYTES("<1@x>")));
	CHECK_ROW(f.has_attachment, "an attachment disposition is seen");
	CHECK_ROW(f.has_body && bytes_equal(f.body, BYTES("a)\r\n")), "a literal may hold anything");
	for (size_t len = 0; len < text.len; len++)
		CHECK_ROW(!imap_reply_fetch(bytes_slice(text, 0, len), &arena, &f), "no prefix is a whole response");
	arena_reset(&arena);
}

static void test_list(void)
{
	struct arena arena = { 0 };
	struct imap_reply_list list;

	CHECK(imap_reply_list(BYTES("(\\HasNoChildren \\Sent) \"/\" Sent"), &arena, &list));
	CHECK(list.delimiter == '/' && bytes_equal(list.name, BYTES("Sent")) && bytes_equal(list.special_use, BYTES("\\Sent")) && !list.is_noselect);
	CHECK(imap_reply_list(BYTES("(\\Noselect) NIL \"\""), &arena, &list));
	CHECK(list.delimiter == '\0' && list.is_noselect && list.name.len == 0);
	CHECK(!imap_reply_list(BYTES("(\\Noselect \"/\" a"), &arena, &list));
	arena_reset(&arena);
}

static void test_status(void)
{
	struct arena arena = { 0 };
	struct imap_reply_status status;

	CHECK(imap_reply_status(BYTES("\"a b\" (MESSAGES 3 X-NEW (1 2) UNSEEN 1)"), &arena, &status));
	CHECK(bytes_equal(status.name, BYTES("a b")) && status.has_messages && status.messages == 3 && status.has_unseen && status.unseen == 1);
	CHECK_ROW(imap_reply_status(BYTES("a ()"), &arena, &status) && !status.has_messages && !status.has_unseen, "nothing told");
	CHECK_ROW(!imap_reply_status(BYTES("a (MESSAGES 3"), &arena, &status), "no end");
	CHECK_ROW(!imap_reply_status(BYTES("a (MESSAGES x)"), &arena, &status), "no number");
	CHECK_ROW(!imap_reply_status(BYTES("a (MESSAGES)"), &arena, &status), "no value");
	arena_reset(&arena);
}

int main(void)
{
	test_replies();
	test_sets();
	test_copied();
	test_fetch();
	test_list();
	test_status();
	return check_finish();
}
