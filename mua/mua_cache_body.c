#include "mua/mua_cache_body.h"

#include "database/database_statement.h"
#include "mua/mua_cache_handle.h"

bool mua_cache_body_put(struct mua_cache *c, const struct mua_folder *folder, uint32_t uid, struct bytes octets, struct error *err)
{
	/* Of a message that is gone meanwhile nothing is kept. */
	struct database_statement *s = database_statement_begin(c->db, "INSERT OR REPLACE INTO body SELECT folder_id, uid, ? FROM message"
	                                                        " WHERE folder_id=? AND uid=?");

	database_statement_bind_blob(s, 1, octets);
	database_statement_bind_int(s, 2, folder->folder_id);
	database_statement_bind_int(s, 3, uid);
	database_statement_run(s);
	return mua_cache_result(c, err);
}

bool mua_cache_body_get(struct mua_cache *c, const struct mua_folder *folder, uint32_t uid, struct buffer *out, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT octets FROM body WHERE folder_id=? AND uid=?");
	bool found;

	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, uid);
	found = database_statement_step(s);
	if (found)
		buffer_add_bytes(out, database_statement_bytes(s, 0));
	database_statement_end(s);
	if (!mua_cache_result(c, err))
		return false;
	return found || error_set(err, ERROR_NOT_FOUND, "the octets of UID %u are not in the cache", uid);
}

#define LACKING " FROM message m WHERE folder_id=? AND received>=? AND NOT EXISTS (SELECT 1 FROM body b WHERE b.folder_id=m.folder_id AND b.uid=m.uid)"

bool mua_cache_body_lacking(struct mua_cache *c, const struct mua_folder *folder, int64_t since_s, struct arena *arena, struct mua_lacking **list,
                            size_t *n, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT count(*)" LACKING);
	size_t most;

	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, since_s);
	most = (size_t)database_statement_one(s, 0);
	*list = arena_alloc(arena, (most + 1) * sizeof **list);
	*n = 0;
	s = database_statement_begin(c->db, "SELECT uid, size" LACKING " ORDER BY received DESC, uid DESC");
	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, since_s);
	while (*n < most && database_statement_step(s))
		(*list)[(*n)++] = (struct mua_lacking){ (uint32_t)database_statement_int(s, 0), (uint64_t)database_statement_int(s, 1) };
	database_statement_end(s);
	return mua_cache_result(c, err);
}
