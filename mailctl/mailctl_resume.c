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

#define N_LINES 4

/* uidvalidity next_uid n_letters, then into, folder and place, a line each; the last two empty before the first letter. */
static void read_file(struct mailctl_resume *resume)
{
	FILE *file = fopen(resume->path, "re");
	char *lines[N_LINES] = { 0 };
	size_t sizes[N_LINES] = { 0 }, n = 0;
	uint32_t uidvalidity, next_uid;

	while (file != NULL && n < N_LINES && getline(&lines[n], &sizes[n], file) > 0) {
		lines[n][strcspn(lines[n], "\n")] = '\0';
		n++;
	}
	if (n == N_LINES && sscanf(lines[0], "%" SCNu32 " %" SCNu32 " %" SCNu64, &uidvalidity, &next_uid, &resume->n_letters) == 3) {
		mailctl_resume_into(resume, lines[1], uidvalidity, next_uid);
		if (*lines[3] != '\0')
			mailctl_resume_at(resume, lines[2], lines[3]);
	}
	for (size_t i = 0; i < N_LINES; i++)
		free(lines[i]);
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
	free(resume->folder);
	free(resume->place);
	free(resume->into);
	*resume = (struct mailctl_resume){ .path = resume->path };
}

void mailctl_resume_release(struct mailctl_resume *resume)
{
	clear(resume);
	free(resume->path);
	resume->path = NULL;
}

static void set(char **text, const char *to)
{
	free(*text);
	*text = xstrdup(to);
}

void mailctl_resume_at(struct mailctl_resume *resume, const char *folder, const char *place)
{
	set(&resume->folder, folder);
	set(&resume->place, place);
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
	bool ok = file != NULL && fprintf(file, "%" PRIu32 " %" PRIu32 " %" PRIu64 "\n%s\n%s\n%s\n", resume->uidvalidity, resume->next_uid,
	                                  resume->n_letters, resume->into, resume->place == NULL ? "" : resume->folder,
	                                  resume->place == NULL ? "" : resume->place) > 0;

	ok = file != NULL && fclose(file) == 0 && ok && rename(new_path, resume->path) == 0;
	if (!ok)
		error_set_errno(err, errno, "cannot write %s", new_path);
	free(new_path);
	return ok;
}

void mailctl_resume_forget(struct mailctl_resume *resume)
{
	unlink(resume->path);
	clear(resume);
}
