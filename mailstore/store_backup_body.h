/* store_backup_body: large bodies between a store's folder and a backup: rows of its file, or files beside it. */
#ifndef MAILSTORE_STORE_BACKUP_BODY_H
#define MAILSTORE_STORE_BACKUP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "database/database.h"

struct store_backup_bodies {
	struct database *db;            /* the backup's file */
	int store_fd;                   /* the data folder */
	int folder_fd;                  /* the backup's folder; -1: the bodies are rows */
	uint64_t n_octets, n_missing;
};

/* Every body file that the backup's messages name and it does not have yet.  A failure of the connection stands there. */
bool store_backup_bodies_save(struct store_backup_bodies *, struct error *err);
/* Every one of them to the data folder. */
bool store_backup_bodies_restore(struct store_backup_bodies *, struct error *err);
/* Remove from the backup what its messages do not name any more. */
void store_backup_bodies_prune(struct store_backup_bodies *);

#endif
