#include "mailctl/mailctl_resume.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "message/summary.h"

static char *file_name(const char *data_dir, const char *user, const char *folder, const char *source)
{
	char *slash = strchr(source, ':'), real[PATH_MAX];
	char *key = xprintf("%s\n%s\n%.*s%s", user, folder, (int)(slash - source), source, realpath(slash + 1, real) != NULL ? real : slash + 1);
	char *path = xprintf("%s/import/%016" PRIx64, data_dir, summary_id_hash(bytes_text(key)));

	free(key);
	return path;
}

/* Names of folders and letters may hold line ends: in the file a backslash and n stand for one, two backslashes for one. */
static char *unescape(char *line)
{
	char *to = line;

	line[strcspn(line, "\n")] = '\0';
	for (const char *at = line; *at != '\0'; at++) {
		bool is_escape = at[0] == '\\' && at[1] != '\0';
		at += is_escape;
		*to++ = (char)(is_escape && *at == 'n' ? '\n' : *at);
	}
	*to = '\0';
	return line;
}

static void write_line(FILE *file, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\\' || *at == '\n')
			fputc('\\', file);
		fputc(*at == '\n' ? 'n' : *at, file);
	}
	fputc('\n', file);
}

static void set(char **text, const char *to)
{
	free(*text);
	*text = xstrdup(to);
}

static struct mailctl_resume_place *add(struct mailctl_resume *resume, const char *folder)
{
	resume->places = xreallocarray(resume->places, resume->n_places + 1, sizeof *resume->places);
	struct mailctl_resume_place *place = &resume->places[resume->n_places++];
	*place = (struct mailctl_resume_place){ .folder = xstrdup(folder) };
	return place;
}

/* How many letters; into; then folder and "uidvalidity next_uid place" of each folder, a line each. */
static void read_file(struct mailctl_resume *resume)
{
	FILE *file = fopen(resume->path, "re");
	struct mailctl_resume_place *place = NULL;
	char *line = NULL;
	size_t size = 0;
	int at;

	for (size_t n = 0; file != NULL && getline(&line, &size, file) > 0; n++) {
		unescape(line);
		if (n == 0)
			resume->n_letters = strtoull(line, NULL, 10);
		else if (n == 1)
			set(&resume->into, line);
		else if (n % 2 == 0)
			place = add(resume, line);
		else if (sscanf(line, "%" SCNu32 " %" SCNu32 " %n", &place->uidvalidity, &place->next_uid, &at) == 2 && line[at] != '\0')
			set(&place->place, line + at);
	}
	free(line);
	if (file != NULL)
		fclose(file);
}

void mailctl_resume_init(struct mailctl_resume *resume, const char *data_dir, const char *user, const char *folder, const char *source)
{
	*resume = (struct mailctl_resume){ .path = file_name(data_dir, user, folder, source) };
	read_file(resume);
}

static void clear(struct mailctl_resume *resume)
{
	for (size_t i = 0; i < resume->n_places; i++) {
		free(resume->places[i].folder);
		free(resume->places[i].place);
	}
	free(resume->places);
	free(resume->into);
	*resume = (struct mailctl_resume){ .path = resume->path };
}

void mailctl_resume_release(struct mailctl_resume *resume)
{
	clear(resume);
	free(resume->path);
	resume->path = NULL;
}

/* From the last one: that is where letters come from. */
static struct mailctl_resume_place *find(const struct mailctl_resume *resume, const char *folder)
{
	for (size_t i = resume->n_places; i > 0; i--)
		if (strcmp(resume->places[i - 1].folder, folder) == 0)
			return &resume->places[i - 1];
	return NULL;
}

const struct mailctl_resume_place *mailctl_resume_find(const struct mailctl_resume *resume, const char *folder)
{
	return find(resume, folder);
}

void mailctl_resume_into(struct mailctl_resume *resume, const char *folder, uint32_t uidvalidity, uint32_t next_uid)
{
	struct mailctl_resume_place *place = find(resume, folder);

	set(&resume->into, folder);
	if (place == NULL)
		place = add(resume, folder);
	if (place->uidvalidity == uidvalidity)
		return;
	place->uidvalidity = uidvalidity;
	place->next_uid = next_uid;
}

void mailctl_resume_at(struct mailctl_resume *resume, const char *folder, const char *place, uint32_t next_uid)
{
	struct mailctl_resume_place *found = find(resume, folder);

	set(&found->place, place);
	found->next_uid = next_uid;
}

static bool make_folder(const char *path)
{
	char *folder = xstrdup(path);

	*strrchr(folder, '/') = '\0';
	bool ok = mkdir(folder, 0700) == 0 || errno == EEXIST;
	free(folder);
	return ok;
}

bool mailctl_resume_save(const struct mailctl_resume *resume, struct error *err)
{
	char *new_path = xprintf("%s.new", resume->path);
	FILE *file = make_folder(resume->path) ? fopen(new_path, "we") : NULL;
	bool ok = file != NULL;

	if (ok) {
		fprintf(file, "%" PRIu64 "\n", resume->n_letters);
		write_line(file, resume->into);
	}
	for (size_t i = 0; ok && i < resume->n_places; i++) {
		const struct mailctl_resume_place *place = &resume->places[i];
		write_line(file, place->folder);
		fprintf(file, "%" PRIu32 " %" PRIu32 " ", place->uidvalidity, place->next_uid);
		write_line(file, place->place != NULL ? place->place : "");
	}
	/* synced, so that after a loss of power the name leads to no empty file: all would come once more */
	ok = ok && !ferror(file) && fflush(file) == 0 && fdatasync(fileno(file)) == 0;
	ok = file != NULL && fclose(file) == 0 && ok && rename(new_path, resume->path) == 0;
	if (!ok)
		error_set_errno(err, errno, "cannot write %s", new_path);
	free(new_path);
	return ok;
}

void mailctl_resume_forget(struct mailctl_resume *resume, bool on_disk)
{
	if (on_disk)
		unlink(resume->path);
	clear(resume);
}
