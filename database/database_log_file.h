/*
 * database_log_file: SQLite writes its log in two small pieces a page; here the pages of a commit go out together, with the sync that
 * ends it.  Only for connections whose every commit syncs: until then nothing of it need be on the disk, nor seen by others.
 */
#ifndef DATABASE_DATABASE_LOG_FILE_H
#define DATABASE_DATABASE_LOG_FILE_H

#include <sqlite3.h>

/* SQLite's usual file system, but for logs; made known with the first call. */
const char *database_log_file_system(void);
/* To be called once the connection is open: pages of a transaction rolled back are never written, for others may write at their place then. */
void database_log_file_watch(sqlite3 *);

#endif
