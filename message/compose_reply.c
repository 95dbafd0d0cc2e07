/* Answering a message; declared in compose.h.  RFC 5322 3.6.4. */
#include "message/compose.h"

#include "base/text.h"
#include "message/address.h"
#include "message/charset.h"
#include "message/date.h"
#include "message/encoded_word.h"
#include "message/header.h"

#define ADDRESSES_MAX 1000
#define REFERENCES_KEPT 20              /* the last ones, besides the first */
#define ID_MAX 900                      /* a longer id cannot stand on a line */

/* Decoded and with nothing left that the builder would refuse. */
static char *flatten(struct bytes raw, bool decode, struct arena *arena)
{
	struct buffer line = { 0 }, text = { 0 };

	header_unfold(raw, &line);
	if (decode)
		encoded_word_decode(buffer_bytes(&line), &text);
	else
		charset_guess_to_utf8(buffer_bytes(&line), &text);
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			text.at[i] = ' ';
	}
	char *flat = (char *)arena_bytes(arena, bytes_trim(buffer_bytes(&text))).at;
	buffer_release(&line);
	buffer_release(&text);
	return flat;
}

static const char *make_subject(struct bytes header, struct arena *arena)
{
	struct header_field field;

	if (!header_find(header, BYTES("Subject"), &field))
		return "Re:";
	struct bytes subject = bytes_text(flatten(field.value, true, arena));
	while (bytes_starts_nocase(subject, BYTES("re:")))
		subject = bytes_trim(bytes_skip(subject, 3));
	return arena_printf(arena, "Re: %.*s", BYTES_PRINT(subject));
}

/* Printable ASCII, no white space: safe to print again. */
static bool is_sound_id(struct bytes id)
{
	return id.len <= ID_MAX && text_is_printable(id) && bytes_find(id, ' ') == id.len;
}

/* References of the parent (else its In-Reply-To when that is one id) and its Message-ID behind. */
static void make_references(struct compose_letter *reply, struct bytes header, struct arena *arena)
{
	struct bytes id = { 0 }, parent = { 0 }, rest, first = { 0 }, last[REFERENCES_KEPT];
	struct header_field field;
	struct buffer text = { 0 };
	size_t n = 0;

	if (header_find(header, BYTES("Message-ID"), &field)) {
		rest = field.value;
		if (header_next_id(&rest, &id) && is_sound_id(id))
			parent = id;
	}
	if (parent.len == 0)
		return;
	if (header_find(header, BYTES("References"), &field) || header_find(header, BYTES("In-Reply-To"), &field)) {
		rest = field.value;
		while (header_next_id(&rest, &id)) {
			if (!is_sound_id(id) || bytes_equal(id, parent))
				continue;
			if (first.len == 0)
				first = id;
			else
				last[n++ % REFERENCES_KEPT] = id;
		}
	}
	if (first.len > 0) {
		buffer_add_bytes(&text, first);
		buffer_add_octet(&text, ' ');
	}
	for (size_t i = n > REFERENCES_KEPT ? n - REFERENCES_KEPT : 0; i < n; i++) {
		buffer_add_bytes(&text, last[i % REFERENCES_KEPT]);
		buffer_add_octet(&text, ' ');
	}
	buffer_add_bytes(&text, parent);
	reply->in_reply_to = arena_bytes(arena, parent).at;
	reply->references = arena_bytes(arena, buffer_bytes(&text)).at;
	buffer_release(&text);
}

/* Lists of a reply: what was added already is not added again. */
struct answer {
	struct buffer to, cc, specs;    /* specs: "local@domain\n" each, lower-cased */
	struct arena *arena;
};

static bool is_new(struct answer *a, const struct address *address)
{
	struct buffer spec = { 0 };

	buffer_add_octet(&spec, '\n');
	address_format_spec(address, &spec);
	buffer_add_octet(&spec, '\n');
	text_lower_bytes(spec.at, spec.len);
	if (a->specs.len == 0)
		buffer_add_octet(&a->specs, '\n');
	bool is_there = bytes_find_bytes(buffer_bytes(&a->specs), buffer_bytes(&spec)) < a->specs.len;
	if (!is_there)
		buffer_add_bytes(&a->specs, bytes_skip(buffer_bytes(&spec), 1));
	buffer_release(&spec);
	return !is_there;
}

