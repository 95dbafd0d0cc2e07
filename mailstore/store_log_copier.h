/*
 * store_log_copier: the thread that copies the write-ahead log into the file while the writer goes on.  A process that writes little never has it.
 */
#ifndef MAILSTORE_STORE_LOG_COPIER_H
#define MAILSTORE_STORE_LOG_COPIER_H

struct store;
struct store_log_copier;

struct store_log_copier *store_log_copier_create(struct store *);
/* Ends when what is under way is copied. */
void store_log_copier_destroy(struct store_log_copier *);
/*
 * From the writer's thread: copy what stands in the log now.  Without effect while that is under way, and as long as nobody took the outcome.
 * What fails is left to the next time.
 */
void store_log_copier_ask(struct store_log_copier *);
/* From the writer's thread: how many pages from the log's beginning on are in the file, as of the last time it was asked; once, then 0. */
unsigned store_log_copier_take(struct store_log_copier *);

#endif
