/* buffer: growable octets in one block.  Zero-initialise; at[len] is always '\0' once anything was added. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

#include "base/bytes.h"

struct buffer {
	char *at;                       /* NULL while nothing was added */
	size_t len, capacity;
};

/* Free the block; the buffer is empty and usable again. */
void buffer_release(struct buffer *);
/* Forget the content, keep the block. */
void buffer_clear(struct buffer *);

static inline struct bytes buffer_bytes(const struct buffer *b)
{
	return (struct bytes){ b->at, b->len };
}

/* Room for n more octets; returns where they go.  Follow with buffer_added: how many came. */
char *buffer_reserve(struct buffer *, size_t n);
void buffer_added(struct buffer *, size_t n);

/* Append a copy. */
void buffer_add(struct buffer *, const void *at, size_t len);
void buffer_add_bytes(struct buffer *, struct bytes);
void buffer_add_text(struct buffer *, const char *text);
void buffer_add_octet(struct buffer *, char octet);
void buffer_printf(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *, const char *format, va_list) __attribute__((format(printf, 2, 0)));
/* Decimal without printf. */
void buffer_add_u64(struct buffer *, uint64_t);

/* Drop n octets from the front (moves the rest; streams keep an offset instead when that matters). */
void buffer_drop(struct buffer *, size_t n);
/* Cut to len octets (len <= b->len). */
void buffer_truncate(struct buffer *, size_t len);
/* Hand the block over: NUL-terminated, the caller frees it; the buffer is empty afterwards.  Never NULL. */
char *buffer_take(struct buffer *, size_t *len);

#endif