static void add_addresses(struct answer *a, struct bytes value, struct buffer *list)
{
	struct address *found;

	size_t n = address_list_parse(value, a->arena, ADDRESSES_MAX, &found);
	for (size_t i = 0; i < n; i++) {
		if (!address_is_usable(&found[i]) || !text_is_ascii(found[i].local) || !text_is_ascii(found[i].domain) || !is_new(a, &found[i]))
			continue;
		found[i].name = bytes_text(flatten(found[i].name, true, a->arena));
		if (list->len > 0)
			buffer_add_text(list, ", ");
		address_format(&found[i], list);
	}
}

static void add_field(struct answer *a, struct bytes header, struct bytes name, struct buffer *list)
{
	struct header_field field;

	while (header_next(&header, &field)) {
		if (bytes_equal_nocase(field.name, name))
			add_addresses(a, field.value, list);
	}
}

static bool make_recipients(struct compose_letter *reply, struct bytes header, const char *own, bool to_all, struct arena *arena)
{
	struct answer a = { .arena = arena };
	struct buffer unused = { 0 };

	add_field(&a, header, BYTES("Reply-To"), &a.to);
	if (a.to.len == 0)
		add_field(&a, header, BYTES("From"), &a.to);
	if (to_all) {
		if (own)
			add_addresses(&a, bytes_text(own), &unused);
		add_field(&a, header, BYTES("To"), &a.cc);
		add_field(&a, header, BYTES("Cc"), &a.cc);
	}
	if (a.to.len > 0)
		reply->to = arena_bytes(arena, buffer_bytes(&a.to)).at;
	if (a.cc.len > 0)
		reply->cc = arena_bytes(arena, buffer_bytes(&a.cc)).at;
	buffer_release(&unused);
	buffer_release(&a.to);
	buffer_release(&a.cc);
	buffer_release(&a.specs);
	return reply->to != NULL;
}

static void add_attribution(struct bytes header, struct arena *arena, struct buffer *out)
{
	struct header_field field;
	struct address *from;
	int64_t when;
	int offset = 0;
	char date[DATE_TEXT_SIZE];

	if (header_find(header, BYTES("Date"), &field) && date_parse(field.value, &when, &offset)) {
		date_format(when, offset, date);
		buffer_printf(out, "On %s, ", date);
	}
	if (header_find(header, BYTES("From"), &field) && address_list_parse(field.value, arena, 1, &from) == 1) {
		struct bytes name = from->name.len > 0 ? from->name : from->local;
		buffer_add_text(out, flatten(name, true, arena));
	} else {
		buffer_add_text(out, "somebody");
	}
	buffer_add_text(out, " wrote:\n");
}

/* "> " before each line, ">" before one that is quoted or empty. */
static void add_quoted(struct bytes text, struct buffer *out)
{
	while (text.len > 0) {
		size_t end = bytes_find(text, '\n');
		struct bytes line = bytes_slice(text, 0, end);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		buffer_add_text(out, line.len == 0 || line.at[0] == '>' ? ">" : "> ");
		buffer_add_bytes(out, line);
		buffer_add_octet(out, '\n');
		text = bytes_skip(text, end + 1);
	}
}

bool compose_reply(struct compose_letter *reply, struct bytes header, struct bytes text, const char *own_address, bool to_all,
                   struct arena *arena, struct error *err)
{
	struct buffer body = { 0 };

	if (!make_recipients(reply, header, own_address, to_all, arena))
		return error_set(err, ERROR_NOT_FOUND, "the message names nobody to answer");
	reply->subject = make_subject(header, arena);
	make_references(reply, header, arena);
	add_attribution(header, arena, &body);
	add_quoted(text, &body);
	reply->body = arena_bytes(arena, buffer_bytes(&body));
	buffer_release(&body);
	return true;
}
