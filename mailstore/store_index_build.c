/*
 * Mailbox by mailbox from the mark on.  A segment, the ids in it and the marks it brings about are one commit of the index's own file; messages that
 * came by COPY or MOVE are in it already.
 */
#include "mailstore/store_index_build.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_body.h"
#include "mailstore/store_file.h"
#include "mailstore/store_index.h"
#include "mailstore/store_index_segment.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_open.h"
#include "mailstore/store_stored.h"
#include "message/mime_part.h"
#include "message/summary.h"
#include "message/summary_match.h"
#include "message/text_walk.h"

#define ROWS 256
#define SEGMENT_OCTETS (8u << 20)       /* room for one on the disk, its log included */
#define DEAD_MAX 10000                  /* messages that are gone and may stay in an index of a few */

struct build {
	struct store *store;
	int64_t user_id;
	struct database *db, *index;
	struct store_index_segment *segment;
	struct text_walk *walk;
	struct arena arena;             /* of the message under way */
	struct store_stored stored;     /* its octets */
	bool (*pause)(void *owner);
	void *owner;
	bool is_stopped;
	struct store_index_built *built;
	/* marks reached by what is in the segment */
	struct mark { int64_t mailbox_id; uint32_t uid; } *marks;
	size_t n_marks, marks_capacity;
};

static void pause_now(void *owner)
{
	struct build *b = owner;

	b->is_stopped = b->is_stopped || !b->pause(b->owner);
}

/* ---- a message ---- */

static bool take_text(void *owner, unsigned kind, struct bytes text, bool is_first)
{
	struct build *b = owner;

	(void)kind;
	b->built->text_octets += text.len;
	return store_index_segment_text(b->segment, text, is_first);
}

static void take_run(struct build *b, struct bytes raw)
{
	struct buffer folded = { 0 };

	summary_match_fold(raw, &folded);
	store_index_segment_text(b->segment, buffer_bytes(&folded), true);
	buffer_release(&folded);
}

/* The forms in which a search sees the envelope, which are not always those of the header. */
static void take_envelope(struct build *b, struct bytes packed)
{
	struct summary_envelope e;

	if (!summary_envelope_unpack(packed, &b->arena, &e))
		return;
	const struct bytes texts[] = { e.subject, e.date, e.in_reply_to, e.message_id };
	const struct summary_addresses lists[] = { e.from, e.sender, e.reply_to, e.to, e.cc, e.bcc };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		take_run(b, texts[i]);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		for (size_t k = 0; k < lists[i].n; k++) {
			struct buffer text = { 0 };
			summary_match_write_address(&lists[i].at[k], &text);
			take_run(b, buffer_bytes(&text));
			buffer_release(&text);
		}
	}
}

/* False: some octets are not there. */
static bool take_octets(struct build *b)
{
	bool ok = true;
	struct bytes chunk;
	uint64_t at, len;

	while (ok && !b->is_stopped && text_walk_wants(b->walk, &at, &len) && at < b->stored.size) {
		ok = store_stored_chunk(&b->stored, b->db, at / STORE_CHUNK_SIZE, &chunk, NULL);
		if (ok)
			text_walk_feed(b->walk, at - at % STORE_CHUNK_SIZE, chunk);
		pause_now(b);
	}
	return ok;
}

static void take_message(struct build *b, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(b->db, "SELECT size, file, envelope, structure, codec FROM message WHERE message_id = ?");
	struct mime_tree tree;

	database_statement_bind_int(s, 1, message_id);
	if (!database_statement_step(s)) {
		database_statement_end(s);
		return;
	}
	uint64_t size = (uint64_t)database_statement_int(s, 0);
	const char *file = database_statement_text(s, 1, &b->arena);
	enum store_codec codec = (enum store_codec)database_statement_int(s, 4);
	struct bytes packed = arena_bytes(&b->arena, database_statement_bytes(s, 3));
	store_index_segment_begin(b->segment, message_id);
	take_envelope(b, database_statement_bytes(s, 2));
	database_statement_end(s);
	bool ok = mime_tree_unpack(packed, &b->arena, &tree);
	if (ok) {
		text_walk_start(b->walk, &tree, TEXT_WALK_HEADER | TEXT_WALK_PARTS | TEXT_WALK_BODY);
		ok = store_stored_open(&b->stored, b->store->dir_fd, message_id, size, codec, file, NULL) && take_octets(b);
		store_stored_close(&b->stored);
	}
	if (!ok)
		store_index_segment_unknown(b->segment);
	if (!b->is_stopped) {
		store_index_segment_end(b->segment);
		b->built->n_messages++;
	}
}

