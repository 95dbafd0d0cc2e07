/* What is stored of a message: envelope, keys, counts; and that the packed forms stay what they are. */
#include "message/summary.h"

#include "base/codec.h"
#include "message/mime_part.h"
#include "message/summary_sortkeys.h"
#include "tests/support/check.h"

static void summarise(struct bytes message, size_t cut, struct summary *s)
{
	struct summary_builder *b = summary_builder_create();

	for (; message.len > 0; message = bytes_skip(message, cut))
		summary_builder_feed(b, bytes_slice(message, 0, cut));
	summary_builder_finish(b, s);
	summary_builder_destroy(b);
}

static const struct subject_case {
	const char *subject, *base;
	bool is_reply;
} subjects[] = {
	{ "lunch", "lunch", false },
	{ "Re: lunch", "lunch", true },
	{ "RE : Fwd: fw: lunch", "lunch", true },
	{ "Re[2]: lunch", "lunch", true },
	{ "[list] lunch", "lunch", false },
	{ "[list] Re: [list] lunch", "lunch", true },
	{ "[a] [b] lunch", "lunch", false },
	{ "[list]", "[list]", false },
	{ "Re: [list]", "[list]", true },
	{ "lunch (fwd) (FWD) ", "lunch", true },
	{ "[fwd: lunch]", "lunch", true },
	{ "[Fwd: [fwd: Re: lunch (fwd)]]", "lunch", true },
	{ "Reply: lunch", "Reply: lunch", false },
	{ "Re:", "", true },
	{ "Re lunch", "Re lunch", false },
	{ "[open lunch", "[open lunch", false },
	{ "", "", false },
};

static void check_subjects(void)
{
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		struct buffer base = { 0 };
		buffer_reserve(&base, 1);
		CHECK_ROW(summary_base_subject(bytes_text(subjects[i].subject), &base) == subjects[i].is_reply, subjects[i].subject);
		CHECK_TEXT(base.at, subjects[i].base, subjects[i].subject);
		buffer_release(&base);
	}
}

static const char *const letter =
	"Return-Path: <x@y>\r\nReceived: from a\r\n\tby b; Mon\r\nreceived: from c\r\n"
	"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nSubject: Re: =?utf-8?q?Gr=C3=9C=C3=9Fe?=\r\n  an   Dich\r\n"
	"From: \"Lee, Ann\" <Ann@X.test>\r\nTo: Friends: bob@y.test, Carl <carl@z.test>;\r\nTo: dan@w.test\r\nCc: Eve@V.test\r\n"
	"Message-ID: <Four@x>\r\nIn-Reply-To: <three@x>\r\nReferences: <one@x>\r\n <\"two\"@x> <three@x>\r\n\r\nbody\r\n";

static void check_letter(size_t cut)
{
	struct summary s = { 0 };
	struct arena arena = { 0 };
	struct summary_envelope e;
	struct summary_sortkeys k;
	struct mime_tree tree;

	summarise(bytes_text(letter), cut, &s);
	CHECK(s.size == strlen(letter) && s.header_len == s.size - 6 && s.n_received == 2 && s.sent_s == 880127706);
	CHECK(s.has_date && s.has_from && s.has_message_id);
	CHECK(summary_envelope_unpack(buffer_bytes(&s.envelope), &arena, &e));
	CHECK(bytes_equal(e.date, BYTES("Fri, 21 Nov 1997 09:55:06 -0600")) && e.has_date);
	CHECK(bytes_equal(e.subject, BYTES("Re: =?utf-8?q?Gr=C3=9C=C3=9Fe?=  an   Dich")));
	CHECK(bytes_equal(e.message_id, BYTES("<Four@x>")) && bytes_equal(e.in_reply_to, BYTES("<three@x>")));
	CHECK(e.from.n == 1 && bytes_equal(e.from.at[0].name, BYTES("Lee, Ann")) && bytes_equal(e.from.at[0].mailbox, BYTES("Ann")) &&
	      bytes_equal(e.from.at[0].host, BYTES("X.test")));
	CHECK_ROW(e.to.n == 5 && e.to.at[0].is_group && bytes_equal(e.to.at[0].mailbox, BYTES("Friends")) && e.to.at[3].is_group &&
	          e.to.at[3].mailbox.len == 0 && bytes_equal(e.to.at[4].mailbox, BYTES("dan")), "a group, and two To fields joined");
	CHECK(e.sender.n == 0 && e.reply_to.n == 0 && e.bcc.n == 0 && e.cc.n == 1);
	CHECK(summary_sortkeys_unpack(buffer_bytes(&s.sortkeys), &arena, &k));
	CHECK_ROW(k.is_reply && bytes_equal(k.base_subject, BYTES("gr\xc3\xbcsse an dich")), "decoded, folded, base");
	CHECK(bytes_equal(k.from, BYTES("ann")) && bytes_equal(k.to, BYTES("friends")) && bytes_equal(k.cc, BYTES("eve")));
	CHECK(bytes_equal(k.display_from, BYTES("lee, ann")) && bytes_equal(k.display_to, BYTES("friends")));
	CHECK(k.message_id == summary_id_hash(BYTES("Four@x")) && k.in_reply_to == summary_id_hash(BYTES("three@x")));
	CHECK(k.n_references == 3 && k.references[1] == summary_id_hash(BYTES("two@x")) && k.references[2] == k.in_reply_to);
	CHECK(mime_tree_unpack(buffer_bytes(&s.structure), &arena, &tree) && tree.n == 1);
	for (size_t len = 0; len < s.envelope.len; len++)
		CHECK_ROW(!summary_envelope_unpack(bytes_slice(buffer_bytes(&s.envelope), 0, len), &arena, &e), "a cut envelope is refused");
	for (size_t len = 0; len < s.sortkeys.len; len++)
		CHECK_ROW(!summary_sortkeys_unpack(bytes_slice(buffer_bytes(&s.sortkeys), 0, len), &arena, &k), "cut keys are refused");
	arena_reset(&arena);
	summary_release(&s);
}

