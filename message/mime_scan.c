/*
 * One pass, a line at a time: only lines that begin with "--" are compared with the boundaries of the multiparts that are open,
 * the innermost first; once none is open the rest is only counted.  A line ends with LF, and the CR before it belongs to the line end.
 * Bounds: depth, parts, header octets of one part, octets kept of all parts (KEPT_MAX), length of a line that can be a delimiter
 * (LINE_MAX_DELIMITER).
 */
#include "message/mime_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/text.h"
#include "message/content_type.h"
#include "message/header.h"
#include "message/summary.h"

#define LINE_MAX_DELIMITER 65536        /* a longer line is no delimiter, so boundaries are shorter than this */
#define KEPT_MAX (4u << 20)             /* octets of field values and envelopes: then no further part is opened */

/* A part that is not finished. */
struct level {
	uint32_t part, last_child;
	uint64_t first_line;            /* line ends before its body */
	struct bytes boundary;          /* multipart whose close delimiter was not seen; else empty */
};

struct mime_scan {
	size_t header_max;
	struct arena arena;
	struct mime_tree tree;
	size_t capacity;
	struct level levels[MIME_DEPTH_MAX];
	size_t depth;                   /* levels[depth - 1] is the part being read */
	size_t n_open;                  /* levels with a boundary */
	bool in_header;
	uint64_t at;                    /* offset of the next octet */
	uint64_t line_at;               /* where its line begins */
	uint64_t n_lines;               /* line ends seen */
	unsigned line_end;              /* octets of the line end before line_at: 0, 1 or 2 */
	char last;                      /* the octet before `at` */
	struct buffer held;             /* front of the line that is not complete, while it may be a delimiter */
	struct buffer header, root_header, scratch;
};

static bool push_part(struct mime_scan *s, uint64_t header_at)
{
	if (s->depth == MIME_DEPTH_MAX || s->tree.n == MIME_PARTS_MAX || s->arena.used > KEPT_MAX)
		return false;
	if (s->tree.n == s->capacity) {
		s->capacity = s->capacity ? s->capacity * 2 : 4;
		s->tree.parts = xreallocarray(s->tree.parts, s->capacity, sizeof *s->tree.parts);
	}
	uint32_t index = (uint32_t)s->tree.n++;
	s->tree.parts[index] = (struct mime_part){
		.header_at = header_at, .body_at = header_at,
		.parent = MIME_PART_NONE, .first_child = MIME_PART_NONE, .next_sibling = MIME_PART_NONE,
	};
	if (s->depth > 0) {
		struct level *above = &s->levels[s->depth - 1];
		s->tree.parts[index].parent = above->part;
		if (above->last_child == MIME_PART_NONE)
			s->tree.parts[above->part].first_child = index;
		else
			s->tree.parts[above->last_child].next_sibling = index;
		above->last_child = index;
	}
	s->levels[s->depth++] = (struct level){ .part = index, .last_child = MIME_PART_NONE };
	s->in_header = true;
	buffer_clear(&s->header);
	return true;
}

struct mime_scan *mime_scan_create(size_t header_max)
{
	struct mime_scan *s = xcalloc(1, sizeof *s);

	s->header_max = header_max;
	buffer_reserve(&s->header, header_max < 4000 ? header_max : 4000);
	push_part(s, 0);
	return s;
}

size_t mime_scan_memory(const struct mime_scan *s)
{
	return sizeof *s + s->held.capacity + s->header.capacity + s->root_header.capacity + s->scratch.capacity + s->arena.used +
	       s->capacity * sizeof *s->tree.parts;
}

void mime_scan_destroy(struct mime_scan *s)
{
	if (s == NULL)
		return;
	buffer_release(&s->held);
	buffer_release(&s->header);
	buffer_release(&s->root_header);
	buffer_release(&s->scratch);
	arena_reset(&s->arena);
	free(s->tree.parts);
	free(s);
}

/* The value on one line, in the arena. */
static struct bytes keep_value(struct mime_scan *s, struct bytes value)
{
	buffer_clear(&s->scratch);
	header_unfold(value, &s->scratch);
	return s->scratch.len > 0 ? arena_bytes(&s->arena, buffer_bytes(&s->scratch)) : (struct bytes){ 0 };
}

static void read_type(struct mime_scan *s, struct mime_part *part, struct bytes value)
{
	struct content_type type;

	if (part->type.len > 0)
		return;
	if (!content_type_parse(keep_value(s, value), &s->arena, &type))
		type = (struct content_type){ .type = BYTES("text"), .subtype = BYTES("plain") };
	part->type = type.type;
	part->subtype = type.subtype;
	part->parameters = type.parameters;
	part->n_parameters = type.n_parameters;
}

static void read_disposition(struct mime_scan *s, struct mime_part *part, struct bytes value)
{
	struct content_type disposition;

	if (part->disposition.len > 0 || !content_disposition_parse(keep_value(s, value), &s->arena, &disposition))
		return;
	part->disposition = disposition.type;
	part->disposition_parameters = disposition.parameters;
	part->n_disposition_parameters = disposition.n_parameters;
}

