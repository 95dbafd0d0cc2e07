#define _GNU_SOURCE                     /* syncfs */

#include "mailctl/mailctl_maildir_write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "mailctl/mailctl_lines_out.h"
#include "mailctl/mailctl_maildir.h"

#define NAME_MAX_LEN 160

struct maildir_sink {
	struct mailctl_sink sink;
	char *root;
	int fd;                         /* of the folder that is written */
	const struct store_snapshot *snapshot;
	char keywords[MAILCTL_MAILDIR_KEYWORDS][MAILCTL_MAILDIR_KEYWORD_SIZE];  /* behind the letters a, b, …; "" = none */
	int keyword_bits[MAILCTL_MAILDIR_KEYWORDS];     /* their flags; 0 = none of this mailbox */
	uint32_t *there;                /* UIDs of the files that are in the folder already, sorted */
	size_t n_there, there_size;
	char name[NAME_MAX_LEN];        /* "cur/…" of the letter that is written */
	FILE *file;                     /* tmp/letter */
	int64_t date_s;
	struct mailctl_lines_out lines;
};

static bool make_folder(int dir_fd, const char *path, struct error *err)
{
	return mkdirat(dir_fd, path, 0700) == 0 || errno == EEXIST || error_set_errno(err, errno, "cannot make %s", path);
}

static void assign_letter(struct maildir_sink *self, int bit)
{
	const char *name = self->snapshot->keywords.names[bit];
	size_t letter = 0;

	while (letter < MAILCTL_MAILDIR_KEYWORDS && strcasecmp(self->keywords[letter], name) != 0)
		letter++;
	for (size_t i = 0; i < MAILCTL_MAILDIR_KEYWORDS && letter == MAILCTL_MAILDIR_KEYWORDS; i++)
		if (self->keywords[i][0] == '\0')
			letter = i;
	if (letter < MAILCTL_MAILDIR_KEYWORDS && bytes_copy_text(bytes_text(name), self->keywords[letter], sizeof self->keywords[letter]))
		self->keyword_bits[letter] = bit;
}