static bool is_indexed(struct build *b, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(b->index, "SELECT 1 FROM indexed WHERE message_id = ?");

	database_statement_bind_int(s, 1, message_id);
	return database_statement_one(s, 0) != 0;
}

/* ---- segments ---- */

static void reach(struct build *b, int64_t mailbox_id, uint32_t uid)
{
	if (b->n_marks > 0 && b->marks[b->n_marks - 1].mailbox_id == mailbox_id) {
		b->marks[b->n_marks - 1].uid = uid;
		return;
	}
	if (b->n_marks == b->marks_capacity) {
		b->marks_capacity = b->marks_capacity > 0 ? 2 * b->marks_capacity : 64;
		b->marks = xreallocarray(b->marks, b->marks_capacity, sizeof *b->marks);
	}
	b->marks[b->n_marks++] = (struct mark){ mailbox_id, uid };
}

/* The reserve is for mail. */
static bool has_room(const struct build *b, struct error *err)
{
	return store_file_fits(store_file_room(b->store->dir_fd), b->store->options.reserve, SEGMENT_OCTETS, err);
}

static bool write_segment(struct build *b)
{
	b->is_stopped = b->is_stopped || !has_room(b, NULL);
	if (b->is_stopped || !database_begin_write(b->index))
		return false;
	store_index_segment_write(b->segment, b->index, pause_now, b);
	for (size_t i = 0; i < b->n_marks; i++) {
		struct database_statement *s = database_statement_begin(b->index, "INSERT OR REPLACE INTO mark(mailbox_id, uid) VALUES (?, ?)");
		database_statement_bind_int(s, 1, b->marks[i].mailbox_id);
		database_statement_bind_int(s, 2, b->marks[i].uid);
		database_statement_run(s);
	}
	b->n_marks = 0;
	return database_commit(b->index);
}

/* ---- mailboxes ---- */

struct row {
	uint32_t uid;
	int64_t message_id;
};

static size_t read_rows(struct build *b, int64_t mailbox_id, uint32_t after, struct row rows[ROWS])
{
	struct database_statement *s = database_statement_begin(b->db, "SELECT id, message_id FROM msg WHERE id > ? AND id < ? LIMIT ?");
	size_t n = 0;

	database_statement_bind_int(s, 1, store_row_id(mailbox_id, after));
	database_statement_bind_int(s, 2, store_row_id(mailbox_id + 1, 0));
	database_statement_bind_int(s, 3, ROWS);
	for (; n < ROWS && database_statement_step(s); n++)
		rows[n] = (struct row){ store_row_uid(database_statement_int(s, 0)), database_statement_int(s, 1) };
	database_statement_end(s);
	return n;
}

static bool is_well(const struct build *b)
{
	return !b->is_stopped && !database_failed(b->db) && !database_failed(b->index);
}

static void take_mailbox(struct build *b, int64_t mailbox_id)
{
	struct database_statement *s = database_statement_begin(b->index, "SELECT uid FROM mark WHERE mailbox_id = ?");
	struct row rows[ROWS];
	size_t n;

	database_statement_bind_int(s, 1, mailbox_id);
	uint32_t uid = (uint32_t)database_statement_one(s, 0);
	while (is_well(b) && (n = read_rows(b, mailbox_id, uid, rows)) > 0) {
		for (size_t i = 0; i < n && is_well(b); i++) {
			if (!is_indexed(b, rows[i].message_id))
				take_message(b, rows[i].message_id);
			arena_reset(&b->arena);
			if (!is_well(b))
				return;
			uid = rows[i].uid;
			reach(b, mailbox_id, uid);
			if (store_index_segment_is_full(b->segment))
				write_segment(b);
			pause_now(b);
		}
	}
}