static void read_text(struct mime_scan *s, struct bytes *where, struct bytes value)
{
	if (where->len == 0)
		*where = keep_value(s, value);
}

static void read_field(struct mime_scan *s, struct mime_part *part, const struct header_field *field)
{
	struct bytes name = bytes_skip(field->name, sizeof "Content-" - 1);

	if (bytes_equal_nocase(name, BYTES("Type")))
		read_type(s, part, field->value);
	else if (bytes_equal_nocase(name, BYTES("Transfer-Encoding")) && part->encoding.len == 0)
		part->encoding = content_token(keep_value(s, field->value));
	else if (bytes_equal_nocase(name, BYTES("Disposition")))
		read_disposition(s, part, field->value);
	else if (bytes_equal_nocase(name, BYTES("ID")))
		read_text(s, &part->id, field->value);
	else if (bytes_equal_nocase(name, BYTES("Description")))
		read_text(s, &part->description, field->value);
	else if (bytes_equal_nocase(name, BYTES("MD5")))
		read_text(s, &part->md5, field->value);
	else if (bytes_equal_nocase(name, BYTES("Language")))
		read_text(s, &part->language, field->value);
	else if (bytes_equal_nocase(name, BYTES("Location")))
		read_text(s, &part->location, field->value);
}

static bool is_type(const struct mime_part *part, const char *type, const char *subtype)
{
	return bytes_equal_nocase(part->type, bytes_text(type)) && (subtype == NULL || bytes_equal_nocase(part->subtype, bytes_text(subtype)));
}

static void read_header(struct mime_scan *s, struct mime_part *part)
{
	struct bytes rest = buffer_bytes(&s->header);
	struct header_field field;

	while (header_next(&rest, &field)) {
		if (field.name.len > 8 && (field.name.at[0] | 0x20) == 'c' && bytes_starts_nocase(field.name, BYTES("Content-")))
			read_field(s, part, &field);
	}
	if (part->type.len > 0)
		return;
	part->type = BYTES("text");
	part->subtype = BYTES("plain");
	if (part->parent != MIME_PART_NONE && is_type(&s->tree.parts[part->parent], "multipart", "digest")) {
		part->type = BYTES("message");          /* RFC 2046 5.1.5 */
		part->subtype = BYTES("rfc822");
	}
}

/* The header of an enclosed message is the envelope of the part that encloses it. */
static void read_envelope(struct mime_scan *s, struct mime_part *outer)
{
	buffer_clear(&s->scratch);
	summary_envelope_pack(buffer_bytes(&s->header), &s->scratch);
	outer->envelope = arena_bytes(&s->arena, buffer_bytes(&s->scratch));
}

static struct bytes find_boundary(const struct mime_part *part)
{
	struct bytes boundary = { 0 };

	if (!is_type(part, "multipart", NULL) || !content_parameter_find(part->parameters, part->n_parameters, "boundary", &boundary))
		return (struct bytes){ 0 };
	return boundary.len + 8 < LINE_MAX_DELIMITER ? boundary : (struct bytes){ 0 };
}

/* The header of the part being read is complete; its body begins here. */
static void start_body(struct mime_scan *s, uint64_t body_at, uint64_t first_line)
{
	struct level *level = &s->levels[s->depth - 1];
	struct mime_part *part = &s->tree.parts[level->part];

	part->header_len = body_at - part->header_at;
	part->body_at = body_at;
	level->first_line = first_line;
	s->in_header = false;
	read_header(s, part);
	if (part->parent == MIME_PART_NONE) {
		struct buffer swap = s->root_header;
		s->root_header = s->header;
		s->header = swap;
	} else if (s->tree.parts[part->parent].is_message) {
		read_envelope(s, &s->tree.parts[part->parent]);
	}
	level->boundary = find_boundary(part);
	if (level->boundary.len > 0)
		s->n_open++;
	else if ((is_type(part, "message", "rfc822") || is_type(part, "message", "global")) && push_part(s, body_at))
		s->tree.parts[level->part].is_message = true;
}

/* The parts above level `keep` end: their last octet is before `end`. */
static void close_levels(struct mime_scan *s, size_t keep, uint64_t end, uint64_t end_line)
{
	while (s->depth > keep) {
		struct level *level = &s->levels[--s->depth];
		struct mime_part *part = &s->tree.parts[level->part];
		part->body_len = end > part->body_at ? end - part->body_at : 0;
		part->lines = end_line > level->first_line ? end_line - level->first_line : 0;
		s->n_open -= level->boundary.len > 0;
	}
}

/* What follows the boundary on its line.  RFC 2046 5.1.1: only padding, "--" before it closes. */
static bool is_delimiter_tail(struct bytes tail, bool *closes)
{
	*closes = tail.len >= 2 && tail.at[0] == '-' && tail.at[1] == '-';
	if (*closes)
		tail = bytes_skip(tail, 2);
	for (size_t i = 0; i < tail.len; i++) {
		if (!text_is_space((unsigned char)tail.at[i]))
			return false;
	}
	return true;
}

