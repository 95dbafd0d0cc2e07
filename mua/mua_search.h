/* mua_search: the messages of a folder, or of all, that answer a query: what list and search do. */
#ifndef MUA_MUA_SEARCH_H
#define MUA_MUA_SEARCH_H

#include "mua/mua_options.h"

/* query NULL: all.  Prints them, newest first in each folder; returns an enum mua_exit. */
int mua_search_run(const struct mua_options *, const char *query);

#endif
