/*
 * packed: numbers and octet strings in the blobs that are stored for good.
 * A number is little-endian base 128, high bit = more follows, at most 10 octets; a string is its length as such a number, then its octets.
 */
#ifndef MESSAGE_PACKED_H
#define MESSAGE_PACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

void packed_add_u64(struct buffer *, uint64_t);
void packed_add_bytes(struct buffer *, struct bytes);
/* 8 octets, big endian. */
void packed_add_hash(struct buffer *, uint64_t);

/* Reads from the front of rest.  The first read that fails sets damaged; from then on everything reads as 0 and empty. */
struct packed_reader {
	struct bytes rest;
	bool damaged;
};

uint64_t packed_u64(struct packed_reader *);
/* A slice of the packed octets. */
struct bytes packed_bytes(struct packed_reader *);
uint64_t packed_hash(struct packed_reader *);
/* A count of things that take at least each octets: more than the rest can hold is damage, so that counts can be allocated. */
size_t packed_count(struct packed_reader *, size_t each);

#endif
