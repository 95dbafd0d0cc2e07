/* text: ASCII case, UTF-8 checks, and escaping for people. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* ASCII only; other values unchanged. */
int text_lower(int octet);
int text_upper(int octet);
bool text_is_alpha(int octet);
bool text_is_digit(int octet);
bool text_is_space(int octet);              /* SP, HTAB, CR, LF */
void text_lower_bytes(char *at, size_t len);

bool text_is_ascii(struct bytes);           /* no octet above 0x7f */
bool text_is_printable(struct bytes);       /* only 0x20..0x7e */
/* A host name as DNS and SMTP have it (RFC 1035 2.3.4, RFC 5321 2.3.5): letters, digits, hyphens inside labels; no final dot. */
bool text_is_host_name(struct bytes);
/* Well-formed UTF-8 (RFC 3629), no NUL. */
bool text_is_utf8(struct bytes);
/* Length of the sequence at the front (1..4), 0 when it is not valid UTF-8; *code is set when not NULL. */
size_t text_utf8_decode(struct bytes, uint32_t *code);
void text_utf8_add(struct buffer *, uint32_t code);
/* Unicode case folding and NFC with utf8proc; invalid sequences become U+FFFD. */
void text_fold(struct bytes, struct buffer *out);
void text_normalize(struct bytes, struct buffer *out);

/* Append with C0, DEL, C1 and invalid UTF-8 as \xNN: for logs and error lines. */
void text_escape(struct buffer *out, struct bytes);
/* The candidate nearest to word (edit distance <= 2, or NULL): for "did you mean". */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);

/* "50M" -> octets (suffix K M G, powers of 1024); "5d" -> seconds (suffix s m h d; none = seconds). */
bool text_parse_size(const char *text, uint64_t *octets);
bool text_parse_duration_s(const char *text, int64_t *seconds);

#endif
