/* store_read: octets of a message inside a run. */
#ifndef MAILSTORE_STORE_READ_H
#define MAILSTORE_STORE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "mailstore/store_context.h"

/* Append octets [offset, offset + len) of a message, fewer at its end.  False: *err is set, or a statement failed; some may have been appended. */
bool store_read_octets(struct store_context *, int64_t message_id, uint64_t offset, size_t len, struct buffer *octets, struct error *err);

#endif
