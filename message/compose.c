#include "message/compose.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "message/address.h"
#include "message/date.h"
#include "message/encoded_word.h"
#include "message/transfer_encoding.h"

#define COLUMNS 78                      /* RFC 5322 2.1.1, should */
#define LINE_OCTETS 998                 /* must */
#define ADDRESSES_MAX 10000
#define ID_OCTETS 16

/* CR, LF and NUL would begin another line, that is another field. */
static bool check_value(const char *name, struct bytes value, struct error *err)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] == '\r' || value.at[i] == '\n' || value.at[i] == '\0')
			return error_set(err, ERROR_SYNTAX, "%s: the value holds a line end or NUL", name);
	}
	return text_is_utf8(value) || error_set(err, ERROR_SYNTAX, "%s: the value is not UTF-8", name);
}

/* Append `Name: value` with CRLF before a space wherever the line would pass COLUMNS.  value holds no line end. */
static void add_folded(struct buffer *out, const char *name, struct bytes value)
{
	size_t column = strlen(name) + 1;

	buffer_add_text(out, name);
	buffer_add_octet(out, ':');
	value = bytes_trim(value);
	if (value.len == 0)
		buffer_add_octet(out, ' ');
	while (value.len > 0) {
		size_t blank = 0;
		while (blank < value.len && (value.at[blank] == ' ' || value.at[blank] == '\t'))
			blank++;
		size_t word = blank;
		while (word < value.len && value.at[word] != ' ' && value.at[word] != '\t')
			word++;
		bool first = column == strlen(name) + 1;
		size_t width = word + (blank == 0 ? 1 : 0);
		if (column + width > COLUMNS && !first) {
			buffer_add_text(out, "\r\n");
			column = 0;
		}
		if (blank == 0)
			buffer_add_octet(out, ' ');
		buffer_add(out, value.at, word);
		column += width;
		value = bytes_skip(value, word);
	}
	buffer_add_text(out, "\r\n");
}

/* No line may be longer than LINE_OCTETS: a text that cannot be folded so is encoded instead. */
static bool has_long_word(struct bytes value)
{
	size_t run = 0;

	for (size_t i = 0; i < value.len; i++) {
		run = value.at[i] == ' ' || value.at[i] == '\t' ? 0 : run + 1;
		if (run > LINE_OCTETS - 100)
			return true;
	}
	return false;
}

bool compose_field_text(struct buffer *out, const char *name, struct bytes value, struct error *err)
{
	if (!check_value(name, value, err))
		return false;
	if (text_is_printable(value) && !encoded_word_is_needed(value) && !has_long_word(value)) {
		add_folded(out, name, value);
		return true;
	}
	struct buffer encoded = { 0 };
	encoded_word_encode(value, &encoded);
	add_folded(out, name, buffer_bytes(&encoded));
	buffer_release(&encoded);
	return true;
}

bool compose_field_tokens(struct buffer *out, const char *name, struct bytes value, struct error *err)
{
	if (!check_value(name, value, err))
		return false;
	if (!text_is_printable(value) || has_long_word(value))
		return error_set(err, ERROR_SYNTAX, "%s: only printable ASCII words are allowed", name);
	add_folded(out, name, value);
	return true;
}

/* The list again, every mailbox in its written form, ", " between. */
static bool format_list(struct bytes list, const char *name, struct buffer *out, struct error *err)
{
	struct address_parser parser = { .rest = list };
	struct address address;
	bool fine = true, separate = false;

	while (fine && address_next(&parser, &address)) {
		if (address.kind == ADDRESS_GROUP_END) {
			buffer_add_octet(out, ';');
			separate = true;
			continue;
		}
		if (separate)
			buffer_add_text(out, ", ");
		separate = address.kind == ADDRESS_MAILBOX;
		if (address.kind == ADDRESS_GROUP_START) {
			/* A group's name is a phrase: written like a display name, without the mailbox behind. */
			struct address named = { .name = address.local, .local = BYTES("x"), .domain = BYTES("x") };
			address_format(&named, out);
			buffer_truncate(out, out->len - (sizeof " <x@x>" - 1));
			buffer_add_text(out, ": ");
		} else if (!address_is_usable(&address) || !text_is_ascii(address.local) || !text_is_ascii(address.domain)) {
			fine = error_set(err, ERROR_SYNTAX, "%s: \"%.*s%s%.*s\" is not a usable address", name, BYTES_PRINT(address.local),
			                 address.domain.len > 0 ? "@" : "", BYTES_PRINT(address.domain.len > 0 || address.local.len > 0 ? address.domain : address.name));
		} else {
			address_format(&address, out);
		}
	}
	address_parser_release(&parser);
	if (fine && out->len == 0)
		fine = error_set(err, ERROR_SYNTAX, "%s: no address", name);
	return fine;
}

