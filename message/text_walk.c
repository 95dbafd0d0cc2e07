#include "message/text_walk.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "message/case_fold.h"
#include "message/charset.h"
#include "message/content_type.h"
#include "message/encoded_word.h"
#include "message/header.h"
#include "message/transfer_encoding.h"

#define HEADER_MAX (1u << 20)           /* of a longer header each such piece is read by itself */
#define PIECE_MAX (16u << 10)           /* decoded at a time */

struct text_walk {
	text_walk_fn *fn;
	void *owner;
	const struct mime_tree *tree;
	unsigned kinds;
	/* the span: a header or a body */
	size_t part;
	unsigned kind;                  /* 0: none is left */
	uint64_t at, end;               /* what is left of it */
	bool is_begun, is_told, is_enough;
	struct transfer_decoder transfer;
	struct charset_decoder charset;
	struct case_fold fold;
	struct buffer header, line, words, raw, utf8, folded;
};

struct text_walk *text_walk_create(text_walk_fn *fn, void *owner)
{
	struct text_walk *t = xcalloc(1, sizeof *t);

	t->fn = fn;
	t->owner = owner;
	return t;
}

/* ---- spans ---- */

static bool is_text(const struct mime_part *part)
{
	return !part->is_multipart && !part->is_message &&
	       (bytes_equal_nocase(part->type, BYTES("text")) || bytes_equal_nocase(part->type, BYTES("message")) ||
	        bytes_equal_nocase(part->type, BYTES("multipart")));
}

static bool set_span(struct text_walk *t, unsigned kind, uint64_t at, uint64_t len)
{
	/* a damaged tree leads back, or nowhere */
	if (!(t->kinds & kind) || len == 0 || at < t->end || at + len < at)
		return false;
	t->kind = kind;
	t->at = at;
	t->end = at + len;
	t->is_begun = t->is_told = false;
	return true;
}

/* Each part's header, then its body, in the order of the message. */
static void next_span(struct text_walk *t)
{
	unsigned last = t->kind;

	t->kind = 0;
	for (; t->part < t->tree->n; t->part++, last = 0) {
		const struct mime_part *part = &t->tree->parts[t->part];
		if (last == 0 && set_span(t, t->part == 0 ? TEXT_WALK_HEADER : TEXT_WALK_PARTS, part->header_at, part->header_len))
			return;
		if (last != TEXT_WALK_BODY && is_text(part) && set_span(t, TEXT_WALK_BODY, part->body_at, part->body_len))
			return;
	}
}

static void give_up(struct text_walk *t)
{
	if (t->is_begun) {
		buffer_clear(&t->utf8);
		transfer_decoder_finish(&t->transfer, &t->utf8);
		charset_decoder_finish(&t->charset, &t->utf8);
		buffer_release(&t->fold.held);
	}
	t->is_begun = false;
	buffer_clear(&t->header);
	t->kind = 0;
}

void text_walk_start(struct text_walk *t, const struct mime_tree *tree, unsigned kinds)
{
	give_up(t);
	t->tree = tree;
	t->kinds = kinds;
	t->part = 0;
	t->end = 0;
	t->is_enough = false;
	next_span(t);
}

void text_walk_destroy(struct text_walk *t)
{
	struct buffer *const buffers[] = { &t->header, &t->line, &t->words, &t->raw, &t->utf8, &t->folded };

	give_up(t);
	for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
		buffer_release(buffers[i]);
	free(t);
}

bool text_walk_wants(struct text_walk *t, uint64_t *at, uint64_t *len)
{
	*at = t->at;
	*len = t->end - t->at;
	return t->kind != 0 && !t->is_enough;
}

static void tell(struct text_walk *t, struct bytes text, bool is_first)
{
	if (text.len > 0 && !t->is_enough)
		t->is_enough = !t->fn(t->owner, t->kind, text, is_first);
}

/* ---- headers ---- */

static void tell_field(struct text_walk *t, const struct header_field *field)
{
	buffer_clear(&t->line);
	if (field->name.len > 0) {
		buffer_add_bytes(&t->line, field->name);
		buffer_add_text(&t->line, ": ");
	}
	header_unfold(field->name.len > 0 ? field->value : field->whole, &t->line);
	struct bytes line = buffer_bytes(&t->line);
	if (encoded_word_is_needed(line)) {
		buffer_clear(&t->words);
		encoded_word_decode(line, &t->words);
		line = buffer_bytes(&t->words);
	}
	if (!text_is_ascii(line)) {
		buffer_clear(&t->folded);
		text_fold(line, &t->folded);
		line = buffer_bytes(&t->folded);
	}
	tell(t, line, true);
}

