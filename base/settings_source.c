#include "base/settings_source.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define SOURCE_MAX (1u << 20)
#define DEPTH_MAX  10

/* Where reading stands in one file. */
struct reading {
	struct settings_source *source;
	struct bytes rest;
	const char *file;               /* for messages */
	const char *folder_of;          /* includes are beside this file; NULL: none allowed */
	int line, depth;
	bool at_line_start;
	struct arena *arena;
	struct error *err;
};

static bool read_text(struct reading *r);

static bool refuse(const struct reading *r, const char *what)
{
	return error_set(r->err, ERROR_SYNTAX, "%s:%d: %s", r->file, r->line, what);
}

static void note_line(struct reading *r)
{
	struct settings_source *s = r->source;

	if (s->n_lines == s->capacity) {
		s->capacity = s->capacity > 0 ? s->capacity * 2 : 64;
		s->lines = xreallocarray(s->lines, s->capacity, sizeof *s->lines);
	}
	s->lines[s->n_lines++] = (struct settings_origin){ r->file, r->line };
}

/* Move n octets from the file to the text. */
static void copy(struct reading *r, size_t n)
{
	for (size_t i = 0; i < n && i < r->rest.len; i++) {
		char octet = r->rest.at[i];
		buffer_add_octet(&r->source->text, octet);
		if (octet == '\n') {
			r->line++;
			note_line(r);
		}
		if (!text_is_space((unsigned char)octet))
			r->at_line_start = false;
		else if (octet == '\n')
			r->at_line_start = true;
	}
	r->rest = bytes_skip(r->rest, n);
}

/* Octets of the quoted text at the front; more than there are when it has no end. */
static size_t string_len(struct bytes text)
{
	size_t len = 1;

	while (len < text.len && text.at[len] != '"')
		len += text.at[len] == '\\' ? 2 : 1;
	return len + 1;
}

/* Length of the comment at the front, 0 when there is none; more than there is when it has no end. */
static size_t comment_len(struct bytes text)
{
	if (bytes_starts(text, BYTES("#")) || bytes_starts(text, BYTES("//")))
		return bytes_find(text, '\n');
	if (!bytes_starts(text, BYTES("/*")))
		return 0;
	return 2 + bytes_find_bytes(bytes_skip(text, 2), BYTES("*/")) + 2;
}

static bool is_word_octet(char octet)
{
	return text_is_alpha((unsigned char)octet) || text_is_digit((unsigned char)octet) || octet == '_' ||
	       octet == '-' || octet == '*' || octet == '.';
}

static bool is_number_too_large(struct bytes word)
{
	uint64_t value;
	char digits[32];

	if (word.len > 2 && (word.at[1] == 'x' || word.at[1] == 'X')) {
		if (word.len < sizeof digits && strspn(word.at + 2, "0123456789abcdefABCDEF") >= word.len - 2)
			return word.len > 2 + 8;
		return false;
	}
	for (size_t i = 0; i < word.len; i++) {
		if (!text_is_digit((unsigned char)word.at[i]))
			return false;
	}
	return !bytes_to_u64(word, INT32_MAX, &value);
}

static bool read_word(struct reading *r)
{
	size_t len = 0;

	while (len < r->rest.len && is_word_octet(r->rest.at[len]))
		len++;
	struct bytes word = bytes_slice(r->rest, 0, len);
	/* a sign is no part of the number's size */
	if (is_number_too_large(word.len > 0 && word.at[0] == '-' ? bytes_skip(word, 1) : word)) {
		return error_set(r->err, ERROR_SYNTAX, "%s:%d: %.*s is too large for a plain number: write it in quotes",
		                 r->file, r->line, BYTES_PRINT(word));
	}
	copy(r, len);
	return true;
}

static bool read_file(const char *path, struct buffer *text, struct error *err)
{
	FILE *file = fopen(path, "re");
	size_t n;

	if (file == NULL)
		return error_set_errno(err, errno, "%s", path);
	do {
		n = fread(buffer_reserve(text, 4096), 1, 4096, file);
		buffer_added(text, n);
	} while (n > 0 && text->len <= SOURCE_MAX);
	bool failed = ferror(file);
	int reason = errno;
	fclose(file);
	if (failed)
		return error_set_errno(err, reason, "%s", path);
	if (text->len > SOURCE_MAX)
		return error_set(err, ERROR_LIMIT, "%s: more than 1 MiB is no configuration", path);
	return true;
}

