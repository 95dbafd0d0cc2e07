#include "mailstore/care.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_file.h"
#include "mailstore/store_open.h"
#include "mailstore/store_schema.h"

#define FINDINGS_MAX 1000               /* more say nothing new */

struct check {
	struct database *db;
	int dir_fd;
	int64_t now_s;
	store_finding_fn *finding;
	void *owner;
	int n;
};

static void report(struct check *check, struct bytes text)
{
	char line[400];

	if (check->n++ >= FINDINGS_MAX)
		return;
	snprintf(line, sizeof line, "%.*s", BYTES_PRINT(text));
	check->finding(check->owner, line);
}

/* Each answers one text a finding.  ?1 is the time from which tombstones are young. */
static const char *const questions[] = {
	"SELECT printf('mailbox %d \"%w\" of user %d: counts %d messages, %d unseen, %d deleted, %d octets; has %d, %d, %d, %d', mailbox_id, name, user_id, "
	"n_messages, n_unseen, n_deleted, n_octets, ifnull(c, 0), ifnull(u, 0), ifnull(d, 0), ifnull(o, 0)) "
	"FROM mailbox LEFT JOIN (SELECT id >> 32 AS box, count(*) AS c, sum(flags & 1 = 0) AS u, sum(flags & 8 <> 0) AS d, sum(size) AS o "
	"FROM msg GROUP BY id >> 32) ON box = mailbox_id "
	"WHERE n_messages <> ifnull(c, 0) OR n_unseen <> ifnull(u, 0) OR n_deleted <> ifnull(d, 0) OR n_octets <> ifnull(o, 0)",

	"SELECT printf('user %d \"%w\": counts %d messages and %d octets; its mailboxes have %d and %d', u.user_id, u.name, "
	"used_messages, used_octets, ifnull(c, 0), ifnull(o, 0)) "
	"FROM user u LEFT JOIN (SELECT user_id AS id, sum(n_messages) AS c, sum(n_octets) AS o FROM mailbox GROUP BY user_id) ON id = u.user_id "
	"WHERE used_messages <> ifnull(c, 0) OR used_octets <> ifnull(o, 0)",

	"SELECT printf('mailbox %d: UIDNEXT %d is not above UID %d', mailbox_id, uidnext, top) FROM (SELECT mailbox_id, uidnext, "
	"max(ifnull((SELECT max(id) & 4294967295 FROM msg WHERE id BETWEEN mailbox_id << 32 AND mailbox_id << 32 | 4294967295), 0), "
	"ifnull((SELECT max(id) & 4294967295 FROM tomb WHERE id BETWEEN mailbox_id << 32 AND mailbox_id << 32 | 4294967295), 0)) AS top FROM mailbox) "
	"WHERE top >= uidnext",

	"SELECT printf('mailbox %d: modseq %d is below that of a message, %d', mailbox_id, modseq, top) FROM (SELECT mailbox_id, m.modseq, "
	"max(ifnull((SELECT max(g.modseq) FROM msg g WHERE g.id >> 32 = mailbox_id), 0), "
	"ifnull((SELECT max(t.modseq) FROM tomb t WHERE t.id >> 32 = mailbox_id), 0), vanished_floor) AS top FROM mailbox m) WHERE top > modseq",

	"SELECT printf('mailbox %d of user %d: no such user', mailbox_id, user_id) FROM mailbox WHERE user_id NOT IN (SELECT user_id FROM user)",
	"SELECT printf('user %d \"%w\": no INBOX', user_id, name) FROM user u WHERE NOT EXISTS "
	"(SELECT 1 FROM mailbox m WHERE m.user_id = u.user_id AND m.name = 'INBOX')",
	"SELECT printf('credential of user %d: no such user', user_id) FROM credential WHERE user_id NOT IN (SELECT user_id FROM user)",
	"SELECT printf('subscription of user %d: no such user', user_id) FROM subscription WHERE user_id NOT IN (SELECT user_id FROM user)",
	"SELECT printf('keyword %w of mailbox %d: no such mailbox', name, mailbox_id) FROM keyword WHERE mailbox_id NOT IN (SELECT mailbox_id FROM mailbox)",

	"SELECT printf('UID %d of mailbox %d: no such mailbox', id & 4294967295, id >> 32) FROM msg WHERE id >> 32 NOT IN (SELECT mailbox_id FROM mailbox)",
	"SELECT printf('UID %d of mailbox %d is there and expunged', id & 4294967295, id >> 32) FROM msg WHERE id IN (SELECT id FROM tomb)",
	"SELECT printf('UID %d of mailbox %d: message %d does not exist', g.id & 4294967295, g.id >> 32, g.message_id) FROM msg g "
	"WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = g.message_id)",
	"SELECT printf('UID %d of mailbox %d: has %d octets, its message %d', g.id & 4294967295, g.id >> 32, g.size, m.size) FROM msg g "
	"JOIN message m ON m.message_id = g.message_id WHERE m.size <> g.size",
	"SELECT printf('expunged UID %d of mailbox %d: message %d went too early', t.id & 4294967295, t.id >> 32, t.message_id) FROM tomb t "
	"WHERE t.at > ?1 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = t.message_id)",

	"SELECT printf('queue %d: message %d does not exist', queue_id, message_id) FROM qmsg q "
	"WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = q.message_id)",
	"SELECT printf('queue %d: counts %d recipients, has %d', queue_id, n_left, c) FROM (SELECT queue_id, n_left, "
	"(SELECT count(*) FROM qrcpt r WHERE r.queue_id = q.queue_id) AS c FROM qmsg q) WHERE n_left <> c",
	"SELECT printf('queue item %d: no message waits under %d', item_id, queue_id) FROM qrcpt r "
	"WHERE NOT EXISTS (SELECT 1 FROM qmsg q WHERE q.queue_id = r.queue_id)",
	"SELECT printf('queue item %d: leased to nobody known', item_id) FROM qrcpt WHERE token <> 0 AND token NOT IN (SELECT token FROM lease)",

	"SELECT printf('message %d: nobody points at it', message_id) FROM message m "
	"WHERE NOT EXISTS (SELECT 1 FROM msg g WHERE g.message_id = m.message_id) AND NOT EXISTS (SELECT 1 FROM qmsg q WHERE q.message_id = m.message_id) "
	"AND NOT EXISTS (SELECT 1 FROM gc WHERE gc.message_id = m.message_id)",
	"SELECT printf('message %d: %d octets, its chunks hold %d', message_id, size, held) FROM (SELECT message_id, size, "
	"(SELECT ifnull(sum(length(data)), 0) FROM chunk WHERE id BETWEEN message_id << 12 AND message_id << 12 | 4095) AS held "
	"FROM message WHERE file IS NULL) WHERE size <> held",
	"SELECT printf('chunk %d: message %d does not exist', id & 4095, id >> 12) FROM chunk c "
	"WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = c.id >> 12 AND m.file IS NULL)",
};

