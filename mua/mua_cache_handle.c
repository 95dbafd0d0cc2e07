#include "mua/mua_cache_handle.h"

bool mua_cache_result(struct mua_cache *c, struct error *err)
{
	if (!database_failed(c->db))
		return true;
	if (err != NULL)
		*err = *database_error(c->db);
	error_prefix(err, "mail cache");
	database_clear(c->db);
	return false;
}
