/* store_reaper: removes what nobody points at any more: messages, old tombstones, body files without a row.  A short part of a transaction at a time. */
#ifndef MAILSTORE_STORE_REAPER_H
#define MAILSTORE_STORE_REAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailstore/store_context.h"
#include "mailstore/store_file.h"

#define STORE_REAPER_PART_ROWS 500

/* Body files whose rows the part that runs removed: to go once it is committed. */
struct store_reaped {
	char (*files)[STORE_FILE_NAME_LEN + 1]; /* room for STORE_REAPER_PART_ROWS */
	size_t n_files;
};

struct store_reaper_cursor {            /* of a round through the candidates */
	int64_t message_id;
	size_t n_old;                   /* reaped in this round */
};

/* Each answers true when nothing is left to do for now. */
bool store_reaper_messages(struct store_context *, struct store_reaped *);
/* Tombstones of STORE_TOMB_KEEP_S; the mailbox remembers up to which modseq it forgot. */
bool store_reaper_tombstones(struct store_context *, struct store_reaped *);
/* One of the 256 folders of bodies/ a call. */
bool store_reaper_strays(struct store_context *, struct store_reaped *);

#endif
