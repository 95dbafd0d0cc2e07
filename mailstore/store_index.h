/*
 * store_index: a user's text index, `index/USER_ID.db`: which messages hold which three octets (trigrams) of folded text.  It only says where
 * a text cannot be; what may hold it is read.  It can be deleted at any time.  The tables are at the head of store_index.c.
 */
#ifndef MAILSTORE_STORE_INDEX_H
#define MAILSTORE_STORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "database/database.h"
#include "mailstore/store.h"
#include "mailstore/store_needle.h"

#define STORE_INDEX_SEGMENT_MAX 4096    /* messages of a segment */
#define STORE_INDEX_ANY 0               /* as a trigram: messages whose text was too varied to keep; no needle has it */

/* "index/USER_ID.db", relative to the data folder. */
#define STORE_INDEX_PATH_SIZE 40
void store_index_path(int64_t user_id, char path[STORE_INDEX_PATH_SIZE]);
/* For the one who builds it: made when missing; one that is of another store, of another form or no index at all is replaced. */
struct database *store_index_open(const struct store *, int64_t user_id, struct error *err);
void store_index_remove(int dir_fd, int64_t user_id);

/* What the index says of some needles; one thread at a time.  Needles of less than three octets are everywhere. */
struct store_index_filter;
/* NULL: no (good) index.  *is_damaged: there is one that should be built anew.  The finders are borrowed until it is filled. */
struct store_index_filter *store_index_filter_create(const struct store *, int64_t user_id, const struct store_finder *, size_t n, bool *is_damaged);
/* Read the index until the monotonic time; true: it is filled, or *is_damaged (then it must not be asked). */
bool store_index_filter_fill(struct store_index_filter *, int64_t deadline_ms, bool *is_damaged);
void store_index_filter_destroy(struct store_index_filter *);
/* Once filled.  Bit i: the message may hold needle i.  All, and *is_indexed false: it is not in the index. */
uint64_t store_index_filter_ask(struct store_index_filter *, int64_t message_id, bool *is_indexed);

/* The sorted numbers below n_all, packed: whichever is shorter of a bit for each and of 7-bit distances. */
void store_index_pack(const uint16_t *numbers, size_t n, size_t n_all, struct buffer *out);
/* Clear the bits of numbers that are not in packed (n_all bits, in words of 64).  False: damaged. */
bool store_index_intersect(struct bytes packed, size_t n_all, uint64_t *bits);
/* Append what tells that a row of this id is as it was written. */
void store_index_seal(int64_t id, struct buffer *row);
/* Take it off; false: the row is damaged. */
bool store_index_unseal(int64_t id, struct bytes *row);

#endif
