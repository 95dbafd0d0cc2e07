#include "mailctl/mailctl_mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/memory.h"
#include "mailctl/mailctl_lines.h"
#include "mailctl/mailctl_mbox_name.h"
#include "message/date.h"

#define FLAG_LINE_MAX 4096              /* keywords of one letter */
#define PIECE ((size_t)64 * 1024)       /* read at least so much at once */

struct mbox {
	struct mailctl_source source;
	char **paths;                   /* sorted */
	size_t n_paths, path;           /* path: of those, the one after the file that is open */
	size_t root_len;                /* octets of a path before the folder's name; 0 = there is one file */
	struct mailctl_lines lines;
	char *folder;                   /* of the file that is open */
	char place[24];                 /* offset of the letter's From_ line */
	int64_t next_date_s;            /* of the From_ line that was met */
	uint64_t next_offset;
	uint64_t measured_end;          /* of the letter's body, by its Content-Length; 0 = it has none that holds */
	bool has_next;                  /* such a line was met: a letter begins */
	bool in_header, in_flag_line, drops_field;
	bool had_letter;                /* in this file */
	bool may_begin;                 /* the last line was empty: a letter may begin */
	bool holds_empty;               /* and is not given yet: before a From_ line it is the mbox's */
	struct buffer flag_line;
	struct arena arena;             /* keywords */
};

#define LENGTH "Content-Length:"

static const char *const dropped[] = { "Status:", "X-Status:", "X-Keywords:", "X-UID:", "X-IMAP:", "X-IMAPbase:", LENGTH };
#define N_WITH_FLAGS 3                  /* the first of them */
#define N_ALWAYS 6                      /* the length only when it holds: else who knows whose it is */

/* ---- which files ---- */

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void add_path(struct mbox *self, const char *path, uint64_t size)
{
	self->paths = xreallocarray(self->paths, self->n_paths + 1, sizeof *self->paths);
	self->paths[self->n_paths++] = xstrdup(path);
	self->source.total += size;
}

/* A file, or a link to one. */
static void add_entry(struct mbox *self, const FTSENT *entry)
{
	struct stat status;

	if (entry->fts_info == FTS_F)
		add_path(self, entry->fts_path, (uint64_t)entry->fts_statp->st_size);
	else if (entry->fts_info == FTS_SL && stat(entry->fts_path, &status) == 0 && S_ISREG(status.st_mode))
		add_path(self, entry->fts_path, (uint64_t)status.st_size);
}

static void add_folder(struct mbox *self, const char *path, struct error *err)
{
	char *roots[] = { xstrdup(path), NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);

	for (FTSENT *entry; walk != NULL && err->kind == ERROR_NONE && (entry = fts_read(walk)) != NULL;) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			error_set_errno(err, entry->fts_errno, "cannot read %s", entry->fts_path);
		else if (bytes_ends_nocase(bytes_text(entry->fts_name), BYTES(MAILCTL_MBOX_SUFFIX)))
			add_entry(self, entry);
	}
	if (walk != NULL)
		fts_close(walk);
	free(roots[0]);
	self->root_len = strlen(path) + (path[strlen(path) - 1] != '/');
	if (self->n_paths == 0 && err->kind == ERROR_NONE)
		error_set(err, ERROR_NOT_FOUND, "no file in %s ends in %s", path, MAILCTL_MBOX_SUFFIX);
}

static void close_mbox(struct mailctl_source *source)
{
	struct mbox *self = (struct mbox *)source;

	mailctl_lines_close(&self->lines);
	for (size_t i = 0; i < self->n_paths; i++)
		free(self->paths[i]);
	free(self->paths);
	free(self->folder);
	buffer_release(&self->flag_line);
	arena_reset(&self->arena);
	free(self);
}

/* ---- lines ---- */

