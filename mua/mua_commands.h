/* mua_commands: what mua can be told to do: one registry for the command line, help and, later, keys. */
#ifndef MUA_MUA_COMMANDS_H
#define MUA_MUA_COMMANDS_H

#include "mua/mua_options.h"

struct mua_command {
	const char *name, *usage, *help;
	unsigned bit;                   /* which options belong to it: mua_options.c */
	int (*run)(const struct mua_options *);        /* returns an enum mua_exit */
	size_t min_arguments, max_arguments;
};

#define MUA_SEND 1u
#define MUA_LIST 2u
#define MUA_READ 4u
#define MUA_FLAG 8u
#define MUA_FOLDERS 16u
#define MUA_DELETE 32u
#define MUA_SEARCH 64u
#define MUA_SAVE 128u
#define MUA_MOVE 256u
#define MUA_COPY 512u
#define MUA_ARCHIVE 1024u
#define MUA_SYNC 2048u

/* NULL-name ended. */
extern const struct mua_command mua_commands[];
const struct mua_command *mua_command_find(const char *name);

int mua_send(const struct mua_options *);       /* mua_send.c */
int mua_list(const struct mua_options *);       /* mua_list.c */
int mua_search(const struct mua_options *);     /* mua_search.c */
int mua_read(const struct mua_options *);       /* mua_read.c */
int mua_save(const struct mua_options *);       /* mua_save.c */
int mua_flag(const struct mua_options *);       /* mua_flag.c */
int mua_folders(const struct mua_options *);    /* mua_folders.c */
int mua_delete(const struct mua_options *);     /* mua_delete.c */
int mua_move(const struct mua_options *);       /* mua_move.c */
int mua_copy(const struct mua_options *);       /* mua_move.c */
int mua_archive(const struct mua_options *);    /* mua_archive.c */
int mua_synchronise(const struct mua_options *);        /* mua_synchronise.c */

#endif
