/* store_mend: the file of a packed body some of whose frames are damaged, written again. */
#ifndef MAILSTORE_STORE_MEND_H
#define MAILSTORE_STORE_MEND_H

#include "database/database.h"
#include "mailstore/store_fault_frames.h"
#include "mailstore/store_file.h"

/*
 * Outside any transaction: all that can be unpacked of it, plain, in a new file that is synced and has its name; lines that say so stand for what is
 * lost.  Its caller puts it into the message's row, or releases it.
 */
bool store_mend_file(struct database *, struct store_dictionaries *, int dir_fd, const struct store_fault_frame *, struct store_file *made, struct error *err);

#endif
