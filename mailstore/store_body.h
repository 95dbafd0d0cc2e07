/* store_body: what the store's threads ask of a body. */
#ifndef MAILSTORE_STORE_BODY_H
#define MAILSTORE_STORE_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mailstore/bodies.h"
#include "mailstore/store_packer.h"

#define STORE_BODY_ROWS_MAX ((uint64_t)1 << 20) /* past it a body is a file */
#define STORE_CHUNK_SIZE ((size_t)64 * 1024)

struct store_staged;

/* A request took it, in the body's thread: the last octets get their stored form, and ready is not called any more.  A body that failed sets err. */
void store_body_hand_over(struct store_body *, struct error *err);
/* How many octets its rows will take at most: few for one with a file. */
size_t store_body_row_octets(const struct store_body *);
bool store_body_has_file(const struct store_body *);
struct store_staged *store_body_staged(const struct store_body *);
/* After its commit: its file stays. */
void store_body_keep_file(struct store_body *);
/* Once handed over: the form of its octets. */
enum store_codec store_body_codec(const struct store_body *);
/* The name of its file; NULL: the octets go to rows. */
const char *store_body_file_name(const struct store_body *);
/* Octets [n * STORE_CHUNK_SIZE, …) as one chunk in their stored form, borrowed from the body or from scratch. */
bool store_body_chunk(const struct store_body *, size_t n, struct buffer *scratch, struct bytes *chunk, struct error *err);

#endif