bool compose_field_addresses(struct buffer *out, const char *name, struct bytes list, struct error *err)
{
	struct buffer formatted = { 0 };

	bool fine = check_value(name, list, err) && format_list(list, name, &formatted, err);
	if (fine)
		add_folded(out, name, buffer_bytes(&formatted));
	buffer_release(&formatted);
	return fine;
}

void compose_field_date(struct buffer *out, int64_t unix_s, int offset_min)
{
	char date[DATE_TEXT_SIZE];

	date_format(unix_s, offset_min, date);
	buffer_printf(out, "Date: %s\r\n", date);
}

void compose_message_id(struct bytes address, struct buffer *out)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	unsigned char octets[ID_OCTETS];
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	struct bytes domain = at > 0 ? bytes_skip(address, at) : BYTES("localhost.invalid");
	buffer_add_octet(out, '<');
	random_octets(octets, sizeof octets);
	for (size_t i = 0; i < sizeof octets; i++) {
		buffer_add_octet(out, digits[octets[i] & 31]);
		if (i % 2 == 1)
			buffer_add_octet(out, digits[octets[i] >> 3]);
	}
	buffer_add_octet(out, '@');
	for (size_t i = 0; i < domain.len && i < 255; i++) {
		unsigned char octet = (unsigned char)domain.at[i];
		buffer_add_octet(out, text_is_alpha(octet) || text_is_digit(octet) || memchr(".-_[]:", octet, 6) ? (char)octet : 'x');
	}
	buffer_add_octet(out, '>');
}

/* ASCII, no NUL or bare CR, no line over LINE_OCTETS: can go as 7bit. */
static bool is_plain_body(struct bytes body)
{
	size_t run = 0;

	for (size_t i = 0; i < body.len; i++) {
		unsigned char octet = (unsigned char)body.at[i];
		if (octet >= 0x80 || octet == 0 || (octet == '\r' && (i + 1 == body.len || body.at[i + 1] != '\n')))
			return false;
		run = octet == '\n' ? 0 : run + 1;
		if (run > LINE_OCTETS)
			return false;
	}
	return true;
}

static void add_plain_body(struct bytes body, struct buffer *out)
{
	while (body.len > 0) {
		size_t end = bytes_find(body, '\n');
		struct bytes line = bytes_slice(body, 0, end);
		if (line.len > 0 && end < body.len && line.at[line.len - 1] == '\r')
			line.len--;
		buffer_add_bytes(out, line);
		buffer_add_text(out, "\r\n");
		body = bytes_skip(body, end + 1);
	}
}

static void add_body(struct bytes body, struct buffer *out)
{
	bool plain = is_plain_body(body);

	buffer_printf(out, "Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n",
	              text_is_ascii(body) ? "us-ascii" : "utf-8", plain ? "7bit" : "quoted-printable");
	if (plain) {
		add_plain_body(body, out);
	} else {
		transfer_encode_quoted_printable(body, out);
		if (body.at[body.len - 1] != '\n')
			buffer_add_text(out, "\r\n");
	}
}

/* "=_" never stands in base64 or quoted-printable. */
static void make_boundary(struct buffer *boundary)
{
	unsigned char octets[ID_OCTETS];

	random_octets(octets, sizeof octets);
	buffer_add_text(boundary, "=_");
	for (size_t i = 0; i < sizeof octets; i++)
		buffer_printf(boundary, "%02x", octets[i]);
}

static bool add_content(const struct compose_letter *letter, struct buffer *out, struct error *err)
{
	struct buffer boundary = { 0 };
	bool fine = true;

	buffer_add_text(out, "MIME-Version: 1.0\r\n");
	if (letter->n_attachments == 0) {
		add_body(letter->body, out);
		return true;
	}
	make_boundary(&boundary);
	buffer_printf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n", boundary.at, boundary.at);
	add_body(letter->body, out);
	for (size_t i = 0; fine && i < letter->n_attachments; i++) {
		buffer_printf(out, "\r\n--%s\r\n", boundary.at);
		fine = compose_attachment_write(&letter->attachments[i], out, err);
	}
	buffer_printf(out, "\r\n--%s--\r\n", boundary.at);
	buffer_release(&boundary);
	return fine;
}

/* The one mailbox of From. */
static bool read_from(const struct compose_letter *letter, struct arena *arena, struct address *from, struct error *err)
{
	struct address *list;

	if (letter->from == NULL || address_list_parse(bytes_text(letter->from), arena, 2, &list) != 1 || !address_is_usable(&list[0]))
		return error_set(err, ERROR_SYNTAX, "From: one address is needed");
	*from = list[0];
	return true;
}

static bool add_optional(struct buffer *out, const char *name, const char *value,
                         bool (*add)(struct buffer *, const char *, struct bytes, struct error *), struct error *err)
{
	return value == NULL || add(out, name, bytes_text(value), err);
}

