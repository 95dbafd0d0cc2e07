/* arena: memory of one lifetime (a transaction, a command), freed together. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/bytes.h"

struct arena_block;

/* Zero-initialise; holds no block until the first allocation and none after arena_reset. */
struct arena {
	struct arena_block *blocks;
	size_t used;                    /* octets handed out since the last reset */
};

/* Zeroed, aligned for any object; never NULL.  Lives until arena_reset. */
void *arena_alloc(struct arena *, size_t size);
/* NUL-terminated copies. */
char *arena_text(struct arena *, const char *text);
struct bytes arena_bytes(struct arena *, struct bytes);
char *arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Free everything. */
void arena_reset(struct arena *);

#endif