static void tell_fields(struct text_walk *t, struct bytes header)
{
	struct header_field field;

	while (!t->is_enough && header_next(&header, &field))
		tell_field(t, &field);
}

static void feed_header(struct text_walk *t, struct bytes piece, bool ends)
{
	if (ends && t->header.len == 0) {
		tell_fields(t, piece);
		return;
	}
	while (piece.len > 0) {
		struct bytes front = bytes_slice(piece, 0, HEADER_MAX - t->header.len);
		buffer_add_bytes(&t->header, front);
		piece = bytes_skip(piece, front.len);
		if (t->header.len == HEADER_MAX || (ends && piece.len == 0)) {
			tell_fields(t, buffer_bytes(&t->header));
			buffer_clear(&t->header);
		}
	}
}

/* ---- bodies ---- */

static void begin_body(struct text_walk *t)
{
	const struct mime_part *part = &t->tree->parts[t->part];
	struct bytes charset = { 0 };

	content_parameter_find(part->parameters, part->n_parameters, "charset", &charset);
	t->transfer = (struct transfer_decoder){ .encoding = transfer_encoding_parse(part->encoding) };
	charset_decoder_start(&t->charset, charset);
	t->is_begun = true;
}

static void tell_body(struct text_walk *t, struct bytes text)
{
	tell(t, text, !t->is_told);
	t->is_told = t->is_told || text.len > 0;
}

/* The character held back does not combine with what follows. */
static void release_held(struct text_walk *t, struct bytes next)
{
	if (t->fold.held.len != 1 || (unsigned char)t->fold.held.at[0] >= 0x80 || (next.len > 0 && (unsigned char)next.at[0] >= 0x80) ||
	    !charset_decoder_passes_ascii(&t->charset))
		return;
	tell_body(t, buffer_bytes(&t->fold.held));
	buffer_clear(&t->fold.held);
}

/* ASCII, but for NUL, which decoding replaces. */
static bool is_plain(struct bytes text)
{
	return text_is_ascii(text) && memchr(text.at, '\0', text.len) == NULL;
}

/* Text behind the transfer encoding. */
static void pass_text(struct text_walk *t, struct bytes text, bool ends)
{
	if (ends || text.len > 0)
		release_held(t, text);
	if (t->fold.held.len == 0 && charset_decoder_passes_ascii(&t->charset) && text.len > 0 && is_plain(text)) {
		size_t now = text.len - !ends;  /* the last character may combine with what follows */
		tell_body(t, bytes_slice(text, 0, now));
		if (!ends)
			buffer_add_bytes(&t->fold.held, bytes_skip(text, now));
		text.len = 0;
	}
	buffer_clear(&t->utf8);
	buffer_clear(&t->folded);
	if (text.len > 0)
		charset_decoder_feed(&t->charset, text, &t->utf8);
	if (ends)
		charset_decoder_finish(&t->charset, &t->utf8);
	if (t->utf8.len > 0)
		case_fold_feed(&t->fold, buffer_bytes(&t->utf8), &t->folded);
	if (ends)
		case_fold_finish(&t->fold, &t->folded);
	tell_body(t, buffer_bytes(&t->folded));
}

static void feed_body(struct text_walk *t, struct bytes piece, bool ends)
{
	bool is_encoded;

	if (!t->is_begun)
		begin_body(t);
	is_encoded = t->transfer.encoding == TRANSFER_BASE64 || t->transfer.encoding == TRANSFER_QUOTED_PRINTABLE;
	while (piece.len > 0 && !t->is_enough) {
		struct bytes front = bytes_slice(piece, 0, PIECE_MAX);
		piece = bytes_skip(piece, front.len);
		bool is_last = ends && piece.len == 0;
		if (!is_encoded) {
			pass_text(t, front, is_last);
			continue;
		}
		buffer_clear(&t->raw);
		transfer_decoder_feed(&t->transfer, front, &t->raw);
		if (is_last)
			transfer_decoder_finish(&t->transfer, &t->raw);
		pass_text(t, buffer_bytes(&t->raw), is_last);
	}
	if (ends && !t->is_enough)
		t->is_begun = false;
}

void text_walk_feed(struct text_walk *t, uint64_t at, struct bytes octets)
{
	while (t->kind != 0 && !t->is_enough && at + octets.len > t->at) {
		struct bytes piece = bytes_skip(octets, (size_t)(t->at - at));
		bool ends = t->end - t->at <= piece.len;
		if (ends)
			piece.len = (size_t)(t->end - t->at);
		t->at += piece.len;
		if (t->kind == TEXT_WALK_BODY)
			feed_body(t, piece, ends);
		else
			feed_header(t, piece, ends);
		if (ends)
			next_span(t);
	}
}