static void check_empty(void)
{
	struct summary s = { 0 };
	struct arena arena = { 0 };
	struct summary_envelope e;
	struct summary_sortkeys k;

	summarise(BYTES(""), 1, &s);
	CHECK(s.size == 0 && s.header_len == 0 && !s.has_date && !s.has_from && !s.has_message_id && s.sent_s == 0);
	CHECK(summary_envelope_unpack(buffer_bytes(&s.envelope), &arena, &e) && !e.has_subject && e.from.n == 0);
	CHECK(summary_sortkeys_unpack(buffer_bytes(&s.sortkeys), &arena, &k) && k.message_id == 0 && k.n_references == 0 && !k.is_reply);
	arena_reset(&arena);
	summary_release(&s);
}

/* Version 1 as it lies on disks: these octets may never change. */
static void check_formats(void)
{
	static const char message[] = "Date: 1 Jan 2000 00:00:00 +0000\r\nSubject: Hi\r\nFrom: A <b@c>\r\nMessage-ID: <i@c>\r\n"
	                              "Content-Type: text/plain; charset=utf-8\r\n\r\nx\r\n";
	struct summary s = { 0 };
	struct buffer hex = { 0 };

	summarise(bytes_text(message), 4096, &s);
	codec_hex_encode(buffer_bytes(&s.envelope), &hex);
	CHECK_TEXT(hex.at, "010b1931204a616e20323030302030303a30303a3030202b3030303002486905" "3c6940633e" "01000141016201630000000000", "the packed envelope");
	buffer_clear(&hex);
	codec_hex_encode(buffer_bytes(&s.structure), &hex);
	CHECK_TEXT(hex.at, "0101008004007b" "0301" "0474657874" "05706c61696e" "0107636861727365740575" "74662d38", "the packed structure");
	buffer_clear(&hex);
	codec_hex_encode(buffer_bytes(&s.sortkeys), &hex);
	CHECK_TEXT(hex.at, "0100" "026869" "0162" "00" "00" "0161" "00" "adfe4dcdf903b612" "0000000000000000" "00", "the packed sort keys");
	buffer_release(&hex);
	summary_release(&s);
	/* First 8 octets of SHA-256("abc"): FIPS 180-2 B.1. */
	CHECK(summary_id_hash(BYTES("abc")) == 0xba7816bf8f01cfea);
	CHECK_ROW(summary_id_hash(BYTES("\"a b\"c")) == 0xba7816bf8f01cfea, "quotes and white space do not count");
}

static void check_bounds(void)
{
	struct buffer message = { 0 };
	struct summary s = { 0 };
	struct arena arena = { 0 };
	struct summary_envelope e;
	struct summary_sortkeys k;

	buffer_add_text(&message, "To: ");
	for (int i = 0; i < 20000; i++)
		buffer_add_text(&message, "a@b,");
	buffer_add_text(&message, "\r\nReferences:");
	for (int i = 0; i < 500; i++)
		buffer_printf(&message, " <%d@x>", i);
	buffer_add_text(&message, "\r\nSubject: ");
	for (int i = 0; i < 3000; i++)
		buffer_add_text(&message, "\xc3\xa9");
	buffer_add_text(&message, "\r\n\r\n");
	summarise(buffer_bytes(&message), 4096, &s);
	CHECK(summary_envelope_unpack(buffer_bytes(&s.envelope), &arena, &e));
	CHECK_ROW(e.to.n == 10000, "addresses are bounded");
	CHECK(summary_sortkeys_unpack(buffer_bytes(&s.sortkeys), &arena, &k));
	CHECK_ROW(k.n_references == 100 && k.references[99] == summary_id_hash(BYTES("499@x")), "the last hundred references");
	CHECK_ROW(k.base_subject.len == 512, "a key is bounded, on a character's border");
	arena_reset(&arena);
	summary_release(&s);
	buffer_release(&message);
}

int main(void)
{
	check_subjects();
	check_letter(1);
	check_letter(7);
	check_letter(4096);
	check_empty();
	check_formats();
	check_bounds();
	return check_finish();
}