static bool add_fields(const struct compose_letter *letter, struct bytes from_spec, struct buffer *out, struct error *err)
{
	int64_t date = letter->date_s ? letter->date_s : clock_now_s();
	struct buffer id = { 0 };
	bool fine = true;

	compose_field_date(out, date, letter->offset_min);
	fine = compose_field_addresses(out, "From", bytes_text(letter->from), err) &&
	       add_optional(out, "To", letter->to, compose_field_addresses, err) &&
	       add_optional(out, "Cc", letter->cc, compose_field_addresses, err) &&
	       add_optional(out, "Subject", letter->subject, compose_field_text, err);
	if (!fine)
		return false;
	if (letter->message_id)
		buffer_add_text(&id, letter->message_id);
	else
		compose_message_id(from_spec, &id);
	fine = compose_field_tokens(out, "Message-ID", buffer_bytes(&id), err) &&
	       add_optional(out, "In-Reply-To", letter->in_reply_to, compose_field_tokens, err) &&
	       add_optional(out, "References", letter->references, compose_field_tokens, err);
	buffer_release(&id);
	return fine;
}

bool compose_letter_write(const struct compose_letter *letter, struct buffer *out, struct error *err)
{
	struct arena arena = { 0 };
	struct buffer text = { 0 }, spec = { 0 };
	struct address from;

	bool fine = text_is_utf8(letter->body) ||
	            error_set(err, ERROR_SYNTAX, "the text is not UTF-8: convert it (iconv), or attach it as a file");
	if (fine)
		fine = read_from(letter, &arena, &from, err);
	if (fine) {
		address_format_spec(&from, &spec);
		fine = add_fields(letter, buffer_bytes(&spec), &text, err);
	}
	if (fine)
		fine = add_content(letter, &text, err);
	if (fine)
		buffer_add_bytes(out, buffer_bytes(&text));
	buffer_release(&text);
	buffer_release(&spec);
	arena_reset(&arena);
	return fine;
}

/* `local@domain` of a usable mailbox as NUL-terminated text in the arena. */
static const char *keep_spec(const struct address *address, struct arena *arena)
{
	struct buffer spec = { 0 };

	address_format_spec(address, &spec);
	const char *text = arena_bytes(arena, buffer_bytes(&spec)).at;
	buffer_release(&spec);
	return text;
}

/* Local parts exactly, domains without case. */
static bool is_same_spec(const char *a, const char *b)
{
	const char *at_a = strrchr(a, '@'), *at_b = strrchr(b, '@');

	return at_a && at_b && at_a - a == at_b - b && memcmp(a, b, (size_t)(at_a - a)) == 0 &&
	       bytes_equal_nocase(bytes_text(at_a), bytes_text(at_b));
}

struct recipients {
	const char **at;
	size_t n, capacity;
};

static void add_recipient(struct recipients *r, const char *spec, struct arena *arena)
{
	for (size_t i = 0; i < r->n; i++) {
		if (is_same_spec(r->at[i], spec))
			return;
	}
	if (r->n == r->capacity) {
		r->capacity = r->capacity * 2 + 8;
		const char **grown = arena_alloc(arena, r->capacity * sizeof *grown);
		if (r->n > 0)
			memcpy(grown, r->at, r->n * sizeof *grown);
		r->at = grown;
	}
	r->at[r->n++] = spec;
}

static bool add_recipients(struct recipients *r, const char *name, const char *list, struct arena *arena, struct error *err)
{
	struct address *found;

	if (list == NULL)
		return true;
	if (!check_value(name, bytes_text(list), err))
		return false;
	size_t n = address_list_parse(bytes_text(list), arena, ADDRESSES_MAX, &found);
	for (size_t i = 0; i < n; i++) {
		if (found[i].kind != ADDRESS_MAILBOX)
			continue;
		if (!address_is_usable(&found[i]))
			return error_set(err, ERROR_SYNTAX, "%s: \"%.*s\" is not a usable address", name,
			                 BYTES_PRINT(found[i].local.len > 0 ? found[i].local : found[i].name));
		add_recipient(r, keep_spec(&found[i], arena), arena);
	}
	return true;
}

bool compose_recipients(const struct compose_letter *letter, struct arena *arena, const char **sender,
                        const char *const **recipients, size_t *n, struct error *err)
{
	struct recipients r = { 0 };
	struct address from;

	if (!read_from(letter, arena, &from, err) || !add_recipients(&r, "To", letter->to, arena, err) ||
	    !add_recipients(&r, "Cc", letter->cc, arena, err) || !add_recipients(&r, "Bcc", letter->bcc, arena, err))
		return false;
	if (r.n == 0)
		return error_set(err, ERROR_SYNTAX, "no recipient");
	*sender = keep_spec(&from, arena);
	*recipients = r.at;
	*n = r.n;
	return true;
}