/* Put a file's text where reading stands.  On failure the error names the outermost line that led there. */
static bool include_file(struct reading *outer, const char *path)
{
	struct buffer text = { 0 };
	struct reading r = *outer;

	r.file = path;
	r.line = 1;
	r.depth++;
	r.at_line_start = true;
	bool ok = read_file(path, &text, r.err);
	if (ok) {
		r.rest = buffer_bytes(&text);
		ok = read_text(&r);
	} else if (r.depth > 1) {
		error_prefix(r.err, "%s:%d", outer->file, outer->line);
	}
	buffer_release(&text);
	return ok;
}

static bool read_include(struct reading *r)
{
	struct bytes rest = bytes_trim(bytes_skip(r->rest, strlen("@include"))), name;

	if (r->folder_of == NULL)
		return refuse(r, "@include is not possible here");
	if (!bytes_starts(rest, BYTES("\"")))
		return refuse(r, "@include wants a file name in quotes");
	rest = bytes_skip(rest, 1);
	if (!bytes_cut(&rest, '"', &name) || name.len == 0 || bytes_find(name, '\n') < name.len)
		return refuse(r, "@include wants a file name in quotes");
	if (r->depth >= DEPTH_MAX)
		return refuse(r, "@include goes too deep (a file that includes itself?)");
	const char *path = settings_source_beside(r->folder_of, arena_bytes(r->arena, name).at, r->arena);
	/* the included text gets lines of its own, and what follows the directive another */
	buffer_add_octet(&r->source->text, '\n');
	if (!include_file(r, path))
		return false;
	buffer_add_octet(&r->source->text, '\n');
	note_line(r);
	r->rest = rest;
	r->at_line_start = false;
	return true;
}

static bool read_text(struct reading *r)
{
	note_line(r);
	while (r->rest.len > 0) {
		char octet = r->rest.at[0];
		size_t comment = comment_len(r->rest);
		if (r->source->text.len > SOURCE_MAX)
			return refuse(r, "more than 1 MiB is no configuration");
		if (octet == '\0')
			return refuse(r, "a NUL is not text");
		if (comment > 0) {
			if (comment > r->rest.len)
				return refuse(r, "the comment that starts here has no end");
			copy(r, comment);
		} else if (octet == '"') {
			if (string_len(r->rest) > r->rest.len)
				return refuse(r, "the quotes that open here are never closed");
			copy(r, string_len(r->rest));
		} else if (r->at_line_start && bytes_starts(r->rest, BYTES("@include"))) {
			if (!read_include(r))
				return false;
		} else if (is_word_octet(octet)) {
			if (!read_word(r))
				return false;
		} else {
			copy(r, 1);
		}
	}
	return true;
}

bool settings_source_read(struct settings_source *source, const char *path, struct arena *arena, struct error *err)
{
	struct reading nowhere = {
		.source = source, .file = path, .folder_of = path, .arena = arena, .err = err,
	};

	return include_file(&nowhere, path);
}

bool settings_source_set(struct settings_source *source, const char *text, const char *path, struct arena *arena,
                         struct error *err)
{
	struct reading r = {
		.source = source, .rest = bytes_text(text), .file = path, .line = 1, .at_line_start = true,
		.arena = arena, .err = err,
	};

	return read_text(&r);
}

void settings_source_release(struct settings_source *source)
{
	buffer_release(&source->text);
	free(source->lines);
	*source = (struct settings_source){ 0 };
}

struct settings_origin settings_source_origin(const struct settings_source *source, int line)
{
	size_t i = line > 0 ? (size_t)line - 1 : 0;

	return source->lines[i < source->n_lines ? i : source->n_lines - 1];
}

const char *settings_source_beside(const char *path, const char *name, struct arena *arena)
{
	const char *slash = strrchr(path, '/');

	if (name[0] == '/' || slash == NULL)
		return name;
	return arena_printf(arena, "%.*s/%s", (int)(slash - path), path, name);
}
