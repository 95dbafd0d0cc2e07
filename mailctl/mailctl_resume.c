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

static void set(char **text, const char *to)
{
	free(*text);
	*text = xstrdup(to);
}

/* uidvalidity next_uid n_letters, then into, then folder and place of each folder, a line each; empty before the first letter. */
static void read_file(struct mailctl_resume *resume)
{
	FILE *file = fopen(resume->path, "re");
	char *line = NULL, *folder = NULL;
	size_t size = 0;
	uint32_t uidvalidity = 0, next_uid = 0;

	for (size_t n = 0; file != NULL && getline(&line, &size, file) > 0; n++) {
		line[strcspn(line, "\n")] = '\0';
		if (n == 0 && sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu64, &uidvalidity, &next_uid, &resume->n_letters) != 3)
			break;
		if (n == 1)
			mailctl_resume_into(resume, line, uidvalidity, next_uid);
		if (n < 2)
			continue;
		if (n % 2 == 0)
			set(&folder, line);
		else if (*line != '\0')
			mailctl_resume_at(resume, folder, line);
	}
	free(line);
	free(folder);
	if (file != NULL)
		fclose(file);
}

bool mailctl_resume_init(struct mailctl_resume *resume, const char *data_dir, const char *user, const char *folder, const char *source, struct error *err)
{
	char *where = xprintf("%s/import", data_dir);
	bool ok = mkdir(where, 0700) == 0 || errno == EEXIST;

	*resume = (struct mailctl_resume){ 0 };
	if (!ok)
		error_set_errno(err, errno, "cannot make %s", where);
	free(where);
	if (ok) {
		resume->path = file_name(data_dir, user, folder, source);
		read_file(resume);
	}
	return ok;
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

const char *mailctl_resume_place(const struct mailctl_resume *resume, const char *folder)
{
	const struct mailctl_resume_place *found = find(resume, folder);

	return found != NULL ? found->place : NULL;
}

void mailctl_resume_at(struct mailctl_resume *resume, const char *folder, const char *place)
{
	struct mailctl_resume_place *found = find(resume, folder);

	if (found == NULL) {
		resume->places = xreallocarray(resume->places, resume->n_places + 1, sizeof *resume->places);
		found = &resume->places[resume->n_places++];
		*found = (struct mailctl_resume_place){ .folder = xstrdup(folder) };
	}
	set(&found->place, place);
}

void mailctl_resume_into(struct mailctl_resume *resume, const char *folder, uint32_t uidvalidity, uint32_t next_uid)
{
	set(&resume->into, folder);
	resume->uidvalidity = uidvalidity;
	resume->next_uid = next_uid;
}

bool mailctl_resume_save(const struct mailctl_resume *resume, struct error *err)
{
	char *new_path = xprintf("%s.new", resume->path);
	FILE *file = fopen(new_path, "we");
	bool ok = file != NULL && fprintf(file, "%" PRIu32 " %" PRIu32 " %" PRIu64 "\n%s\n", resume->uidvalidity, resume->next_uid,
	                                  resume->n_letters, resume->into) > 0;

	for (size_t i = 0; ok && i < resume->n_places; i++)
		ok = fprintf(file, "%s\n%s\n", resume->places[i].folder, resume->places[i].place) > 0;
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
