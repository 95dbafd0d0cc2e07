/*
 * The part tree and the envelope of each message, as our scanner and as GMime see them, printed in one form and compared:
 * a line a part (nesting, type, and for leaves length and checksum of the body as it stands in the message), then the fields.
 * Differences that are meant are in `known`, each with its reason; a known difference that is gone fails too.
 */
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/text.h"
#include "message/address.h"
#include "message/encoded_word.h"
#include "message/header.h"
#include "message/mime_scan.h"
#include "message/summary.h"

#define ENCODED_MESSAGE "a message/rfc822 in base64 breaks RFC 2046 5.2.1: to us it is a message without fields, so that BODYSTRUCTURE has its envelope"
#define NO_HEADER "without any field it is a message with an empty header to us, no message to them"
#define BARE_ID "an id without brackets is no id to us in the envelope (its hash for threads is made all the same)"
#define NO_ADDRESS "a name or word without address is kept by us, dropped by them"

static const struct known {
	const char *file, *reason;
} known[] = {
	{ "bad-newlines-multiple-parts-base64.msg", ENCODED_MESSAGE },
	{ "base64encoded-rfc822message-nested.msg", ENCODED_MESSAGE },
	{ "base64encoded-rfc822message.msg", ENCODED_MESSAGE },
	{ "multi-2gifs-base64.msg", ENCODED_MESSAGE },
	{ "malformedHeader-noheader.msg", NO_HEADER },
	{ "malformedHeaderStartsBody-noheader.msg", NO_HEADER },
	{ "multi-bad.msg", "of two Content-Type fields we take the first, they the last; the zone -600 is six hours to us, UTC to them" },
	{ "error_emails__multiple_content_types.eml", "of two Content-Type fields we take the first, they the last" },
	{ "mime_emails__raw_email_with_binary_encoded.eml", "of two Subject fields we take the first, they the last" },
	{ "mime_emails__raw_email_with_multipart_mixed_quoted_boundary.eml", "of two Subject fields we take the first, they the last" },
	{ "multi-digest.msg", "a type that does not parse is text/plain to us (IMAP clients need a subtype), application/octet-stream to them" },
	{ "multipartemptypart.msg", "an empty part is a part to us: IMAP has no multipart without one" },
	{ "twopart.msg", BARE_ID },
	{ "plain_emails__mix_caps_content_type.eml", BARE_ID "; an address behind a name without brackets is an address to us" },
	{ "error_emails__bad_date_header2.eml", "a date without time is midnight to us, no date to them" },
	{ "error_emails__bad_subject.eml", "they end a run of base64 words at the first padding, we decode word by word" },
	{ "error_emails__encoding_madness.eml", NO_ADDRESS },
	{ "error_emails__missing_body.eml", NO_ADDRESS },
	{ "rfc2822__example13.eml", NO_ADDRESS "; they cannot read white space around the colons of a time; white space inside an id stays in ours" },
	{ "plain_emails__raw_email_double_at_in_header.eml", "an id is all between the brackets to us" },
	{ "very-very-long-boundary.msg", "a boundary of 7,000 octets is one to us, not to them" },
	{ NULL, NULL },
};

static uint32_t checksum(struct bytes octets)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < octets.len; i++)
		sum = (sum ^ (unsigned char)octets.at[i]) * 16777619u;
	return sum;
}

static void add_part(struct buffer *out, int depth, const char *type, const char *subtype)
{
	size_t at = out->len;

	buffer_printf(out, "%*s%s/%s", depth * 2, "", type, subtype);
	text_lower_bytes(out->at + at, out->len - at);
}

static void add_leaf(struct buffer *out, struct bytes body)
{
	buffer_printf(out, " %zu %08x\n", body.len, checksum(body));
}

/* Decoded, white space runs as one space, controls out. */
static void add_line(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, "%s:", name);
	bool space = true;
	for (; text && *text; text++) {
		bool blank = (unsigned char)*text <= ' ' || *text == 0x7f;
		if (blank) {
			space = true;
			continue;
		}
		if (space)
			buffer_add_octet(out, ' ');
		buffer_add_octet(out, *text);
		space = false;
	}
	buffer_add_octet(out, '\n');
}

/* ours */

