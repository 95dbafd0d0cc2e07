/* store_backup_mended: messages that a repair of the store changed since the backup before this one. */
#ifndef MAILSTORE_STORE_BACKUP_MENDED_H
#define MAILSTORE_STORE_BACKUP_MENDED_H

#include <stdint.h>

#include "database/database.h"

/*
 * Inside the transaction that takes the state, before the other tables are copied: each of them anew from live, unless the backup has it whole (what is lost
 * in the store is not lost then).  folder_fd: of the bodies, or -1.  Counts those copied, and their octets but for files.
 */
void store_backup_copy_mended(struct database *, int folder_fd, uint64_t *n, uint64_t *n_octets);

#endif
