/* ranges: a set of numbers 1..2^32-1 kept as sorted, disjoint, non-adjacent ranges: UIDs, sequence numbers. */
#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint32_t first, last;           /* both included, first <= last */
};

struct ranges {
	struct range *at;               /* zero-initialise; NULL while empty */
	size_t n, capacity;
};

void ranges_release(struct ranges *);
void ranges_clear(struct ranges *);                     /* keeps the block */
void ranges_copy(struct ranges *to, const struct ranges *from);

void ranges_add(struct ranges *, uint32_t number);
void ranges_add_range(struct ranges *, uint32_t first, uint32_t last);
void ranges_add_all(struct ranges *, const struct ranges *);
void ranges_remove(struct ranges *, uint32_t number);
void ranges_remove_range(struct ranges *, uint32_t first, uint32_t last);
void ranges_remove_all(struct ranges *, const struct ranges *);
/* Keep what is also in other. */
void ranges_intersect(struct ranges *, const struct ranges *other);

bool ranges_contains(const struct ranges *, uint32_t number);
bool ranges_is_empty(const struct ranges *);
uint64_t ranges_count(const struct ranges *);
uint32_t ranges_first(const struct ranges *);           /* 0 when empty */
uint32_t ranges_last(const struct ranges *);            /* 0 when empty */

/* A UID's message sequence number (RFC 9051 2.3.1.2) in a set of UIDs: counts from 1, 0 when absent.  Linear in the ranges before it. */
uint32_t ranges_position(const struct ranges *, uint32_t number);

/* Walk numbers upward: start with *cursor = 0; false at the end. */
bool ranges_next(const struct ranges *, uint32_t *cursor, uint32_t *number);

#endif
