/* Names, records and whole messages: read back as written, and refused where they could lead astray. */
#include <stdlib.h>

#include "base/memory.h"
#include "netcore/net_dns_message.h"
#include "tests/support/check.h"

static struct net_dns_name name_of(const char *text)
{
	struct net_dns_name name = { 0 };

	net_dns_name_parse(text, &name, NULL);
	return name;
}

/* ---- names as text ---- */

static const struct name_case {
	const char *claim, *text, *formatted;   /* formatted NULL: refused */
	size_t labels;
} names[] = {
	{ "plain",                    "mail.test",            "mail.test.", 2 },
	{ "final dot",                "mail.test.",           "mail.test.", 2 },
	{ "root",                     ".",                    ".", 0 },
	{ "dot inside a label",       "a\\.b.test",           "a\\.b.test.", 2 },
	{ "any octet by its number",  "a\\000\\255.test",     "a\\000\\255.test.", 2 },
	{ "a number that is a letter","\\097.test",           "a.test.", 2 },
	{ "space is shown by number", "Mail Server._imap",    "Mail\\032Server._imap.", 2 },
	{ "empty",                    "",                     NULL, 0 },
	{ "empty label",              "a..b",                 NULL, 0 },
	{ "leading dot",              ".a",                   NULL, 0 },
	{ "two final dots",           "a..",                  NULL, 0 },
	{ "half an escape",           "a\\",                  NULL, 0 },
	{ "number over 255",          "a\\256.b",             NULL, 0 },
	{ "number of two digits",     "a\\12.b",              NULL, 0 },
	{ "label of 63", "123456789012345678901234567890123456789012345678901234567890123.a",
	  "123456789012345678901234567890123456789012345678901234567890123.a.", 2 },
	{ "label of 64", "1234567890123456789012345678901234567890123456789012345678901234.a", NULL, 0 },
};

static void check_names(void)
{
	char text[NET_DNS_NAME_TEXT];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct net_dns_name name;
		bool ok = net_dns_name_parse(names[i].text, &name, NULL);
		CHECK_ROW(ok == (names[i].formatted != NULL), names[i].claim);
		if (!ok)
			continue;
		CHECK_TEXT(net_dns_name_format(&name, text), names[i].formatted, names[i].claim);
		CHECK_ROW(net_dns_name_labels(&name) == names[i].labels, names[i].claim);
	}
	struct net_dns_name long_name;
	char many[300] = "";
	for (int i = 0; i < 126; i++)
		memcpy(many + 2 * i, "a.", 3);
	CHECK_ROW(net_dns_name_parse(many, &long_name, NULL) && long_name.len == 253, "126 labels of one octet");
	memcpy(many + 252, "a.", 3);
	CHECK_ROW(net_dns_name_parse(many, &long_name, NULL) && long_name.len == 255, "255 octets, the largest name");
	CHECK_TEXT(net_dns_name_format(&long_name, text), many, "the largest name as text");
	memcpy(many + 254, "b", 2);
	CHECK_ROW(!net_dns_name_parse(many, &long_name, NULL), "256 octets");
}

static void check_relations(void)
{
	struct net_dns_name zone = name_of("Mail.TEST"), below = name_of("mx1.mail.test"), beside = name_of("xmail.test"), root = name_of("."), parent;

	CHECK_ROW(net_dns_name_is_below(&below, &zone) && net_dns_name_is_below(&zone, &zone), "below and itself, whatever the case");
	CHECK_ROW(!net_dns_name_is_below(&beside, &zone) && !net_dns_name_is_below(&zone, &below), "beside and above are not below");
	CHECK_ROW(net_dns_name_is_below(&below, &root), "all is below the root");
	CHECK_ROW(net_dns_name_parent(&below, &parent) && net_dns_name_equal(&parent, &zone), "the parent");
	CHECK_ROW(!net_dns_name_parent(&root, &parent), "the root has no parent");
	CHECK_ROW(net_dns_name_prepend(&parent, BYTES("a.b c")) && net_dns_name_first(&parent).len == 5, "a label holds any octets");
}

/* ---- compression ---- */