static void our_part(const struct mime_tree *tree, uint32_t index, struct bytes message, int depth, struct buffer *out)
{
	const struct mime_part *p = &tree->parts[index];
	char type[200], subtype[200];

	snprintf(type, sizeof type, "%.*s", BYTES_PRINT(p->type));
	snprintf(subtype, sizeof subtype, "%.*s", BYTES_PRINT(p->subtype));
	add_part(out, depth, type, subtype);
	if (p->is_multipart || p->is_message || strcasecmp(type, "multipart") == 0)
		buffer_add_octet(out, '\n');
	else
		add_leaf(out, bytes_slice(message, p->body_at, p->body_at + p->body_len));
	for (uint32_t c = p->first_child; c != MIME_PART_NONE; c = tree->parts[c].next_sibling)
		our_part(tree, c, message, depth + 1, out);
}

static void add_address(struct buffer *line, const char *name, const char *spec)
{
	buffer_printf(line, "[%s|%s]", name ? name : "", spec ? spec : "");
}

static void our_addresses(const char *name, struct summary_addresses list, struct buffer *out)
{
	struct buffer line = { 0 };

	buffer_reserve(&line, 1);
	for (size_t i = 0; i < list.n; i++) {
		const struct summary_address *a = &list.at[i];
		struct buffer decoded = { 0 }, spec = { 0 };
		buffer_reserve(&decoded, 1);
		if (a->is_group) {
			encoded_word_decode(a->mailbox, &decoded);
			buffer_printf(&line, a->mailbox.len > 0 ? "{%s" : "}%s", decoded.at);
		} else {
			encoded_word_decode(a->name, &decoded);
			buffer_printf(&spec, "%.*s%s%.*s", BYTES_PRINT(a->mailbox), a->host.len > 0 ? "@" : "", BYTES_PRINT(a->host));
			add_address(&line, decoded.at, spec.at);
		}
		buffer_release(&decoded);
		buffer_release(&spec);
	}
	add_line(out, name, line.at);
	buffer_release(&line);
}

static void our_text(const char *name, struct bytes text, struct buffer *out)
{
	struct buffer decoded = { 0 };

	buffer_reserve(&decoded, 1);
	encoded_word_decode(text, &decoded);
	add_line(out, name, decoded.at);
	buffer_release(&decoded);
}

static void our_id(struct bytes field, struct buffer *out)
{
	struct bytes id;

	if (header_next_id(&field, &id))
		buffer_printf(out, "Message-ID: %.*s\n", (int)id.len - 2, id.at + 1);
	else
		buffer_add_text(out, "Message-ID:\n");
}

static void ours(struct bytes message, struct buffer *out)
{
	struct summary_builder *b = summary_builder_create();
	struct summary s = { 0 };
	struct summary_envelope e;
	struct mime_tree tree;
	struct arena arena = { 0 };

	summary_builder_feed(b, message);
	summary_builder_finish(b, &s);
	if (!summary_envelope_unpack(buffer_bytes(&s.envelope), &arena, &e) || !mime_tree_unpack(buffer_bytes(&s.structure), &arena, &tree))
		abort();
	our_part(&tree, 0, message, 0, out);
	our_text("Subject", e.subject, out);
	our_addresses("From", e.from, out);
	our_addresses("Sender", e.sender, out);
	our_addresses("Reply-To", e.reply_to, out);
	our_addresses("To", e.to, out);
	our_addresses("Cc", e.cc, out);
	our_id(e.message_id, out);
	buffer_printf(out, "Date: %lld\n", (long long)s.sent_s);
	summary_release(&s);
	summary_builder_destroy(b);
	arena_reset(&arena);
}

/* theirs */

static void their_leaf(GMimePart *part, struct buffer *out)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	struct buffer body = { 0 };

	if (content) {
		GMimeStream *stream = g_mime_data_wrapper_get_stream(content);
		g_mime_stream_reset(stream);
		for (;;) {
			ssize_t n = g_mime_stream_read(stream, buffer_reserve(&body, 65536), 65536);
			if (n <= 0)
				break;
			buffer_added(&body, (size_t)n);
		}
	}
	add_leaf(out, buffer_bytes(&body));
	buffer_release(&body);
}

static void their_part(GMimeObject *object, int depth, struct buffer *out)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);

	add_part(out, depth, g_mime_content_type_get_media_type(type), g_mime_content_type_get_media_subtype(type));
	if (GMIME_IS_MULTIPART(object)) {
		buffer_add_octet(out, '\n');
		for (int i = 0; i < g_mime_multipart_get_count((GMimeMultipart *)object); i++)
			their_part(g_mime_multipart_get_part((GMimeMultipart *)object, i), depth + 1, out);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message((GMimeMessagePart *)object);
		buffer_add_octet(out, '\n');
		if (inner && g_mime_message_get_mime_part(inner))
			their_part(g_mime_message_get_mime_part(inner), depth + 1, out);
	} else if (GMIME_IS_PART(object)) {
		their_leaf((GMimePart *)object, out);
	} else {
		buffer_add_text(out, " ?\n");
	}
}

