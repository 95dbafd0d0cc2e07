/* mua list: a folder, newest first. */
#include "mua/mua_commands.h"
#include "mua/mua_search.h"

int mua_list(const struct mua_options *o)
{
	return mua_search_run(o, o->query);
}
