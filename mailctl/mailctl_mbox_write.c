#include "mailctl/mailctl_mbox_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "mailctl/mailctl_lines_out.h"
#include "mailctl/mailctl_mbox_name.h"
#include "message/date.h"

struct mbox_sink {
	struct mailctl_sink sink;
	char *root;                     /* the file, or the folder of files */
	char *path, *part;              /* of the file that is written; NULL = none */
	FILE *file;
	bool is_whole_already;          /* the file stands from an export before */
	const struct store_snapshot *snapshot;
	const struct store_message *message;
	struct mailctl_lines_out lines;
	bool in_header;
	bool is_first;                  /* of its file: not begun */
};

static bool make_folders(char *path, struct error *err)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
		if (!ok)
			error_set_errno(err, errno, "cannot make %s", path);
		*slash = '/';
		if (!ok)
			return false;
	}
	return true;
}

static bool end_file(struct mbox_sink *self, bool keep, struct error *err)
{
	bool ok = true;

	if (self->file != NULL) {
		ok = fflush(self->file) == 0 && fsync(fileno(self->file)) == 0;
		ok = fclose(self->file) == 0 && ok;
		if (!ok)
			error_set_errno(err, errno, "cannot write %s", self->part);
		if (!ok || !keep)
			unlink(self->part);
		/* not rename: it would replace a file that came meanwhile */
		else if (link(self->part, self->path) != 0)
			ok = error_set_errno(err, errno, "cannot name %s", self->path);
		else
			unlink(self->part);
	}
	self->file = NULL;
	free(self->path);
	free(self->part);
	self->path = self->part = NULL;
	return ok;
}

static bool enter(struct mailctl_sink *sink, const char *folder, const struct store_snapshot *snapshot, struct error *err)
{
	struct mbox_sink *self = (struct mbox_sink *)sink;

	if (!end_file(self, true, err))
		return false;
	self->snapshot = snapshot;
	self->is_first = true;
	char *name = sink->takes_folders ? mailctl_mbox_name(folder) : NULL;
	self->path = name != NULL ? xprintf("%s%s", self->root, name) : xstrdup(self->root);
	free(name);
	self->part = xprintf("%s.part", self->path);
	self->is_whole_already = sink->takes_folders && access(self->path, F_OK) == 0;
	if (self->is_whole_already)
		return true;
	if (!make_folders(self->part, err))
		return false;
	self->file = fopen(self->part, "we");
	return self->file != NULL || error_set_errno(err, errno, "cannot make %s", self->part);
}

static bool has(struct mailctl_sink *sink, const struct store_message *message)
{
	(void)message;
	return ((struct mbox_sink *)sink)->is_whole_already;
}

static bool begin(struct mailctl_sink *sink, const struct store_message *message, struct error *err)
{
	struct mbox_sink *self = (struct mbox_sink *)sink;
	struct date_civil at;
	int offset_min = date_local_offset_min(message->internal_date_s), zone = offset_min < 0 ? -offset_min : offset_min;

	/* most readers take it for the own clock's time; the zone is for those who can tell */
	date_to_civil(message->internal_date_s + 60 * offset_min, &at);
	self->message = message;
	self->in_header = true;
	self->lines = (struct mailctl_lines_out){ 0 };
	return fprintf(self->file, "From MAILER-DAEMON %s %s %2d %02d:%02d:%02d %04lld %c%02d%02d\n", date_weekday_name(at.weekday), date_month_name(at.month),
	               at.day, at.hour, at.minute, at.second, (long long)at.year, offset_min < 0 ? '-' : '+', zone / 60, zone % 60) > 0 || error_set_errno(err, errno, "cannot write %s", self->part);
}

static void put_keywords(struct mbox_sink *self, const char *begin, uint64_t flags)
{
	bool has_some = false;

	for (int bit = STORE_KEYWORD_FIRST_BIT; bit < 63; bit++)
		if ((flags >> bit & 1) != 0 && self->snapshot->keywords.names[bit] != NULL) {
			fprintf(self->file, "%s %s", has_some ? "" : begin, self->snapshot->keywords.names[bit]);
			has_some = true;
		}
	if (has_some)
		fputc('\n', self->file);
}

/* Dovecot knows only keywords that the first message lists; it numbers the messages itself, so the UIDVALIDITY is not ours. */
static void put_base(struct mbox_sink *self)
{
	char begin[60];

	snprintf(begin, sizeof begin, "X-IMAPbase: %" PRIu32 " 0000000000", (uint32_t)clock_now_s());
	put_keywords(self, begin, UINT64_MAX);
	self->is_first = false;
}

static void put_flags(struct mbox_sink *self)
{
	uint64_t flags = self->message->flags;

	if (self->is_first)
		put_base(self);
	fprintf(self->file, "Status: %sO\n", flags & STORE_SEEN ? "R" : "");
	if (flags & (STORE_ANSWERED | STORE_FLAGGED | STORE_DELETED | STORE_DRAFT))
		fprintf(self->file, "X-Status: %s%s%s%s\n", flags & STORE_ANSWERED ? "A" : "", flags & STORE_FLAGGED ? "F" : "", flags & STORE_DRAFT ? "T" : "",
		        flags & STORE_DELETED ? "D" : "");
	put_keywords(self, "X-Keywords:", flags);
}

static bool needs_quote(struct bytes line)
{
	while (line.len > 0 && line.at[0] == '>')
		line = bytes_skip(line, 1);
	return bytes_starts(line, BYTES("From "));
}

static void put_line(void *owner, struct bytes line, bool begins)
{
	struct mbox_sink *self = owner;

	if (self->in_header && begins && line.at[0] == '\n') {
		put_flags(self);
		self->in_header = false;
	} else if (!self->in_header && begins && needs_quote(line)) {
		fputc('>', self->file);
	}
	fwrite(line.at, 1, line.len, self->file);
}

static bool write_octets(struct mailctl_sink *sink, struct bytes octets, struct error *err)
{
	struct mbox_sink *self = (struct mbox_sink *)sink;

	mailctl_lines_out_feed(&self->lines, octets, put_line, self);
	return !ferror(self->file) || error_set_errno(err, errno, "cannot write %s", self->part);
}

static bool end(struct mailctl_sink *sink, struct error *err)
{
	struct mbox_sink *self = (struct mbox_sink *)sink;

	mailctl_lines_out_finish(&self->lines, true, put_line, self);
	if (self->in_header)
		put_flags(self);
	fputc('\n', self->file);
	return !ferror(self->file) || error_set_errno(err, errno, "cannot write %s", self->part);
}

static bool close_sink(struct mailctl_sink *sink, bool keep, struct error *err)
{
	struct mbox_sink *self = (struct mbox_sink *)sink;
	bool ok = end_file(self, keep, err);

	buffer_release(&self->lines.held);
	free(self->root);
	free(self);
	return ok;
}

static const struct mailctl_sink_ops mbox_ops = { enter, has, begin, write_octets, end, close_sink };

struct mailctl_sink *mailctl_mbox_write_open(const char *path, struct error *err)
{
	bool is_folder = path[strlen(path) - 1] == '/';

	if (!is_folder && access(path, F_OK) == 0) {
		error_set(err, ERROR_EXISTS, "%s exists", path);
		return NULL;
	}
	struct mbox_sink *self = xcalloc(1, sizeof *self);
	self->sink = (struct mailctl_sink){ .ops = &mbox_ops, .takes_folders = is_folder };
	self->root = xstrdup(path);
	return &self->sink;
}
