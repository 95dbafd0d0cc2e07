#include "imap/imap_token.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

enum { READ_LINE, READ_DECISION, READ_KEPT, READ_PASSED, READ_DROPPED, READ_DROPPED_LINE };

/* The announcement at the end of a line: "{12}", "{12+}", "~{12}". */
static bool announced(struct bytes line, struct imap_token_literal *literal)
{
	size_t at = line.len;

	*literal = (struct imap_token_literal){ .waits = true };
	if (at < 3 || line.at[--at] != '}')
		return false;
	if (line.at[at - 1] == '+') {
		literal->waits = false;
		at--;
	}
	size_t digits_end = at;
	while (at > 0 && text_is_digit((unsigned char)line.at[at - 1]))
		at--;
	if (at == 0 || line.at[at - 1] != '{' ||
	    !bytes_to_u64(bytes_slice(line, at, digits_end), INT64_MAX, &literal->size))
		return false;
	literal->is_binary = at >= 2 && line.at[at - 2] == '~';
	return true;
}

static enum imap_token_event end_of_line(struct imap_token_reader *r)
{
	size_t len = r->text.len - 1;

	if (len > r->line_at && r->text.at[len - 1] == '\r')
		len--;
	buffer_truncate(&r->text, len);
	bool has_literal = !r->lines_only && announced(bytes_slice(buffer_bytes(&r->text), r->line_at, len), &r->literal);
	if (r->mode == READ_DROPPED_LINE) {
		if (has_literal && !r->literal.waits) {
			imap_token_drop(r);
			return IMAP_TOKEN_MORE;
		}
		imap_token_clear(r);
		return IMAP_TOKEN_DROPPED;
	}
	if (!has_literal)
		return IMAP_TOKEN_COMMAND;
	buffer_add_text(&r->text, "\r\n");
	r->mode = READ_DECISION;
	return IMAP_TOKEN_LITERAL;
}

/* One piece of a line; *used octets of in are taken. */
static enum imap_token_event read_line(struct imap_token_reader *r, struct bytes in, size_t *used)
{
	const char *end = memchr(in.at, '\n', in.len);
	size_t n = end ? (size_t)(end - in.at) + 1 : in.len;

	if (r->line_octets + n > r->line_max)
		return IMAP_TOKEN_TOO_LONG;
	if (memchr(in.at, '\0', n))
		return IMAP_TOKEN_NUL;
	buffer_add(&r->text, in.at, n);
	r->line_octets += n;
	*used = n;
	return end ? end_of_line(r) : IMAP_TOKEN_MORE;
}

static enum imap_token_event read_literal(struct imap_token_reader *r, struct bytes in, size_t *used)
{
	size_t n = r->left < in.len ? (size_t)r->left : in.len;

	*used = n;
	r->left -= n;
	int mode = r->mode;
	if (mode == READ_KEPT)
		buffer_add(&r->text, in.at, n);
	if (r->left == 0)
		r->mode = mode == READ_DROPPED ? READ_DROPPED_LINE : READ_LINE;
	if (mode != READ_PASSED)
		return IMAP_TOKEN_MORE;
	r->octets = bytes_of(in.at, n);
	return IMAP_TOKEN_OCTETS;
}

enum imap_token_event imap_token_feed(struct imap_token_reader *r, struct bytes in, size_t *used)
{
	*used = 0;
	assert(r->mode != READ_DECISION);
	while (*used < in.len) {
		struct bytes rest = bytes_skip(in, *used);
		size_t n = 0;
		enum imap_token_event event = r->mode == READ_LINE || r->mode == READ_DROPPED_LINE ?
			read_line(r, rest, &n) : read_literal(r, rest, &n);
		*used += n;
		if (event != IMAP_TOKEN_MORE)
			return event;
	}
	return IMAP_TOKEN_MORE;
}

static void begin_literal(struct imap_token_reader *r, int mode, int mode_when_empty)
{
	r->left = r->literal.size;
	r->mode = r->left > 0 ? mode : mode_when_empty;
}

void imap_token_keep(struct imap_token_reader *r)
{
	assert(r->mode == READ_DECISION);
	r->line_at = r->text.len + (size_t)r->literal.size;
	begin_literal(r, READ_KEPT, READ_LINE);
}

void imap_token_pass(struct imap_token_reader *r)
{
	assert(r->mode == READ_DECISION);
	imap_token_clear(r);
	begin_literal(r, READ_PASSED, READ_LINE);
}

void imap_token_drop(struct imap_token_reader *r)
{
	imap_token_clear(r);
	begin_literal(r, READ_DROPPED, READ_DROPPED_LINE);
}

void imap_token_clear(struct imap_token_reader *r)
{
	buffer_clear(&r->text);
	r->line_octets = r->line_at = 0;
	r->left = 0;
	r->mode = READ_LINE;
}

bool imap_token_is_empty(const struct imap_token_reader *r)
{
	return r->mode == READ_LINE && r->text.len == 0;
}

void imap_token_release(struct imap_token_reader *r)
{
	imap_token_clear(r);
	buffer_release(&r->text);
}
