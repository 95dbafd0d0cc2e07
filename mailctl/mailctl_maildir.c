#include "mailctl/mailctl_maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "imap/imap_mailbox_name.h"
#include "mailctl/mailctl_lines.h"

#define PIECE ((size_t)64 * 1024)

const struct mailctl_maildir_flag mailctl_maildir_flags[5] = {
	{ 'D', STORE_DRAFT }, { 'F', STORE_FLAGGED }, { 'R', STORE_ANSWERED }, { 'S', STORE_SEEN }, { 'T', STORE_DELETED },
};

struct names {
	char **at;
	size_t n, size;
};

struct maildir {
	struct mailctl_source source;
	int root_fd, fd;                /* fd: of the folder that is read */
	struct names folders, letters;  /* folders: names in the file system, "" the root; letters: "cur/…" and "new/…" */
	size_t folder, letter;          /* of those, the next ones */
	struct buffer folder_name;      /* for people: UTF-8, '/' */
	char keywords[MAILCTL_MAILDIR_KEYWORDS][MAILCTL_MAILDIR_KEYWORD_SIZE];
	struct mailctl_lines lines;
};

static void add_name(struct names *names, char *name)
{
	if (names->n == names->size) {
		names->size = names->size * 2 + 64;
		names->at = xreallocarray(names->at, names->size, sizeof *names->at);
	}
	names->at[names->n++] = name;
}

static void clear_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->at[i]);
	names->n = 0;
}

/* By what is behind the slash: a letter's unique name, which stays when it moves from new to cur or changes flags. */
static const char *unique(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

static int compare(const void *a, const void *b)
{
	return strcmp(unique(*(char *const *)a), unique(*(char *const *)b));
}

static void close_maildir(struct mailctl_source *source)
{
	struct maildir *self = (struct maildir *)source;

	mailctl_lines_close(&self->lines);
	if (self->fd >= 0)
		close(self->fd);
	if (self->root_fd >= 0)
		close(self->root_fd);
	clear_names(&self->folders);
	clear_names(&self->letters);
	free(self->folders.at);
	free(self->letters.at);
	buffer_release(&self->folder_name);
	free(self);
}

static DIR *open_folder(int dir_fd, const char *path)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (folder == NULL && fd >= 0)
		close(fd);
	return folder;
}

/* What somebody else left there is no letter: a folder cannot be read, a pipe never ends. */
static bool is_letter(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && (entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN);
}

static bool list_letters(struct maildir *self, const char *where, struct error *err)
{
	DIR *folder = open_folder(self->fd, where);

	if (folder == NULL)
		return errno == ENOENT || error_set_errno(err, errno, "cannot read %s", where);
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		if (is_letter(entry))
			add_name(&self->letters, xprintf("%s/%s", where, entry->d_name));
	closedir(folder);
	return true;
}

/* dovecot-keywords: "0 $Forwarded" stands for the letter a. */
void mailctl_maildir_keywords(int folder_fd, char keywords[MAILCTL_MAILDIR_KEYWORDS][MAILCTL_MAILDIR_KEYWORD_SIZE])
{
	struct error ignored = { 0 };
	struct mailctl_lines lines;
	struct bytes piece;
	bool begins;

	memset(keywords, 0, MAILCTL_MAILDIR_KEYWORDS * sizeof *keywords);
	if (!mailctl_lines_open(&lines, folder_fd, "dovecot-keywords", &ignored))
		return;
	while (mailctl_lines_next(&lines, &piece, &begins, &ignored)) {
		struct bytes number;
		uint64_t n;
		while (piece.len > 0 && (unsigned char)piece.at[piece.len - 1] <= ' ')
			piece.len--;
		if (bytes_cut(&piece, ' ', &number) && bytes_to_u64(number, MAILCTL_MAILDIR_KEYWORDS - 1, &n))
			bytes_copy_text(piece, keywords[n], MAILCTL_MAILDIR_KEYWORD_SIZE);
	}
	mailctl_lines_close(&lines);
}

