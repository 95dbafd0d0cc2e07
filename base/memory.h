/*
 * memory: allocation that cannot fail.  Out of memory ends the process: what was accepted is
 * already in SQLite, and every size a peer names is bounded before it is allocated.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);       /* zeroed; the product is checked */
void *xrealloc(void *, size_t size);
void *xreallocarray(void *, size_t n, size_t size);
char *xstrdup(const char *);
void *xmemdup(const void *, size_t len);
char *xprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Overwrite a secret so that the compiler cannot leave it out. */
void memory_wipe(void *, size_t len);
/* True when equal; the time does not depend on where they differ. */
bool memory_equal_secret(const void *, const void *, size_t len);

#endif
