/* store_fault_frames: packed messages whose frames do not hold what they should. */
#ifndef MAILSTORE_STORE_FAULT_FRAMES_H
#define MAILSTORE_STORE_FAULT_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "database/database.h"
#include "mailstore/store_packer.h"
#include "mailstore/store_stored.h"

struct store_fault_frame {
	int64_t message_id;
	uint64_t size;                  /* of the message */
	enum store_codec codec;
	const char *file;               /* the name of its file; NULL: rows */
	const char *text;               /* the finding */
	bool lacks_dictionary;          /* its octets may be sound */
};
/* Is each of its chunks there, with nothing behind them?  text is not looked at.  False: err says what is wrong with it. */
bool store_fault_frames_is_whole(struct store_stored *, struct database *, int dir_fd, const struct store_fault_frame *, struct error *err);
typedef void store_fault_frame_fn(void *owner, const struct store_fault_frame *);
/* Unpacks all of them, each message's first fault.  A chunk a read and outside any transaction, for it takes long.  A file that is not there is not told of. */
void store_fault_frames_walk(struct database *, struct store_dictionaries *, int dir_fd, store_fault_frame_fn *, void *owner);

#endif