/* The level whose delimiter the line is, counted from 1; 0: none. */
static size_t match_delimiter(const struct mime_scan *s, struct bytes line, bool *closes)
{
	struct bytes text = bytes_skip(line, 2);

	for (size_t i = s->depth; i > 0; i--) {
		struct bytes boundary = s->levels[i - 1].boundary;
		if (boundary.len > 0 && text.len >= boundary.len && memcmp(text.at, boundary.at, boundary.len) == 0 &&
		    is_delimiter_tail(bytes_skip(text, boundary.len), closes))
			return i;
	}
	return 0;
}

static void pass_delimiter(struct mime_scan *s, size_t level, bool closes, uint64_t next_line_at)
{
	struct mime_part *newest = &s->tree.parts[s->levels[s->depth - 1].part];

	if (s->in_header && !closes && s->depth == level + 1 && newest->header_at == s->line_at) {
		newest->header_at = newest->body_at = next_line_at;     /* a delimiter right behind another is the same one */
		return;
	}
	while (s->in_header)
		start_body(s, s->line_at, s->n_lines);
	close_levels(s, level, s->line_at - s->line_end, s->n_lines - (s->line_end > 0));
	struct level *multipart = &s->levels[level - 1];
	if (closes) {
		multipart->boundary = (struct bytes){ 0 };
		s->n_open--;
	} else if (push_part(s, next_line_at)) {
		s->tree.parts[multipart->part].is_multipart = true;
	}
}

static void add_header(struct mime_scan *s, struct bytes octets)
{
	size_t room = s->header_max > s->header.len ? s->header_max - s->header.len : 0;

	buffer_add(&s->header, octets.at, octets.len < room ? octets.len : room);
}

/* A complete line of at most LINE_MAX_DELIMITER octets; s->at stands behind it. */
static void pass_line(struct mime_scan *s, struct bytes line)
{
	bool closes = false;
	size_t level = 0;

	if (s->n_open > 0 && line.len > 2 && line.at[0] == '-' && line.at[1] == '-')
		level = match_delimiter(s, line, &closes);
	if (level > 0) {
		pass_delimiter(s, level, closes, s->at);
	} else if (s->in_header) {
		add_header(s, line);
		if (line.at[0] == '\n' || (line.len == 2 && line.at[0] == '\r' && line.at[1] == '\n'))
			start_body(s, s->at, s->n_lines + 1);
	}
}

static void end_line(struct mime_scan *s, unsigned line_end)
{
	s->line_end = line_end;
	s->n_lines++;
	s->line_at = s->at;
}

/* Part of a line: its front is held until the rest comes, or given up when it is too long for a delimiter. */
static void pass_piece(struct mime_scan *s, struct bytes piece, bool ends)
{
	uint64_t before = s->at - s->line_at;
	bool ends_crlf = piece.len > 1 ? piece.at[piece.len - 2] == '\r' : before > 0 && s->last == '\r';

	s->at += piece.len;
	s->last = piece.at[piece.len - 1];
	if (before + piece.len <= LINE_MAX_DELIMITER) {
		buffer_add_bytes(&s->held, piece);
		if (ends) {
			pass_line(s, buffer_bytes(&s->held));
			buffer_clear(&s->held);
		}
	} else if (s->in_header) {
		add_header(s, buffer_bytes(&s->held));
		add_header(s, piece);
		buffer_clear(&s->held);
	} else {
		buffer_clear(&s->held);
	}
	if (ends)
		end_line(s, ends_crlf ? 2 : 1);
}

static void count_rest(struct mime_scan *s, struct bytes in)
{
	const char *at = in.at, *end = in.at + in.len;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		s->n_lines++;
		at++;
	}
	s->at += in.len;
	s->line_at = s->at;
}

void mime_scan_feed(struct mime_scan *s, struct bytes in)
{
	while (in.len > 0) {
		if (!s->in_header && s->n_open == 0) {
			count_rest(s, in);
			return;
		}
		const char *end = memchr(in.at, '\n', in.len);
		size_t len = end ? (size_t)(end - in.at) + 1 : in.len;
		if (!end || s->at > s->line_at || len > LINE_MAX_DELIMITER) {
			pass_piece(s, bytes_slice(in, 0, len), end != NULL);
		} else {
			s->at += len;
			if (s->in_header || in.at[0] == '-')
				pass_line(s, (struct bytes){ in.at, len });
			end_line(s, len > 1 && end[-1] == '\r' ? 2 : 1);
		}
		in.at += len;
		in.len -= len;
	}
}

const struct mime_tree *mime_scan_finish(struct mime_scan *s)
{
	if (s->held.len > 0) {          /* the last line has no line end */
		pass_line(s, buffer_bytes(&s->held));
		buffer_clear(&s->held);
	}
	while (s->in_header)
		start_body(s, s->at, s->n_lines);
	close_levels(s, 0, s->at, s->n_lines);
	return &s->tree;
}

struct bytes mime_scan_root_header(const struct mime_scan *s)
{
	return buffer_bytes(&s->root_header);
}