static void their_list(InternetAddressList *list, struct buffer *line)
{
	for (int i = 0; list && i < internet_address_list_length(list); i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);
		const char *name = internet_address_get_name(a);
		if (INTERNET_ADDRESS_IS_GROUP(a)) {
			buffer_printf(line, "{%s", name ? name : "");
			their_list(internet_address_group_get_members((InternetAddressGroup *)a), line);
			buffer_add_text(line, "}");
		} else {
			add_address(line, name, internet_address_mailbox_get_addr((InternetAddressMailbox *)a));
		}
	}
}

static void their_addresses(const char *name, InternetAddressList *list, struct buffer *out)
{
	struct buffer line = { 0 };

	buffer_reserve(&line, 1);
	their_list(list, &line);
	add_line(out, name, line.at);
	buffer_release(&line);
}

static void theirs(struct bytes message, struct buffer *out)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(message.at, message.len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);

	if (m == NULL) {
		buffer_add_text(out, "no message\n");
	} else {
		if (g_mime_message_get_mime_part(m))
			their_part(g_mime_message_get_mime_part(m), 0, out);
		add_line(out, "Subject", g_mime_message_get_subject(m));
		their_addresses("From", g_mime_message_get_from(m), out);
		their_addresses("Sender", g_mime_message_get_sender(m), out);
		their_addresses("Reply-To", g_mime_message_get_reply_to(m), out);
		their_addresses("To", g_mime_message_get_to(m), out);
		their_addresses("Cc", g_mime_message_get_cc(m), out);
		add_line(out, "Message-ID", g_mime_message_get_message_id(m));
		GDateTime *date = g_mime_message_get_date(m);
		buffer_printf(out, "Date: %lld\n", date ? (long long)g_date_time_to_unix(date) : 0);
		g_object_unref(m);
	}
	g_object_unref(parser);
	g_object_unref(stream);
}

/* As a sending client does: bare LF becomes CRLF, and the last line is ended. */
static bool read_message(const char *path, struct buffer *out)
{
	FILE *f = fopen(path, "rb");
	int octet, before = 0;

	if (f == NULL)
		return false;
	while ((octet = getc(f)) != EOF) {
		if (octet == '\n' && before != '\r')
			buffer_add_octet(out, '\r');
		buffer_add_octet(out, (char)octet);
		before = octet;
	}
	if (before != '\n')
		buffer_add_text(out, "\r\n");
	fclose(f);
	return true;
}

static bool has_line(struct bytes text, struct bytes line)
{
	struct bytes one;

	while (text.len > 0) {
		bytes_cut(&text, '\n', &one);
		if (bytes_equal(one, line))
			return true;
	}
	return false;
}

/* Lines that only one side has. */
static void print_missing(const char *who, struct bytes text, struct bytes other)
{
	struct bytes line;

	while (text.len > 0) {
		bytes_cut(&text, '\n', &line);
		if (!has_line(other, line))
			printf("    %s %.*s\n", who, BYTES_PRINT(line));
	}
}

static const char *known_reason(const char *path)
{
	for (const struct known *k = known; k->file; k++) {
		size_t len = strlen(path), want = strlen(k->file);
		if (len > want && path[len - want - 1] == '/' && strcmp(path + len - want, k->file) == 0)
			return k->reason;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0, skipped = 0, meant = 0;

	g_mime_init();
	for (int i = 1; i < argc; i++) {
		struct buffer message = { 0 }, us = { 0 }, them = { 0 };
		const char *reason = known_reason(argv[i]);
		if (!read_message(argv[i], &message)) {
			printf("skipped: cannot read %s\n", argv[i]);
			skipped++;
			continue;
		}
		ours(buffer_bytes(&message), &us);
		theirs(buffer_bytes(&message), &them);
		bool same = bytes_equal(buffer_bytes(&us), buffer_bytes(&them));
		if (same == (reason == NULL)) {
			passed++;
			meant += reason != NULL;
		} else {
			failed++;
			printf("%s: %s\n", argv[i], reason ? "a known difference is gone" : "differs");
			print_missing("ours ", buffer_bytes(&us), buffer_bytes(&them));
			print_missing("gmime", buffer_bytes(&them), buffer_bytes(&us));
		}
		buffer_release(&message);
		buffer_release(&us);
		buffer_release(&them);
	}
	printf("%d of the passed differ from GMime as documented in tests/oracle/message_oracle.c\n", meant);
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}
