#include "mailstore/store_fault_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "database/database_statement.h"

struct walk {
	struct database *db;
	int dir_fd;
	int64_t now_s;
	store_fault_file_fn *fn;
	void *owner;
};

static bool is_named(struct database *db, const char *name)
{
	struct database_statement *s = database_statement_begin(db, "SELECT 1 FROM message WHERE file = ?");

	database_statement_bind_text(s, 1, name);
	return database_statement_one(s, 0) == 1 || database_failed(db);
}

static void look_at(struct walk *walk, const char *name, int64_t message_id, int64_t wanted)
{
	struct store_fault_file fault = { .message_id = message_id, .wanted = wanted, .size = -1 };
	struct stat st;

	snprintf(fault.path, sizeof fault.path, "bodies/%.2s/%.32s", name, name);
	if (fstatat(walk->dir_fd, fault.path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		fault.size = (int64_t)st.st_size;
	/* the reaper may have been here since the list was read */
	if (fault.size == wanted || (wanted < 0 && fault.size >= 0) || (fault.size < 0 && !is_named(walk->db, name)))
		return;
	if (fault.size < 0)
		snprintf(fault.text, sizeof fault.text, "%s: missing, it is message %lld", fault.path, (long long)message_id);
	else
		snprintf(fault.text, sizeof fault.text, "%s: %lld octets, its message %lld has %lld", fault.path,
		         (long long)fault.size, (long long)message_id, (long long)wanted);
	walk->fn(walk->owner, &fault);
}

static void walk_named(struct walk *walk)
{
	struct database_statement *s = database_statement_begin(walk->db, "SELECT file, iif(codec = 0, size, -1), message_id FROM message WHERE file IS NOT NULL");
	struct arena arena = { 0 };
	struct named { struct named *next; const char *name; int64_t size, message_id; } *first = NULL;

	while (database_statement_step(s)) {
		struct named *named = arena_alloc(&arena, sizeof *named);
		*named = (struct named){ first, database_statement_text(s, 0, &arena), database_statement_int(s, 1), database_statement_int(s, 2) };
		first = named;
	}
	for (; first != NULL; first = first->next)
		look_at(walk, first->name, first->message_id, first->size);
	arena_reset(&arena);
}

static void walk_folder(struct walk *walk, unsigned n)
{
	char path[STORE_FILE_PATH_SIZE];
	struct dirent *entry;
	struct stat st;

	snprintf(path, sizeof path, "bodies/%02x", n);
	int fd = openat(walk->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	DIR *folder = fdopendir(fd);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		struct store_fault_file fault = { 0 };
		bool is_old = fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		              st.st_ctime <= walk->now_s - STORE_STRAY_AGE_S;
		if (!is_old || is_named(walk->db, entry->d_name))
			continue;
		snprintf(fault.path, sizeof fault.path, "bodies/%02x/%.255s", n, entry->d_name);
		snprintf(fault.text, sizeof fault.text, "%s: no message refers to it", fault.path);
		fault.size = (int64_t)st.st_size;
		walk->fn(walk->owner, &fault);
	}
	if (folder != NULL)
		closedir(folder);
	else
		close(fd);
}

void store_fault_files_walk(struct database *db, int dir_fd, int64_t now_s, store_fault_file_fn *fn, void *owner)
{
	struct walk walk = { db, dir_fd, now_s, fn, owner };

	walk_named(&walk);
	for (unsigned i = 0; i < 256; i++)
		walk_folder(&walk, i);
}