static int64_t next_mailbox(struct build *b, int64_t after)
{
	struct database_statement *s = database_statement_begin(b->db, "SELECT min(mailbox_id) FROM mailbox WHERE user_id = ? AND mailbox_id > ?");

	database_statement_bind_int(s, 1, b->user_id);
	database_statement_bind_int(s, 2, after);
	return database_statement_one(s, 0);
}

static int64_t count(struct database *db, const char *literal, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(db, literal);

	if (user_id != 0)
		database_statement_bind_int(s, 1, user_id);
	return database_statement_one(s, -1);
}

/* Most of what it knows is gone. */
static bool is_stale(struct build *b)
{
	int64_t n_known = count(b->index, "SELECT count(*) FROM indexed", 0);
	int64_t n = count(b->db, "SELECT used_messages FROM user WHERE user_id = ?", b->user_id);

	return n >= 0 && n_known > 2 * n + DEAD_MAX;
}

static bool open_index(struct build *b, bool anew, struct error *err)
{
	if (anew)
		store_index_remove(b->store->dir_fd, b->user_id);
	b->index = store_index_open(b->store, b->user_id, err);
	if (b->index != NULL && is_stale(b)) {
		database_close(b->index);
		store_index_remove(b->store->dir_fd, b->user_id);
		b->index = store_index_open(b->store, b->user_id, err);
	}
	return b->index != NULL;
}

static bool take_all(struct build *b, struct error *err)
{
	b->segment = store_index_segment_create();
	b->walk = text_walk_create(take_text, b);
	for (int64_t id = 0; is_well(b) && (id = next_mailbox(b, id)) != 0;)
		take_mailbox(b, id);
	if (is_well(b))
		write_segment(b);
	b->built->index_octets = (uint64_t)count(b->index, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()", 0);
	const struct database *failed = database_failed(b->index) ? b->index : b->db;
	if (!database_failed(failed))
		return true;
	*err = *database_error(failed);
	return false;
}

bool store_index_build(struct store *store, int64_t user_id, bool anew, bool (*pause)(void *owner), void *owner, struct store_index_built *built, struct error *err)
{
	struct build b = { .store = store, .user_id = user_id, .pause = pause, .owner = owner, .built = built, .stored = { .fd = -1, .packer = { .dictionaries = store->dictionaries } } };
	bool ok = false;

	b.db = store_database_open(store->data_dir, DATABASE_READ, false, err);
	if (b.db != NULL && count(b.db, "SELECT 1 FROM user WHERE user_id = ?", user_id) < 0)
		error_set(err, ERROR_NOT_FOUND, "the user is gone");
	else if (b.db != NULL && has_room(&b, err) && open_index(&b, anew, err))
		ok = take_all(&b, err);
	bool is_damaged = b.index != NULL && database_failed(b.index) && err->kind == ERROR_CORRUPT;
	if (b.walk != NULL)
		text_walk_destroy(b.walk);
	store_index_segment_destroy(b.segment);
	store_stored_release(&b.stored);
	arena_reset(&b.arena);
	free(b.marks);
	database_close(b.index);
	database_close(b.db);
	if (is_damaged)
		store_index_remove(store->dir_fd, user_id);
	return ok;
}

void store_index_sweep(struct store *store)
{
	struct error err = { 0 };
	struct database *db = store_database_open(store->data_dir, DATABASE_READ, false, &err);
	int fd = openat(store->dir_fd, "index", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (db != NULL && folder != NULL && (entry = readdir(folder)) != NULL) {
		char *end;
		long long user_id = strtoll(entry->d_name, &end, 10);
		if (end == entry->d_name || *end != '.' || user_id <= 0)
			continue;
		if (count(db, "SELECT count(*) FROM user WHERE user_id = ?", user_id) == 0)
			store_index_remove(store->dir_fd, user_id);
	}
	if (folder != NULL)
		closedir(folder);
	else if (fd >= 0)
		close(fd);
	database_close(db);
}