/* Who names no zone means the own clock's, as Postfix, Dovecot and mutt do. */
static bool read_date(struct bytes text, int64_t *date_s)
{
	struct buffer zoned = { 0 };
	int offset_min;

	/* the first zone counts: this odd one only where there was none */
	buffer_add_bytes(&zoned, bytes_trim(text));
	buffer_add_text(&zoned, " +0001");
	bool ok = date_parse(buffer_bytes(&zoned), date_s, &offset_min);
	buffer_release(&zoned);
	if (ok && offset_min == 1) {
		int64_t local_s = *date_s + 60;
		*date_s = local_s - 60 * date_local_offset_min(local_s);
		*date_s = local_s - 60 * date_local_offset_min(*date_s);
	}
	return ok;
}

/* "From alice@a.test Sat Nov 21 10:22:25 2026": somebody, and a date. */
static bool is_from_line(struct bytes line, int64_t *date_s)
{
	if (!bytes_starts(line, BYTES("From ")))
		return false;
	struct bytes rest = bytes_skip(line, 5);
	size_t space = bytes_find(rest, ' ');
	return space < rest.len && bytes_find(rest, ':') < rest.len && read_date(bytes_skip(rest, space + 1), date_s);
}

static bool is_empty_line(struct bytes line)
{
	return (line.len == 1 && line.at[0] == '\n') || (line.len == 2 && line.at[0] == '\r');
}

static void meet_letter(struct mbox *self, int64_t date_s)
{
	self->has_next = true;
	self->next_date_s = date_s;
	self->next_offset = self->lines.offset;
}

static const struct { char letter; uint64_t flag; } flag_letters[] = {
	{ 'R', STORE_SEEN }, { 'A', STORE_ANSWERED }, { 'F', STORE_FLAGGED }, { 'D', STORE_DELETED }, { 'T', STORE_DRAFT },
};

static void take_flags(struct mbox *self)
{
	struct mailctl_letter *letter = &self->source.letter;
	struct bytes line = buffer_bytes(&self->flag_line);
	bool has_keywords = bytes_starts_nocase(line, BYTES("X-Keywords:"));
	struct bytes value = bytes_skip(line, bytes_find(line, ':') + 1);

	for (size_t i = 0; !has_keywords && i < value.len; i++)
		for (size_t k = 0; k < sizeof flag_letters / sizeof *flag_letters; k++)
			if (value.at[i] == flag_letters[k].letter)
				letter->flags |= flag_letters[k].flag;
	while (has_keywords && value.len > 0 && letter->n_keywords < STORE_KEYWORDS_MAX) {
		size_t len = 0;
		while (len < value.len && (unsigned char)value.at[len] > ' ')
			len++;
		if (len > 0)
			letter->keywords[letter->n_keywords++] = arena_printf(&self->arena, "%.*s", (int)len, value.at);
		value = bytes_skip(value, len == 0 ? 1 : len);
	}
	buffer_clear(&self->flag_line);
	self->in_flag_line = false;
}

/* A line of the header; appended unless it is one of the mbox's own. */
static void header_line(struct mbox *self, struct bytes piece, bool begins, struct buffer *out)
{
	bool continues = !begins || piece.at[0] == ' ' || piece.at[0] == '\t';

	if (!continues) {
		if (self->in_flag_line)
			take_flags(self);
		self->drops_field = false;
		for (size_t i = 0; i < (self->measured_end != 0 ? sizeof dropped / sizeof *dropped : N_ALWAYS); i++)
			if (bytes_starts_nocase(piece, bytes_text(dropped[i]))) {
				self->drops_field = true;
				self->in_flag_line = i < N_WITH_FLAGS;
			}
	}
	if (self->in_flag_line && self->flag_line.len < FLAG_LINE_MAX)
		buffer_add_bytes(&self->flag_line, piece);
	if (begins && is_empty_line(piece))
		self->in_header = false;
	if (!self->drops_field || !self->in_header)
		mailctl_lines_add(out, piece);
}

/* Of ">>From " one '>' goes. */
static struct bytes unquoted(struct bytes piece)
{
	size_t n = 0;

	while (n < piece.len && piece.at[n] == '>')
		n++;
	return n > 0 && bytes_starts(bytes_skip(piece, n), BYTES("From ")) ? bytes_skip(piece, 1) : piece;
}

