/* store_packer: a chunk of octets packed by zstd into one frame, and back.  Its working memory is kept for the next; a thread has its own. */
#ifndef MAILSTORE_STORE_PACKER_H
#define MAILSTORE_STORE_PACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "database/database.h"

struct store_dictionaries;
struct store_dictionary;

/* message.codec: how a message's octets stand in its chunks or file.  The numbers are for ever. */
enum store_codec {
	STORE_PLAIN = 0,
	STORE_ZSTD = 1,                 /* each STORE_CHUNK_SIZE octets, the last time less, a zstd frame with its length, checksum, and dictionary if it has one */
};

/* Zero-initialised. */
struct store_packer {
	struct ZSTD_CCtx_s *in;
	struct ZSTD_DCtx_s *out;
	struct buffer frame;
	struct store_dictionaries *dictionaries;        /* those of the process, for unpacking; NULL: it knows none */
	bool lacks_dictionary;          /* what was unpacked last: its octets may be sound, but not to be had now */
};

#define STORE_PACKER_LEVEL 3            /* what of zstd's 1 to 19 pays for mail */

/* The frame of at most STORE_CHUNK_SIZE octets, borrowed until the next call.  NULL: without a dictionary. */
struct bytes store_packer_pack(struct store_packer *, const struct store_dictionary *, struct bytes plain);
/* The frame must hold exactly len octets: CORRUPT when it does not, or is damaged, or its dictionary is not to be had. */
bool store_packer_unpack(struct store_packer *, struct database *, struct bytes frame, char *to, size_t len, struct error *err);
void store_packer_release(struct store_packer *);

/* No frame is longer. */
size_t store_packer_frame_max(void);
/* The length of the frame that these octets begin with; 0 = none. */
size_t store_packer_frame_len(struct bytes octets);
/* How many octets a frame says it holds; 0 = it is none, or of no chunk. */
size_t store_packer_plain_len(struct bytes frame);

#endif
