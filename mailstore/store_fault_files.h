/* store_fault_files: body files that are not as their rows say, and those without one. */
#ifndef MAILSTORE_STORE_FAULT_FILES_H
#define MAILSTORE_STORE_FAULT_FILES_H

#include <stdint.h>

#include "database/database.h"
#include "mailstore/store_file.h"

#define STORE_STRAY_AGE_S 3600          /* an unreferenced body file younger than this may yet be referred to */

struct store_fault_file {
	char path[STORE_FILE_PATH_SIZE + 256];  /* relative to the data folder */
	char text[420];                 /* the finding */
	int64_t message_id;             /* 0: no message refers to it */
	int64_t size, wanted;           /* size -1: there is no file */
};
typedef void store_fault_file_fn(void *owner, const struct store_fault_file *);
/* One by one and outside any transaction, for they come and go meanwhile. */
void store_fault_files_walk(struct database *, int dir_fd, int64_t now_s, store_fault_file_fn *, void *owner);

#endif
