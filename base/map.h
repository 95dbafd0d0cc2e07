/* map: octet-string keys to pointers.  Keys are copied; values are the caller's. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct map;

struct map *map_create(void);
/* Does not touch the values. */
void map_destroy(struct map *);
size_t map_count(const struct map *);
/* NULL when absent. */
void *map_get(const struct map *, struct bytes key);
/* Returns the value that was replaced, or NULL. */
void *map_put(struct map *, struct bytes key, void *value);
/* Returns the removed value, or NULL. */
void *map_remove(struct map *, struct bytes key);

/* Walk in no particular order: start with *cursor = 0; false at the end.  The map must not change meanwhile, but map_remove of the current key is allowed. */
bool map_next(const struct map *, size_t *cursor, struct bytes *key, void **value);

/* A 64-bit hash with a per-process random seed: for hash tables over peer text. */
uint64_t map_hash(struct bytes);

#endif