static void show_folder_name(struct maildir *self, const char *name)
{
	struct buffer raw = { 0 };

	for (const char *at = *name == '.' ? name + 1 : name; *at != '\0'; at++) {
		if (*at == '\\' && strncmp(at, "\\2e", 3) == 0) {
			buffer_add_octet(&raw, '.');
			at += 2;
		} else {
			buffer_add_octet(&raw, *at == '.' ? '/' : *at);
		}
	}
	buffer_clear(&self->folder_name);
	if (!imap_mailbox_name_decode(buffer_bytes(&raw), &self->folder_name))
		buffer_add_bytes(&self->folder_name, buffer_bytes(&raw));
	buffer_add_octet(&self->folder_name, '\0');
	buffer_release(&raw);
}

void mailctl_maildir_name(const char *folder, struct buffer *out)
{
	struct buffer utf7 = { 0 };

	imap_mailbox_name_encode(bytes_text(folder), &utf7);
	if (utf7.len > 0)
		buffer_add_octet(out, '.');
	for (size_t i = 0; i < utf7.len; i++) {
		if (utf7.at[i] == '.')
			buffer_add_text(out, "\\2e");
		else
			buffer_add_octet(out, utf7.at[i] == '/' ? '.' : utf7.at[i]);
	}
	buffer_release(&utf7);
}

static size_t unique_len(const char *place)
{
	return strcspn(unique(place), ":");
}

/* What sorts behind the letter that was imported last is left: one that is gone meanwhile does no harm. */
static void pass_over(struct maildir *self, const char *place)
{
	while (self->letter < self->letters.n) {
		const char *name = self->letters.at[self->letter];
		size_t len = unique_len(name), other = unique_len(place);
		int order = strncmp(unique(name), unique(place), len < other ? len : other);
		if (order > 0 || (order == 0 && len > other))
			break;
		self->letter++;
	}
	self->source.done += self->letter;
}

static bool open_next_folder(struct maildir *self, struct error *err)
{
	const char *name = self->folders.at[self->folder++];

	if (self->fd >= 0)
		close(self->fd);
	clear_names(&self->letters);
	self->letter = 0;
	self->fd = openat(self->root_fd, *name == '\0' ? "." : name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self->fd < 0)
		return error_set_errno(err, errno, "cannot open the folder %s", name);
	if (!list_letters(self, "cur", err) || !list_letters(self, "new", err))
		return *name == '\0' ? false : error_prefix(err, "%s", name);
	if (self->letters.n > 0)
		qsort(self->letters.at, self->letters.n, sizeof *self->letters.at, compare);
	mailctl_maildir_keywords(self->fd, self->keywords);
	show_folder_name(self, name);
	self->source.letter.folder = self->folder_name.at;
	const char *place = mailctl_source_place(&self->source, self->folder_name.at);
	if (place != NULL)
		pass_over(self, place);
	return true;
}

static void take_flags(struct maildir *self, const char *name)
{
	struct mailctl_letter *letter = &self->source.letter;
	const char *info = strstr(name, ":2,");

	for (const char *at = info == NULL ? "" : info + 3; *at != '\0'; at++) {
		for (size_t i = 0; i < 5; i++)
			if (*at == mailctl_maildir_flags[i].letter)
				letter->flags |= mailctl_maildir_flags[i].flag;
		if (*at >= 'a' && *at <= 'z' && self->keywords[*at - 'a'][0] != '\0' && letter->n_keywords < STORE_KEYWORDS_MAX)
			letter->keywords[letter->n_keywords++] = self->keywords[*at - 'a'];
	}
}

