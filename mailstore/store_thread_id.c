#include "mailstore/store_thread_id.h"

#include "database/database_statement.h"
#include "mailstore/store_open.h"
#include "message/summary.h"

#define NEAREST 5
#define PART_ROWS 500
#define KEEP_S (365 * (int64_t)86400)

static void add_name(struct store_thread_names *names, uint64_t hash)
{
	if (hash == 0 || hash == names->own)
		return;
	for (size_t i = 0; i < names->n_others; i++)
		if (names->others[i] == hash)
			return;
	names->others[names->n_others++] = hash;
}

void store_thread_id_names(struct bytes sortkeys, struct store_thread_names *names)
{
	struct summary_sortkeys keys;
	struct arena arena = { 0 };

	*names = (struct store_thread_names){ 0 };
	if (summary_sortkeys_unpack(sortkeys, &arena, &keys)) {
		names->own = keys.message_id;
		add_name(names, keys.in_reply_to);
		for (size_t i = 0; i < NEAREST && i < keys.n_references; i++)
			add_name(names, keys.references[keys.n_references - 1 - i]);
		if (keys.n_references > 0)
			add_name(names, keys.references[0]);
	}
	arena_reset(&arena);
}

/* The first 48 bits name a message well enough among one user's, in 6 octets. */
static int64_t short_hash(uint64_t hash)
{
	return (int64_t)hash >> 16;
}

/* 0 = not noted. */
static int64_t find(struct store_context *context, int64_t user_id, uint64_t hash)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT thread FROM thread_id WHERE user_id = ? AND hash = ?");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_int(s, 2, short_hash(hash));
	return database_statement_one(s, 0);
}

/* False: it is noted already. */
static bool note(struct store_context *context, int64_t user_id, uint64_t hash, int64_t thread)
{
	struct database_statement *s = database_statement_begin(context->db, "INSERT OR IGNORE INTO thread_id(user_id, hash, thread) VALUES(?, ?, ?)");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_int(s, 2, short_hash(hash));
	database_statement_bind_int(s, 3, thread);
	return database_statement_run(s) > 0;
}

int64_t store_thread_id_take(struct store_context *context, int64_t user_id, int64_t message_id, const struct store_thread_names *names)
{
	bool is_noted[STORE_THREAD_NAMES_MAX] = { false };
	int64_t thread = 0;

	for (size_t i = 0; i < names->n_others && thread == 0; i++) {
		thread = find(context, user_id, names->others[i]);
		is_noted[i] = thread != 0;
	}
	if (thread == 0)
		thread = message_id;
	/* most messages are new and answer nothing: one statement serves them */
	if (names->own != 0 && !note(context, user_id, names->own, thread)) {
		int64_t known = find(context, user_id, names->own);
		thread = known != 0 ? known : thread;
	}
	for (size_t i = 0; i < names->n_others; i++)
		if (!is_noted[i])
			note(context, user_id, names->others[i], thread);
	return thread;
}

struct noted {
	int64_t user_id, hash, thread;
};

static size_t read_part(struct store_context *context, struct noted *at)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT user_id, hash, thread FROM thread_id WHERE (user_id, hash) > (?, ?) ORDER BY user_id, hash LIMIT ?");
	size_t n = 0;

	database_statement_bind_int(s, 1, context->store->thread_prune.user_id);
	database_statement_bind_int(s, 2, context->store->thread_prune.hash);
	database_statement_bind_int(s, 3, PART_ROWS);
	for (; n < PART_ROWS && database_statement_step(s); n++)
		at[n] = (struct noted){ database_statement_int(s, 0), database_statement_int(s, 1), database_statement_int(s, 2) };
	database_statement_end(s);
	return n;
}

static bool is_user(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT 1 FROM user WHERE user_id = ?");

	database_statement_bind_int(s, 1, user_id);
	return database_statement_one(s, 0) != 0;
}

/* Message ids rise with time: the first one left that is not smaller tells how long ago the thread began at least. */
static bool is_over(struct store_context *context, int64_t thread)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT message_id, saved FROM msg WHERE message_id >= ? ORDER BY message_id LIMIT 1");
	bool is_over = false;

	database_statement_bind_int(s, 1, thread);
	if (database_statement_step(s))
		is_over = database_statement_int(s, 0) != thread && database_statement_int(s, 1) < context->now_s - KEEP_S;
	database_statement_end(s);
	return is_over;
}

bool store_thread_id_prune(struct store_context *context)
{
	struct noted at[PART_ROWS];
	size_t n = read_part(context, at);
	bool user_is_gone = false;

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || at[i].user_id != at[i - 1].user_id)
			user_is_gone = !is_user(context, at[i].user_id);
		if (!user_is_gone && !is_over(context, at[i].thread))
			continue;
		struct database_statement *s = database_statement_begin(context->db, "DELETE FROM thread_id WHERE user_id = ? AND hash = ?");
		database_statement_bind_int(s, 1, at[i].user_id);
		database_statement_bind_int(s, 2, at[i].hash);
		database_statement_run(s);
	}
	bool is_end = n < PART_ROWS;
	context->store->thread_prune.user_id = is_end ? 0 : at[n - 1].user_id;
	context->store->thread_prune.hash = is_end ? 0 : at[n - 1].hash;
	return is_end;
}
