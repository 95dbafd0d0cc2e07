/* A stream gives the same commands whole and octet by octet, whatever is kept, passed or dropped; what is kept can be read as arguments. */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_argument.h"
#include "imap/imap_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decide(struct imap_token_reader *r)
{
	uint64_t size = r->literal.size;

	if (size > 4096)
		imap_token_clear(r);
	else if (size % 3 == 0)
		imap_token_keep(r);
	else if (size % 3 == 1)
		imap_token_pass(r);
	else
		imap_token_drop(r);
}

/* False: the connection would be given up. */
static bool note(struct imap_token_reader *r, enum imap_token_event event, struct buffer *trace)
{
	switch (event) {
	case IMAP_TOKEN_MORE:
		return true;
	case IMAP_TOKEN_COMMAND:
		buffer_add_text(trace, "\nC");
		buffer_add_bytes(trace, buffer_bytes(&r->text));
		imap_token_clear(r);
		return true;
	case IMAP_TOKEN_LITERAL:
		buffer_printf(trace, "\nL%llu %d %d", (unsigned long long)r->literal.size, r->literal.waits, r->literal.is_binary);
		decide(r);
		return true;
	case IMAP_TOKEN_OCTETS:
		buffer_add_bytes(trace, r->octets);
		return true;
	case IMAP_TOKEN_DROPPED:
		buffer_add_text(trace, "\nD");
		return true;
	default:
		buffer_printf(trace, "\nE%d", event);
		return false;
	}
}

static void run(struct bytes in, size_t step, struct buffer *trace)
{
	struct imap_token_reader r = { .line_max = 512 };
	bool on = true;

	for (size_t at = 0; on && at < in.len; at += step) {
		struct bytes piece = bytes_slice(in, at, at + step);
		while (on && piece.len > 0) {
			size_t used;
			on = note(&r, imap_token_feed(&r, piece, &used), trace);
			piece = bytes_skip(piece, used);
		}
	}
	imap_token_release(&r);
}

static void read_arguments(struct bytes rest)
{
	struct arena arena = { 0 };
	struct bytes word;

	while (rest.len > 0) {
		struct bytes before = rest, skipped = rest;
		if (imap_argument_string(&rest, &arena, &word)) {
			if (!imap_argument_skip(&skipped) || skipped.at != rest.at)
				abort();
		} else if (!imap_argument_skip(&rest)) {
			if (rest.at != before.at)
				abort();
			rest = bytes_skip(rest, 1);
		}
	}
	arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = { 0 }, split = { 0 };
	struct bytes in = bytes_of(data, size);

	run(in, size + 1, &whole);
	run(in, 1, &split);
	/* Where a line breaks two bounds at once, which one is named depends on how it arrived. */
	bool same = whole.len == split.len && (whole.len == 0 || memcmp(whole.at, split.at, whole.len) == 0);
	bool is_error = whole.len >= 2 && whole.at[whole.len - 2] == 'E';
	if (!same && !is_error)
		abort();
	buffer_release(&whole);
	buffer_release(&split);
	read_arguments(in);
	return 0;
}