/* 26 keywords of the mailbox have letters; dovecot-keywords says which, also to an export that goes on. */
static bool write_keywords(struct maildir_sink *self, struct error *err)
{
	bool has_some = false;

	mailctl_maildir_keywords(self->fd, self->keywords);
	memset(self->keyword_bits, 0, sizeof self->keyword_bits);
	for (int bit = STORE_KEYWORD_FIRST_BIT; bit < 63; bit++)
		if (self->snapshot->keywords.names[bit] != NULL)
			assign_letter(self, bit);
	for (size_t i = 0; i < MAILCTL_MAILDIR_KEYWORDS; i++)
		has_some = has_some || self->keywords[i][0] != '\0';
	if (!has_some)
		return true;
	int fd = openat(self->fd, "dovecot-keywords", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	for (size_t i = 0; file != NULL && i < MAILCTL_MAILDIR_KEYWORDS; i++)
		if (self->keywords[i][0] != '\0')
			fprintf(file, "%zu %s\n", i, self->keywords[i]);
	return (file != NULL && fclose(file) == 0) || error_set_errno(err, errno, "cannot write dovecot-keywords");
}

/* ---- what an export that was stopped has written: others may have given the files new flags since ---- */

static void note_file(struct maildir_sink *self, const char *name)
{
	uint32_t uidvalidity, uid;

	if (sscanf(name, "%*d.V%" SCNu32 "U%" SCNu32 ".posta", &uidvalidity, &uid) != 2 || uidvalidity != self->snapshot->mailbox.uidvalidity)
		return;
	if (self->n_there == self->there_size) {
		self->there_size = self->there_size * 2 + 1024;
		self->there = xreallocarray(self->there, self->there_size, sizeof *self->there);
	}
	self->there[self->n_there++] = uid;
}

static int compare_uids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void note_files(struct maildir_sink *self)
{
	static const char *const folders[] = { "cur", "new" };

	self->n_there = 0;
	for (size_t i = 0; i < 2; i++) {
		int fd = openat(self->fd, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *folder = fd < 0 ? NULL : fdopendir(fd);
		for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
			note_file(self, entry->d_name);
		if (folder != NULL)
			closedir(folder);
	}
	if (self->n_there > 0)
		qsort(self->there, self->n_there, sizeof *self->there, compare_uids);
}

static bool leave(struct maildir_sink *self, struct error *err)
{
	bool ok = self->fd < 0 || syncfs(self->fd) == 0 || error_set_errno(err, errno, "cannot sync %s", self->root);

	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
	return ok;
}

static bool enter(struct mailctl_sink *sink, const char *folder, const struct store_snapshot *snapshot, struct error *err)
{
	struct maildir_sink *self = (struct maildir_sink *)sink;
	struct buffer name = { 0 };

	if (!leave(self, err))
		return false;
	buffer_printf(&name, "%s/", self->root);
	mailctl_maildir_name(folder, &name);
	self->snapshot = snapshot;
	bool ok = make_folder(AT_FDCWD, self->root, err) && make_folder(AT_FDCWD, name.at, err);
	if (ok)
		self->fd = open(name.at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = ok && (self->fd >= 0 || error_set_errno(err, errno, "cannot open %s", name.at)) && make_folder(self->fd, "cur", err) &&
	     make_folder(self->fd, "new", err) && make_folder(self->fd, "tmp", err) && write_keywords(self, err);
	if (ok)
		note_files(self);
	/* what Maildir++ knows a subfolder by */
	int mark = ok && *folder != '\0' ? openat(self->fd, "maildirfolder", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (mark >= 0)
		close(mark);
	buffer_release(&name);
	return ok;
}

static void choose_name(struct maildir_sink *self, const struct store_message *message)
{
	struct buffer name = { 0 };

	buffer_printf(&name, "cur/%" PRId64 ".V%" PRIu32 "U%010" PRIu32 ".posta:2,", message->internal_date_s, self->snapshot->mailbox.uidvalidity, message->uid);
	for (size_t i = 0; i < sizeof mailctl_maildir_flags / sizeof *mailctl_maildir_flags; i++)
		if (message->flags & mailctl_maildir_flags[i].flag)
			buffer_add_octet(&name, mailctl_maildir_flags[i].letter);
	for (size_t i = 0; i < MAILCTL_MAILDIR_KEYWORDS; i++)
		if (self->keyword_bits[i] != 0 && (message->flags >> self->keyword_bits[i] & 1))
			buffer_add_octet(&name, (char)('a' + i));
	bytes_copy_text(buffer_bytes(&name), self->name, sizeof self->name);
	buffer_release(&name);
}

static bool has(struct mailctl_sink *sink, const struct store_message *message)
{
	struct maildir_sink *self = (struct maildir_sink *)sink;

	return self->n_there > 0 && bsearch(&message->uid, self->there, self->n_there, sizeof *self->there, compare_uids) != NULL;
}

static bool begin(struct mailctl_sink *sink, const struct store_message *message, struct error *err)
{
	struct maildir_sink *self = (struct maildir_sink *)sink;
	int fd = openat(self->fd, "tmp/letter", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	choose_name(self, message);
	self->date_s = message->internal_date_s;
	self->lines = (struct mailctl_lines_out){ 0 };
	self->file = fd < 0 ? NULL : fdopen(fd, "w");
	return self->file != NULL || error_set_errno(err, errno, "cannot make a file in %s", self->root);
}

static void put_line(void *owner, struct bytes line, bool begins)
{
	struct maildir_sink *self = owner;

	(void)begins;
	fwrite(line.at, 1, line.len, self->file);
}

static bool write_octets(struct mailctl_sink *sink, struct bytes octets, struct error *err)
{
	struct maildir_sink *self = (struct maildir_sink *)sink;

	mailctl_lines_out_feed(&self->lines, octets, put_line, self);
	return !ferror(self->file) || error_set_errno(err, errno, "cannot write %s", self->name);
}

static bool end(struct mailctl_sink *sink, struct error *err)
{
	struct maildir_sink *self = (struct maildir_sink *)sink;

	mailctl_lines_out_finish(&self->lines, false, put_line, self);
	const struct timespec times[2] = { { .tv_sec = self->date_s }, { .tv_sec = self->date_s } };
	bool ok = fflush(self->file) == 0 && futimens(fileno(self->file), times) == 0;
	ok = fclose(self->file) == 0 && ok;
	self->file = NULL;
	return (ok && renameat(self->fd, "tmp/letter", self->fd, self->name) == 0) || error_set_errno(err, errno, "cannot write %s", self->name);
}

static bool close_sink(struct mailctl_sink *sink, bool keep, struct error *err)
{
	struct maildir_sink *self = (struct maildir_sink *)sink;

	(void)keep;
	if (self->file != NULL)
		fclose(self->file);
	if (self->fd >= 0)
		unlinkat(self->fd, "tmp/letter", 0);
	bool ok = leave(self, err);
	buffer_release(&self->lines.held);
	free(self->there);
	free(self->root);
	free(self);
	return ok;
}

static const struct mailctl_sink_ops maildir_ops = { enter, has, begin, write_octets, end, close_sink };

struct mailctl_sink *mailctl_maildir_write_open(const char *path, struct error *err)
{
	struct maildir_sink *self = xcalloc(1, sizeof *self);

	(void)err;
	self->sink = (struct mailctl_sink){ .ops = &maildir_ops, .takes_folders = true };
	self->root = xstrdup(path);
	self->fd = -1;
	return &self->sink;
}