static void take_line(struct mbox *self, struct bytes piece, bool begins, struct buffer *out)
{
	bool is_empty = begins && is_empty_line(piece), is_measured = self->lines.offset < self->measured_end;

	if (self->holds_empty)
		buffer_add_text(out, "\r\n");
	self->holds_empty = is_empty && !self->in_header && !is_measured;
	self->may_begin = is_measured ? self->lines.next_offset >= self->measured_end : is_empty;
	if (self->in_header)
		header_line(self, piece, begins, out);
	else if (!self->holds_empty)
		mailctl_lines_add(out, begins && !is_measured ? unquoted(piece) : piece);
}

static bool read_mbox(struct mailctl_source *source, struct buffer *out, struct error *err)
{
	struct mbox *self = (struct mbox *)source;
	size_t from = out->len;
	struct bytes piece;
	int64_t date_s;
	bool begins, is_over = self->has_next;

	while (!is_over && out->len < from + PIECE) {
		is_over = !mailctl_lines_next(&self->lines, &piece, &begins, err);
		if (is_over)
			break;
		source->done += piece.len;
		is_over = begins && self->may_begin && is_from_line(piece, &date_s);
		if (is_over)
			meet_letter(self, date_s);
		else
			take_line(self, piece, begins, out);
	}
	if (is_over && self->in_flag_line)
		take_flags(self);
	return out->len > from;
}

/* Over what stands before the first letter, or behind one that was not read to its end. */
static bool find_letter(struct mbox *self, struct error *err)
{
	struct bytes piece;
	int64_t date_s;
	bool begins;

	while (!self->has_next && mailctl_lines_next(&self->lines, &piece, &begins, err)) {
		self->source.done += piece.len;
		if (begins && self->may_begin && is_from_line(piece, &date_s))
			meet_letter(self, date_s);
		self->may_begin = begins && is_empty_line(piece);
		/* only empty lines may stand before the first letter */
		if (!self->has_next && !self->may_begin && !self->had_letter)
			return error_set(err, ERROR_SYNTAX, "%s is no mbox: it does not begin with \"From\", a sender and a date", self->paths[self->path - 1]);
	}
	return self->has_next;
}

/* ---- the header, before it is read ---- */

/* The value of the last field of that name ("Name:"), and where the header ends in the file; false: it has none, or its end is too far. */
static bool find_ahead(struct mbox *self, struct bytes name, struct bytes *value, uint64_t *header_end)
{
	struct bytes ahead = mailctl_lines_ahead(&self->lines), rest = ahead, line;
	bool found = false;

	while (bytes_cut(&rest, '\n', &line)) {
		if (bytes_ends_nocase(line, BYTES("\r")))
			line.len--;
		if (line.len == 0) {
			*header_end = self->lines.next_offset + (uint64_t)(rest.at - ahead.at);
			return found;
		}
		if (bytes_starts_nocase(line, name)) {
			*value = bytes_trim(bytes_skip(line, name.len));
			found = true;
		}
	}
	return false;
}

/* The first letter of an mbox that Dovecot, Pine or UW IMAP emptied says that it is none: it keeps what they know of the folder. */
static bool is_about_folder(struct mbox *self)
{
	struct bytes value;
	uint64_t header_end;

	return !self->had_letter && find_ahead(self, BYTES("X-IMAP:"), &value, &header_end) && find_ahead(self, BYTES("Subject:"), &value, &header_end) &&
	       bytes_starts(value, BYTES("DON'T DELETE THIS MESSAGE"));
}

/* ---- Content-Length: who writes one quotes nothing ---- */

/* It holds when the file ends there, or the next letter begins, with an empty line before it or without. */
static bool is_end(const struct mbox *self, uint64_t at)
{
	char room[512];
	ssize_t n = pread(self->lines.fd, room, sizeof room, (off_t)at - 1);
	struct bytes rest = bytes_of(room, n > 0 ? (size_t)n : 0), line;
	int64_t date_s;

	if (n <= 1)
		return n == 1;
	bool begins = rest.at[0] == '\n';
	rest = bytes_skip(rest, 1);
	bool ends = bytes_starts(rest, BYTES("\n")) || bytes_starts(rest, BYTES("\r\n"));
	if (ends)
		rest = bytes_skip(rest, rest.at[0] == '\r' ? 2 : 1);
	bytes_cut(&rest, '\n', &line);
	return (begins || ends) && ((line.len == 0 && rest.len == 0) || is_from_line(line, &date_s));
}

