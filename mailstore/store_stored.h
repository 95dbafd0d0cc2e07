/*
 * store_stored: a message's octets as they lie on the disk, read a chunk (STORE_CHUNK_SIZE octets of the message) at a time.
 *
 * A plain chunk is a row.  A frame is one too, or is cut into several: pages of 4 KiB hold rows of a quarter well, and one of a little more than half badly.
 * A packed file holds the frames of its chunks one behind the other, then for each frame where it ends in the file: 8 octets, little-endian.
 */
#ifndef MAILSTORE_STORE_STORED_H
#define MAILSTORE_STORE_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "database/database.h"
#include "mailstore/store_packer.h"

/* Zero-initialised but for fd = -1, and for packer.dictionaries: without it what was packed with one cannot be read. */
struct store_stored {
	struct store_packer packer;
	struct buffer plain;            /* the chunk that is lent */
	int64_t message_id;
	uint64_t size;                  /* of the message */
	enum store_codec codec;
	int fd;                         /* of its file; -1: its chunks are rows */
	uint64_t file_size;
	uint64_t index;                 /* of a packed file: where its index begins; 0: it is damaged */
};

/* file: the name of its file, or NULL.  NOT_FOUND when that is gone.  Open only one message at a time. */
bool store_stored_open(struct store_stored *, int dir_fd, int64_t message_id, uint64_t size, enum store_codec, const char *file, struct error *err);
/* How many octets of the message chunk n has; 0 behind the end. */
size_t store_stored_chunk_len(const struct store_stored *, uint64_t n);
/* Chunk n whole, borrowed until the next call.  CORRUPT, with the message's id, when it is not there or damaged. */
bool store_stored_chunk(struct store_stored *, struct database *, uint64_t n, struct bytes *octets, struct error *err);
/* Where frame n of a packed file ends, by its index; false when that is damaged. */
bool store_stored_frame_end(const struct store_stored *, uint64_t n, uint64_t *end);
/* Another message may be opened then; what reading needs is kept. */
void store_stored_close(struct store_stored *);
void store_stored_release(struct store_stored *);

#define STORE_FRAME_WHOLE 4000          /* a frame of more octets is one row */
#define STORE_FRAME_PIECE 760           /* five rows of so many fill a page */
/* The ids of the rows that chunk n may have. */
int64_t store_stored_first_row(int64_t message_id, enum store_codec, uint64_t n);
int64_t store_stored_last_row(int64_t message_id, enum store_codec, uint64_t n);

/* The index entry of a frame that ends there. */
void store_stored_add_end(struct buffer *index, uint64_t end);
/* Is this file of a message of that size as long as it should be? */
bool store_stored_file_is_whole(int fd, uint64_t size, enum store_codec);

#endif