#define H "\0\1\200\0\0\1\0\0\0\0\0\0"          /* a response with one question */
static const struct wire_case {
	const char *claim;
	const char *octets;
	size_t len;
	enum net_dns_status status;
} wires[] = {
#define WIRE(text) (text), sizeof(text) - 1
	{ "one question",                 WIRE(H "\4mail\4test\0\0\1\0\1"), NET_DNS_OK },
	{ "pointer to itself",            WIRE(H "\300\14\0\1\0\1"), NET_DNS_POINTER },
	{ "pointer forward",              WIRE(H "\300\16\0\1\0\1\0"), NET_DNS_POINTER },
	{ "label, then pointer to it",    WIRE(H "\1a\300\14\0\1\0\1"), NET_DNS_POINTER },
	{ "pointer into the header",      WIRE(H "\300\4\0\1\0\1"), NET_DNS_OK },
	{ "reserved label kind 01",       WIRE(H "\101a\0\0\1\0\1"), NET_DNS_LABEL },
	{ "reserved label kind 10",       WIRE(H "\201a\0\0\1\0\1"), NET_DNS_LABEL },
	{ "half a pointer",               WIRE(H "\1a\1b\300"), NET_DNS_SHORT },
	{ "label over the end",           WIRE(H "\1a\1b\77c"), NET_DNS_SHORT },
	{ "no type",                      WIRE(H "\3abc\0\0"), NET_DNS_SHORT },
	{ "octets behind the end",        WIRE(H "\1a\0\0\1\0\1x"), NET_DNS_DATA },
	{ "half a header",                WIRE("\0\1\200\0\0\1"), NET_DNS_SHORT },
	{ "more counted than can be",     WIRE("\0\1\200\0\377\377\377\377\377\377\377\377\0"), NET_DNS_SHORT },
	{ "A of three octets",            WIRE("\0\1\200\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\1\0\3\1\2\3"), NET_DNS_DATA },
	{ "MX whose name ends outside",   WIRE("\0\1\200\0\0\0\0\1\0\0\0\0\0\0\17\0\1\0\0\0\1\0\4\0\1\1a"), NET_DNS_SHORT },
	{ "TXT with a string too long",   WIRE("\0\1\200\0\0\0\0\1\0\0\0\0\0\0\20\0\1\0\0\0\1\0\3\5ab"), NET_DNS_DATA },
	{ "TXT of nothing",               WIRE("\0\1\200\0\0\0\0\1\0\0\0\0\0\0\20\0\1\0\0\0\1\0\0"), NET_DNS_DATA },
	{ "data over the end",            WIRE("\0\1\200\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\1\0\4\1\2\3"), NET_DNS_SHORT },
};

static void check_wires(void)
{
	for (size_t i = 0; i < sizeof wires / sizeof *wires; i++) {
		/* a block of exactly that size, so that a read behind it is seen */
		char *octets = xmemdup(wires[i].octets, wires[i].len);
		struct net_dns_message m;
		enum net_dns_status status = net_dns_message_parse(bytes_of(octets, wires[i].len), &m);
		CHECK_ROW(status == wires[i].status, wires[i].claim);
		if (status == NET_DNS_OK)
			net_dns_message_release(&m);
		free(octets);
	}
}

/* Pointers that each lead back, and labels that add up over 255 octets. */
static void check_overlong(void)
{
	struct buffer b = { 0 };
	struct net_dns_name name;
	size_t at = 0;

	for (unsigned i = 0; i < 9; i++) {
		at = b.len;
		buffer_add_octet(&b, 31);
		buffer_add(&b, "1234567890123456789012345678901", 31);
		if (i == 0) {
			buffer_add_octet(&b, 0);
		} else {
			buffer_add_octet(&b, (char)(0xc0 | (i == 1 ? 0 : 33 + 34 * (i - 2)) >> 8));
			buffer_add_octet(&b, (char)(i == 1 ? 0 : 33 + 34 * (i - 2)));
		}
	}
	size_t last = at, seventh = 33 + 34 * 5;
	CHECK_ROW(net_dns_name_read(buffer_bytes(&b), &seventh, &name) == NET_DNS_OK && name.len == 7 * 32 + 1, "a chain of pointers back");
	CHECK_ROW(net_dns_name_read(buffer_bytes(&b), &last, &name) == NET_DNS_LONG, "a chain that makes over 255 octets");
	buffer_release(&b);
}

/* ---- data as text ---- */

static const struct data_case {
	const char *type, *octets;
	size_t len;
	const char *text;
} datas[] = {
	{ "A",      WIRE("\300\0\2\1"), "192.0.2.1" },
	{ "AAAA",   WIRE(" \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1"), "2001:db8::1" },
	{ "MX",     WIRE("\0\12\3mx1\4mail\4test\0"), "10 mx1.mail.test." },
	{ "TXT",    WIRE("\3a\"b\2\\\1"), "\"a\\\"b\" \"\\\\\\001\"" },
	{ "SRV",    WIRE("\0\0\0\5\2\113\4mail\4test\0"), "0 5 587 mail.test." },
	{ "SRV",    WIRE("\0\0\0\0\0\0\0"), "0 0 0 ." },
	{ "TLSA",   WIRE("\3\1\1\253\315"), "3 1 1 abcd" },
	{ "SOA",    WIRE("\2ns\0\1h\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"), "ns. h. 1 2 3 4 5" },
	{ "DS",     WIRE("\0\7\15\2\1\2"), "7 13 2 0102" },
	{ "DNSKEY", WIRE("\1\1\3\15abc"), "257 3 13 YWJj" },
	{ "RRSIG",  WIRE("\0\1\15\2\0\0\16\20\145\0\0\0\144\0\0\0\0\7\4test\0abc"), "A 13 2 3600 20230912060656 20230302014640 7 test. YWJj" },
	{ "NSEC",   WIRE("\1b\0\0\2\100\1"), "b. A MX" },
	{ "TYPE999", WIRE("\1\2"), "\\# 2 0102" },
	{ "A",      WIRE("\1\2"), "\\# 2 0102" },
};

