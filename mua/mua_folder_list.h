/* mua_folder_list: the folders a server tells of.  RFC 9051 6.3.9, RFC 6154. */
#ifndef MUA_MUA_FOLDER_LIST_H
#define MUA_MUA_FOLDER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "mua/mua_run.h"

struct mua_folder_entry {
	const char *name;               /* UTF-8, or as on the wire when it is not modified UTF-7 */
	const char *wire_name;
	const char *special_use;        /* "\\Sent"; "" = none */
	bool is_noselect;
	bool has_counts;
	uint32_t messages, unseen;
};

struct mua_folder_list {                /* zero-initialise */
	struct arena arena;
	struct mua_folder_entry *at;
	size_t n, capacity;
	bool is_damaged;                /* a response could not be read */
};

/* LIST; false as mua_run_command. */
bool mua_folder_list_fetch(struct mua_folder_list *, struct mua_run *);
/* STATUS of a folder of the list; has_counts stays false when the server refuses. */
bool mua_folder_list_count(struct mua_folder_list *, size_t i, struct mua_run *);
/* The folder of a special use ("\\Sent"), else the one that is named so, else NULL. */
const struct mua_folder_entry *mua_folder_list_find(const struct mua_folder_list *, const char *special_use, const char *name);
/* The one of that name (INBOX without case), else NULL. */
const struct mua_folder_entry *mua_folder_list_named(const struct mua_folder_list *, const char *name);
/* CREATE it, and add it to the list; NULL as mua_run_command. */
const struct mua_folder_entry *mua_folder_list_create(struct mua_folder_list *, struct mua_run *, const char *name);
void mua_folder_list_release(struct mua_folder_list *);

#endif
