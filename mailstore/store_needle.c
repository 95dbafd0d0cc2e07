#include "mailstore/store_needle.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "message/summary_match.h"
#include "message/text_walk.h"

#define LANES 16

typedef unsigned char lanes __attribute__((vector_size(LANES)));

/* ---- one text in another ---- */

static lanes load_lower(const char *at)
{
	lanes octets;

	memcpy(&octets, at, LANES);
	return octets | 0x20;
}

static bool is_zero(lanes x)
{
	uint64_t halves[2];

	memcpy(halves, &x, sizeof halves);
	return (halves[0] | halves[1]) == 0;
}

static bool is_here(const char *at, struct bytes folded)
{
	for (size_t i = 0; i < folded.len; i++)
		if ((char)text_lower((unsigned char)at[i]) != folded.at[i])
			return false;
	return true;
}

/*
 * Is the folded text there, in text that is folded or ASCII in any case?  First and last octet are compared in 16 places at once,
 * with the bit of case set in all: too much passes, and is looked at closely.
 */
static bool is_in(struct bytes text, struct bytes folded)
{
	size_t n = folded.len, i = 0;

	if (n == 0 || n > text.len)
		return n == 0;
	lanes first = (lanes){ 0 } + (unsigned char)(folded.at[0] | 0x20), last = (lanes){ 0 } + (unsigned char)(folded.at[n - 1] | 0x20);
	for (; i + n - 1 + LANES <= text.len; i += LANES) {
		lanes here = (lanes)((load_lower(text.at + i) == first) & (load_lower(text.at + i + n - 1) == last));
		if (is_zero(here))
			continue;
		for (size_t lane = 0; lane < LANES; lane++)
			if (here[lane] && is_here(text.at + i + lane, folded))
				return true;
	}
	for (; i + n <= text.len; i++)
		if (is_here(text.at + i, folded))
			return true;
	return false;
}

/* ---- needles ---- */

static const char *const envelope_fields[] = {
	"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "In-Reply-To", "Message-ID",
};

static bool is_in_envelope(struct bytes field)
{
	for (size_t i = 0; i < sizeof envelope_fields / sizeof *envelope_fields; i++)
		if (bytes_equal_nocase(field, bytes_text(envelope_fields[i])))
			return true;
	return false;
}

void store_finder_init(struct store_finder *f, const struct store_needle *needle, struct arena *arena)
{
	static const unsigned kinds[] = {
		[STORE_IN_FIELD] = TEXT_WALK_HEADER,
		[STORE_IN_BODY] = TEXT_WALK_BODY,
		[STORE_IN_TEXT] = TEXT_WALK_HEADER | TEXT_WALK_PARTS | TEXT_WALK_BODY,
	};
	struct buffer folded = { 0 };

	text_fold(needle->text, &folded);
	*f = (struct store_finder){
		.place = needle->place, .field = arena_bytes(arena, needle->field), .text = arena_bytes(arena, buffer_bytes(&folded)),
		.is_ascii = text_is_ascii(buffer_bytes(&folded)), .kinds = kinds[needle->place],
	};
	buffer_release(&folded);
	f->in_envelope = f->place == STORE_IN_FIELD && is_in_envelope(f->field);
	if (f->in_envelope || (f->place != STORE_IN_FIELD && f->text.len == 0))
		f->kinds = 0;
}

/* "Name: value" */
static bool is_in_field(const struct store_finder *f, struct bytes line)
{
	struct bytes value = bytes_skip(line, f->field.len);

	if (!bytes_starts_nocase(line, f->field) || value.len == 0 || value.at[0] != ':')
		return false;
	return is_in(bytes_skip(value, 2), f->text);
}

/* ASCII holds nothing else; but it may be the front of what goes on. */
static bool is_in_piece(const struct store_finder *f, struct bytes text)
{
	return (f->is_ascii || !text_is_ascii(text)) && is_in(text, f->text);
}

bool store_finder_piece(struct store_finder *f, unsigned kind, struct bytes text, bool is_first)
{
	size_t keep = f->text.len - (f->text.len > 0);

	if (!(f->kinds & kind))
		return false;
	if (f->place == STORE_IN_FIELD)
		return is_in_field(f, text);
	if (is_first)
		buffer_clear(&f->tail);
	if (f->tail.len > 0) {
		buffer_add_bytes(&f->tail, bytes_slice(text, 0, keep));
		if (is_in(buffer_bytes(&f->tail), f->text))
			return true;
	}
	if (is_in_piece(f, text))
		return true;
	if (text.len >= keep) {
		buffer_clear(&f->tail);
		buffer_add_bytes(&f->tail, bytes_skip(text, text.len - keep));
	} else if (f->tail.len == 0) {
		buffer_add_bytes(&f->tail, text);
	} else if (f->tail.len > keep) {
		buffer_drop(&f->tail, f->tail.len - keep);
	}
	return false;
}

bool store_finder_in_envelope(const struct store_finder *f, const struct summary_envelope *e)
{
	const struct summary_addresses *const lists[] = { &e->from, &e->sender, &e->reply_to, &e->to, &e->cc, &e->bcc };
	const struct { struct bytes text; bool has; } texts[] = {
		{ e->subject, e->has_subject }, { e->date, e->has_date }, { e->in_reply_to, e->has_in_reply_to }, { e->message_id, e->has_message_id },
	};
	size_t n_lists = sizeof lists / sizeof *lists;

	for (size_t i = 0; i < sizeof envelope_fields / sizeof *envelope_fields; i++) {
		if (!bytes_equal_nocase(f->field, bytes_text(envelope_fields[i])))
			continue;
		if (i < n_lists)
			return summary_match_address(*lists[i], f->text);
		return texts[i - n_lists].has && summary_match_text(texts[i - n_lists].text, f->text);
	}
	return false;
}