static void check_datas(void)
{
	for (size_t i = 0; i < sizeof datas / sizeof *datas; i++) {
		struct buffer out = { 0 };
		int type = net_dns_type_parse(datas[i].type);
		CHECK_ROW(type >= 0, datas[i].type);
		net_dns_data_format((unsigned)type, bytes_of(datas[i].octets, datas[i].len), &out);
		CHECK_TEXT(out.at, datas[i].text, datas[i].type);
		buffer_release(&out);
	}
	CHECK_ROW(net_dns_type_parse("NONE") < 0 && net_dns_type_parse("TYPE70000") < 0, "types that are none");
}

/* ---- writing ---- */

static void check_round(void)
{
	struct buffer out = { 0 };
	struct net_dns_writer w;
	struct net_dns_message m;
	struct net_dns_record mx = { .name = name_of("mail.test"), .type = NET_DNS_MX, .class = NET_DNS_IN, .ttl = 300, .data = BYTES("\0\12\3mx1\4mail\4test\0") };
	struct net_dns_record a = { .name = name_of("MX1.mail.test"), .type = NET_DNS_A, .class = NET_DNS_IN, .ttl = 60, .data = BYTES("\300\0\2\1") };
	struct net_dns_edns edns = { .is_there = true, .udp_size = 1232, .wants_dnssec = true };

	buffer_add_text(&out, "before");        /* offsets count from the message, not from the buffer */
	net_dns_write_begin(&w, &out, 512, 77, NET_DNS_RESPONSE | NET_DNS_AUTHORITATIVE);
	CHECK(net_dns_write_question(&w, &mx.name, NET_DNS_MX, NET_DNS_IN));
	CHECK(net_dns_write_record(&w, NET_DNS_ANSWER, &mx));
	CHECK(net_dns_write_record(&w, NET_DNS_ADDITIONAL, &a));
	CHECK(net_dns_write_edns(&w, &edns, 16 << 4));
	net_dns_write_end(&w);
	struct bytes octets = bytes_skip(buffer_bytes(&out), 6);
	CHECK_ROW(octets.len == 12 + 15 + (2 + 10 + 2 + 4 + 2) + (2 + 10 + 4) + 11, "every name but the first is a pointer, one behind a label");
	CHECK(net_dns_message_parse(octets, &m) == NET_DNS_OK);
	CHECK(m.id == 77 && m.n_questions == 1 && m.n_records == 2 && m.rcode == 16 << 4);
	CHECK(net_dns_name_equal(&m.records[0].name, &mx.name) && bytes_equal(m.records[0].data, mx.data) && m.records[0].ttl == 300);
	CHECK(net_dns_name_equal(&m.records[1].name, &a.name) && m.records[1].section == NET_DNS_ADDITIONAL);
	CHECK_ROW(m.edns.is_there && m.edns.wants_dnssec && m.edns.udp_size == 1232, "EDNS is not among the records");
	CHECK_ROW(net_dns_answers(&m, 77, &(struct net_dns_question){ name_of("MAIL.test"), NET_DNS_MX, NET_DNS_IN }), "the answer to this question");
	CHECK_ROW(!net_dns_answers(&m, 78, &m.questions[0]), "another id is another answer");
	CHECK_ROW(!net_dns_answers(&m, 77, &(struct net_dns_question){ name_of("mail.test"), NET_DNS_A, NET_DNS_IN }), "another type is another answer");
	net_dns_message_release(&m);
	buffer_release(&out);
}

static void check_truncation(void)
{
	char text[200];
	struct buffer out = { 0 };
	struct net_dns_writer w;
	struct net_dns_message m;
	struct net_dns_record txt = { .name = name_of("mail.test"), .type = NET_DNS_TXT, .class = NET_DNS_IN, .data = bytes_of(text, sizeof text) };
	unsigned n = 0;

	memset(text, 'a', sizeof text);
	text[0] = (char)(sizeof text - 1);
	net_dns_write_begin(&w, &out, NET_DNS_UDP_PLAIN, 1, NET_DNS_RESPONSE);
	net_dns_write_question(&w, &txt.name, NET_DNS_TXT, NET_DNS_IN);
	while (net_dns_write_record(&w, NET_DNS_ANSWER, &txt))
		n++;
	CHECK(net_dns_write_edns(&w, &(struct net_dns_edns){ .is_there = true, .udp_size = 512 }, 0));
	net_dns_write_end(&w);
	CHECK(n == 2 && out.len <= NET_DNS_UDP_PLAIN);
	CHECK(net_dns_message_parse(buffer_bytes(&out), &m) == NET_DNS_OK);
	CHECK_ROW((m.flags & NET_DNS_TRUNCATED) && m.n_records == 2, "what does not fit is left out, and the header says so");
	net_dns_message_release(&m);
	buffer_release(&out);
}

int main(void)
{
	check_names();
	check_relations();
	check_wires();
	check_overlong();
	check_datas();
	check_round();
	check_truncation();
	return check_finish();
}
