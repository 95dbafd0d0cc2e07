/* bytes: a borrowed slice of octets.  Never NUL-terminated, never owned; the lender says until when. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const char *at;                 /* may be NULL when len is 0 */
	size_t len;
};

/* For printf("%.*s", BYTES_PRINT(b)). */
#define BYTES_PRINT(b) (int)(b).len, (b).at ? (b).at : ""
#define BYTES(literal) ((struct bytes){ (literal), sizeof(literal) - 1 })

static inline struct bytes bytes_of(const void *at, size_t len)
{
	return (struct bytes){ (const char *)at, len };
}

/* The slice of a C string; NULL gives the empty slice. */
static inline struct bytes bytes_text(const char *text)
{
	return (struct bytes){ text, text ? strlen(text) : 0 };
}

bool bytes_equal(struct bytes a, struct bytes b);
/* ASCII letters compare without case; other octets exactly. */
bool bytes_equal_nocase(struct bytes a, struct bytes b);
bool bytes_starts(struct bytes text, struct bytes prefix);
bool bytes_starts_nocase(struct bytes text, struct bytes prefix);
bool bytes_ends_nocase(struct bytes text, struct bytes suffix);
/* memcmp order, shorter first on a tie: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

/* Offset of the first occurrence, or text.len when there is none. */
size_t bytes_find(struct bytes text, char octet);
size_t bytes_find_bytes(struct bytes text, struct bytes needle);

/* text[from..to), clamped to the slice. */
struct bytes bytes_slice(struct bytes text, size_t from, size_t to);
/* Without the first n octets (all of them when n > len). */
struct bytes bytes_skip(struct bytes text, size_t n);
/* Without leading and trailing SP and HTAB. */
struct bytes bytes_trim(struct bytes text);
/* Take the front up to (not including) the octet and move *rest behind it; false (all of it, *rest empty) when the octet is absent. */
bool bytes_cut(struct bytes *rest, char octet, struct bytes *front);

/* The whole slice as a decimal number without sign; false on anything else or above max. */
bool bytes_to_u64(struct bytes text, uint64_t max, uint64_t *value);

/* A NUL-terminated copy from xmalloc: the caller frees it.  NULs inside stay. */
char *bytes_dup(struct bytes text);
/* Copy into text[0..size) with a NUL; false, and text empty, when it does not fit or holds a NUL. */
bool bytes_copy_text(struct bytes from, char *text, size_t size);

#endif