static void ask(struct check *check, const char *question)
{
	struct database_statement *s = database_statement_begin(check->db, question);

	if (strstr(question, "?1") != NULL)
		database_statement_bind_int(s, 1, check->now_s - STORE_RETAIN_S);
	while (database_statement_step(s))
		report(check, database_statement_bytes(s, 0));
}

static void check_integrity(struct check *check)
{
	struct database_statement *s = database_statement_begin(check->db, "PRAGMA integrity_check");

	while (database_statement_step(s))
		if (!bytes_equal(database_statement_bytes(s, 0), BYTES("ok")))
			report(check, database_statement_bytes(s, 0));
}

/* ---- body files: looked at one by one, for they come and go beside this check ---- */

static int64_t size_in_store(struct check *check, const char *name)
{
	struct database_statement *s = database_statement_begin(check->db, "SELECT size FROM message WHERE file = ?");

	database_statement_bind_text(s, 1, name);
	return database_statement_one(s, -1);
}

static void check_file(struct check *check, const char *name, int64_t size)
{
	char path[STORE_FILE_PATH_SIZE], line[160];
	struct stat st;

	store_file_path(name, path);
	bool exists = fstatat(check->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (exists && st.st_size == size)
		return;
	/* the reaper may have been here since the list was read */
	if (!exists && size_in_store(check, name) < 0)
		return;
	snprintf(line, sizeof line, exists ? "%s: %lld octets, its message has %lld" : "%s: missing",
	         path, exists ? (long long)st.st_size : 0LL, (long long)size);
	report(check, bytes_text(line));
}

static void check_named_files(struct check *check)
{
	struct database_statement *s = database_statement_begin(check->db, "SELECT file, size FROM message WHERE file IS NOT NULL");
	struct arena arena = { 0 };
	struct named { struct named *next; const char *name; int64_t size; } *first = NULL;

	while (database_statement_step(s)) {
		struct named *named = arena_alloc(&arena, sizeof *named);
		*named = (struct named){ first, database_statement_text(s, 0, &arena), database_statement_int(s, 1) };
		first = named;
	}
	for (; first != NULL; first = first->next)
		check_file(check, first->name, first->size);
	arena_reset(&arena);
}

static void check_folder(struct check *check, unsigned n)
{
	char path[STORE_FILE_PATH_SIZE], line[160];
	struct dirent *entry;
	struct stat st;

	snprintf(path, sizeof path, "bodies/%02x", n);
	int fd = openat(check->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	DIR *folder = fdopendir(fd);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		bool is_old = fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		              st.st_ctime <= check->now_s - 3600;
		if (!is_old || size_in_store(check, entry->d_name) >= 0)
			continue;
		snprintf(line, sizeof line, "%s/%.40s: no message refers to it", path, entry->d_name);
		report(check, bytes_text(line));
	}
	if (folder != NULL)
		closedir(folder);
	else
		close(fd);
}

static void run_checks(struct check *check)
{
	/* one state for all questions; the files come after it */
	if (database_begin_read(check->db)) {
		check_integrity(check);
		for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
			ask(check, questions[i]);
	}
	database_rollback(check->db);
	check_named_files(check);
	for (unsigned i = 0; i < 256; i++)
		check_folder(check, i);
}

int store_check(const char *data_dir, store_finding_fn *finding, void *owner, struct error *err)
{
	struct check check = { .now_s = clock_now_s(), .finding = finding, .owner = owner };
	struct error why = { 0 };

	check.dir_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (check.dir_fd < 0) {
		error_set_errno(err, errno, "cannot open %s", data_dir);
		return -1;
	}
	check.db = store_database_open(data_dir, DATABASE_READ, false, &why);
	if (check.db != NULL && store_schema_check(check.db, NULL, &why)) {
		run_checks(&check);
		why = *database_error(check.db);
	}
	database_close(check.db);
	close(check.dir_fd);
	if (why.kind == ERROR_CORRUPT)
		report(&check, bytes_text(why.text));   /* damage that stops the reading is a finding too */
	else if (why.kind != ERROR_NONE && err != NULL)
		*err = why;
	return why.kind == ERROR_NONE || why.kind == ERROR_CORRUPT ? check.n : -1;
}