/* False: err is set, or it is none.  A mail program may have moved it since: then it is there under its new name next time.  A link may lead anywhere. */
static bool open_letter(struct maildir *self, const char *name, struct error *err)
{
	struct stat status;

	bool is_there = fstatat(self->fd, name, &status, 0) == 0;
	if (is_there && !S_ISREG(status.st_mode))
		return false;
	if (!is_there)
		error_set_errno(err, errno, "cannot open %s", name);
	if (is_there && mailctl_lines_open(&self->lines, self->fd, name, err)) {
		self->source.letter.internal_date_s = status.st_mtime;
		return true;
	}
	if (err->sys_errno == ENOENT || err->sys_errno == ELOOP)
		*err = (struct error){ 0 };
	else
		error_prefix(err, "%s", *self->folder_name.at != '\0' ? self->folder_name.at : "INBOX");
	return false;
}

static bool next_maildir(struct mailctl_source *source, struct error *err)
{
	struct maildir *self = (struct maildir *)source;
	struct error why = { 0 };
	const char *name;

	mailctl_lines_close(&self->lines);
	do {
		if (self->letter == self->letters.n)
			return self->folder < self->folders.n && open_next_folder(self, err);
		name = self->letters.at[self->letter++];
		source->done++;
	} while (!open_letter(self, name, &why) && why.kind == ERROR_NONE);
	if (why.kind != ERROR_NONE) {
		*err = why;
		return false;
	}
	source->letter.place = name;
	take_flags(self, name);
	return true;
}

static bool read_maildir(struct mailctl_source *source, struct buffer *out, struct error *err)
{
	struct maildir *self = (struct maildir *)source;
	size_t from = out->len;
	struct bytes piece;
	bool begins;

	while (out->len < from + PIECE && mailctl_lines_next(&self->lines, &piece, &begins, err))
		mailctl_lines_add(out, piece);
	return out->len > from;
}

static const struct mailctl_source_ops maildir_ops = { .next = next_maildir, .read = read_maildir, .close = close_maildir };

/* Also one that cannot be read: it is not passed over in silence. */
static bool is_maildir(int dir_fd, const char *name)
{
	char *path = xprintf("%s/cur", name);
	bool is = faccessat(dir_fd, path, F_OK, 0) == 0 || errno == EACCES;

	free(path);
	return is;
}

static uint64_t count_letters(int root_fd, const char *name, const char *where)
{
	char *path = xprintf("%s/%s", *name == '\0' ? "." : name, where);
	DIR *folder = open_folder(root_fd, path);
	uint64_t n = 0;

	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		n += is_letter(entry);
	if (folder != NULL)
		closedir(folder);
	free(path);
	return n;
}

struct mailctl_source *mailctl_maildir_open(const char *path, struct error *err)
{
	struct maildir *self = xcalloc(1, sizeof *self);
	DIR *root = open_folder(AT_FDCWD, path);

	self->source.ops = &maildir_ops;
	self->fd = self->lines.fd = -1;
	self->root_fd = root == NULL ? -1 : dup(dirfd(root));
	if (self->root_fd < 0 || !is_maildir(self->root_fd, ".")) {
		if (self->root_fd < 0)
			error_set_errno(err, errno, "cannot open %s", path);
		else
			error_set(err, ERROR_NOT_FOUND, "%s is no Maildir: it has no folder cur", path);
		if (root != NULL)
			closedir(root);
		close_maildir(&self->source);
		return NULL;
	}
	add_name(&self->folders, xstrdup(""));
	for (struct dirent *entry; (entry = readdir(root)) != NULL;)
		if (entry->d_name[0] == '.' && entry->d_name[1] != '.' && entry->d_name[1] != '\0' && is_maildir(self->root_fd, entry->d_name))
			add_name(&self->folders, xstrdup(entry->d_name));
	closedir(root);
	qsort(self->folders.at, self->folders.n, sizeof *self->folders.at, compare);
	for (size_t i = 0; i < self->folders.n; i++)
		self->source.total += count_letters(self->root_fd, self->folders.at[i], "cur") + count_letters(self->root_fd, self->folders.at[i], "new");
	return &self->source;
}