static uint64_t measure(struct mbox *self)
{
	uint64_t header_end, length;
	struct bytes value;

	return find_ahead(self, BYTES(LENGTH), &value, &header_end) && bytes_to_u64(value, INT64_MAX / 2, &length) && is_end(self, header_end + length) ?
		header_end + length : 0;
}

static void begin_letter(struct mbox *self)
{
	self->measured_end = measure(self);
	self->has_next = false;
	self->had_letter = true;
	self->in_header = true;
	self->in_flag_line = self->drops_field = self->may_begin = self->holds_empty = false;
	buffer_clear(&self->flag_line);
	arena_reset(&self->arena);
	self->source.letter.internal_date_s = self->next_date_s;
	snprintf(self->place, sizeof self->place, "%llu", (unsigned long long)self->next_offset);
	self->source.letter.place = self->place;
}

/* ---- files ---- */

/* Behind the letter that was imported last. */
static bool pass_over(struct mbox *self, const char *place, struct error *err)
{
	uint64_t offset = strtoull(place, NULL, 10);
	struct buffer passed = { 0 };

	if (!mailctl_lines_seek(&self->lines, offset, err))
		return false;
	self->source.done += offset;
	self->had_letter = true;
	if (!find_letter(self, err) || self->next_offset != offset)
		return err->kind == ERROR_NONE && error_set(err, ERROR_NOT_FOUND, "the letter at octet %s, the last that was imported, is not there any more: "
		                                            "--again imports all of it anew", place);
	begin_letter(self);
	while (read_mbox(&self->source, &passed, err))
		buffer_clear(&passed);
	buffer_release(&passed);
	return err->kind == ERROR_NONE;
}

static bool open_next_file(struct mbox *self, struct error *err)
{
	const char *path = self->paths[self->path++];

	mailctl_lines_close(&self->lines);
	free(self->folder);
	self->folder = self->root_len == 0 ? xstrdup("") : mailctl_mbox_folder(path + self->root_len);
	self->source.letter.folder = self->folder;
	self->has_next = self->had_letter = false;
	self->may_begin = true;
	if (!mailctl_lines_open(&self->lines, AT_FDCWD, path, err))
		return false;
	const char *place = mailctl_source_place(&self->source, self->folder);
	bool ok = place == NULL || pass_over(self, place, err) || error_prefix(err, "%s", path);
	self->source.letter.place = NULL;
	return ok;
}

static bool next_mbox(struct mailctl_source *source, struct error *err)
{
	struct mbox *self = (struct mbox *)source;

	bool found = self->lines.fd >= 0 && find_letter(self, err);
	if (found && is_about_folder(self)) {
		self->has_next = false;
		self->had_letter = true;
		found = find_letter(self, err);
	}
	if (found)
		begin_letter(self);
	else if (err->kind != ERROR_NONE || self->path == self->n_paths || !open_next_file(self, err))
		return false;
	return true;
}

static const struct mailctl_source_ops mbox_ops = { .next = next_mbox, .read = read_mbox, .close = close_mbox };

struct mailctl_source *mailctl_mbox_open(const char *path, struct error *err)
{
	struct mbox *self = xcalloc(1, sizeof *self);
	struct stat status;

	self->source.ops = &mbox_ops;
	self->lines.fd = -1;
	if (stat(path, &status) != 0) {
		error_set_errno(err, errno, "cannot open %s", path);
	} else if (S_ISDIR(status.st_mode)) {
		add_folder(self, path, err);
	} else {
		add_path(self, path, (uint64_t)status.st_size);
	}
	if (self->n_paths > 0 && err->kind == ERROR_NONE)
		return &self->source;
	close_mbox(&self->source);
	return NULL;
}
