#include "mua/mua_cache_folder.h"

#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mua/mua_cache_handle.h"

bool mua_cache_folder_find(struct mua_cache *c, const char *name, struct mua_folder *folder, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT folder_id, uidvalidity, uidnext, modseq FROM folder WHERE name=?");

	*folder = (struct mua_folder){ 0 };
	database_statement_bind_text(s, 1, name);
	if (database_statement_step(s))
		*folder = (struct mua_folder){ database_statement_int(s, 0), (uint32_t)database_statement_int(s, 1),
		                               (uint32_t)database_statement_int(s, 2), (uint64_t)database_statement_int(s, 3) };
	database_statement_end(s);
	if (!mua_cache_result(c, err))
		return false;
	return folder->folder_id != 0 || error_set(err, ERROR_NOT_FOUND, "nothing is known of the folder %s", name);
}

bool mua_cache_folder_make(struct mua_cache *c, const char *name, struct mua_folder *folder, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "INSERT INTO folder(name) VALUES(?) ON CONFLICT DO NOTHING");

	database_statement_bind_text(s, 1, name);
	database_statement_run(s);
	return mua_cache_folder_find(c, name, folder, err);
}

static void set_folder(struct mua_cache *c, const struct mua_folder *folder)
{
	struct database_statement *s = database_statement_begin(c->db, "UPDATE folder SET uidvalidity=?, uidnext=?, modseq=? WHERE folder_id=?");

	database_statement_bind_int(s, 1, folder->uidvalidity);
	database_statement_bind_int(s, 2, folder->uidnext);
	database_statement_bind_int(s, 3, (int64_t)folder->modseq);
	database_statement_bind_int(s, 4, folder->folder_id);
	database_statement_run(s);
}

/* Ends a transaction: all of it or nothing. */
static bool conclude(struct mua_cache *c, struct error *err)
{
	database_commit(c->db);
	if (mua_cache_result(c, err))
		return true;
	mua_cache_rollback(c);
	return false;
}

static void delete_messages(struct mua_cache *c, const struct mua_folder *folder)
{
	struct database_statement *s = database_statement_begin(c->db, "DELETE FROM message WHERE folder_id=?");

	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_run(s);
}

bool mua_cache_folder_reset(struct mua_cache *c, struct mua_folder *folder, uint32_t uidvalidity, struct error *err)
{
	database_begin_write(c->db);
	delete_messages(c, folder);
	folder->uidvalidity = uidvalidity;
	folder->uidnext = 0;
	folder->modseq = 0;
	set_folder(c, folder);
	return conclude(c, err);
}

static int64_t delete_between(struct mua_cache *c, const struct mua_folder *folder, struct range range)
{
	struct database_statement *s = database_statement_begin(c->db, "DELETE FROM message WHERE folder_id=? AND uid BETWEEN ? AND ?");

	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, range.first);
	database_statement_bind_int(s, 3, range.last);
	return database_statement_run(s);
}

static void read_folder(struct mua_cache *c, struct mua_folder *folder)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT uidvalidity, uidnext, modseq FROM folder WHERE folder_id=?");

	database_statement_bind_int(s, 1, folder->folder_id);
	if (database_statement_step(s)) {
		folder->uidvalidity = (uint32_t)database_statement_int(s, 0);
		folder->uidnext = (uint32_t)database_statement_int(s, 1);
		folder->modseq = (uint64_t)database_statement_int(s, 2);
	}
	database_statement_end(s);
}

bool mua_cache_folder_settle(struct mua_cache *c, struct mua_folder *folder, const struct mua_settlement *made, uint64_t *n_gone, struct error *err)
{
	struct mua_folder now = *folder;

	*n_gone = 0;
	database_begin_write(c->db);
	read_folder(c, &now);
	if (now.uidvalidity != folder->uidvalidity)
		database_fail(c->db, ERROR_TRY_LATER, "the folder was made anew meanwhile");
	for (size_t i = 0; i < made->gone->n; i++)
		*n_gone += (uint64_t)delete_between(c, folder, made->gone->at[i]);
	folder->uidnext = now.uidnext > made->uidnext ? now.uidnext : made->uidnext;
	/* What the other wrote may be older than what it overwrote of ours, or the other way round. */
	if (now.modseq == folder->modseq || made->modseq < now.modseq)
		folder->modseq = made->modseq;
	else
		folder->modseq = now.modseq;
	set_folder(c, folder);
	return conclude(c, err);
}

bool mua_cache_folder_count(struct mua_cache *c, const struct mua_folder *folder, uint64_t *n, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT count(*) FROM message WHERE folder_id=? AND uid<?");

	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, folder->uidnext);
	*n = (uint64_t)database_statement_one(s, 0);
	return mua_cache_result(c, err);
}

bool mua_cache_folder_names(struct mua_cache *c, struct arena *arena, const char *const **names, size_t *n, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT count(*) FROM folder");
	size_t most = (size_t)database_statement_one(s, 0);
	const char **list = arena_alloc(arena, (most + 1) * sizeof *list);

	*n = 0;
	s = database_statement_begin(c->db, "SELECT name FROM folder ORDER BY name LIMIT ?");
	database_statement_bind_int(s, 1, (int64_t)most);
	while (*n < most && database_statement_step(s))
		list[(*n)++] = database_statement_text(s, 0, arena);
	database_statement_end(s);
	*names = list;
	return mua_cache_result(c, err);
}

bool mua_cache_folder_forget(struct mua_cache *c, const char *name, struct error *err)
{
	struct mua_folder folder;
	struct database_statement *s;

	if (!mua_cache_folder_find(c, name, &folder, NULL))
		return mua_cache_result(c, err);
	database_begin_write(c->db);
	delete_messages(c, &folder);
	s = database_statement_begin(c->db, "DELETE FROM folder WHERE folder_id=?");
	database_statement_bind_int(s, 1, folder.folder_id);
	database_statement_run(s);
	return conclude(c, err);
}
