/* codec: base64, hexadecimal, base32 ids and xtext. */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* RFC 4648 4, one line, padded. */
void codec_base64_encode(struct bytes, struct buffer *out);
/* Strict: no white space, right padding, no stray bits.  On false, out is as before. */
bool codec_base64_decode(struct bytes, struct buffer *out);
/* What a digit of base64 stands for: 0 to 63, or -1. */
static inline int codec_base64_value(int octet)
{
	if (octet >= 'A' && octet <= 'Z')
		return octet - 'A';
	if (octet >= 'a' && octet <= 'z')
		return octet - 'a' + 26;
	if (octet >= '0' && octet <= '9')
		return octet - '0' + 52;
	return octet == '+' ? 62 : octet == '/' ? 63 : -1;
}

void codec_hex_encode(struct bytes, struct buffer *out);        /* lower case */
bool codec_hex_decode(struct bytes, struct buffer *out);

/* 13 lower-case characters (0-9, a-v), the same order as the number: queue and object ids. */
#define CODEC_ID_LEN 13
void codec_id_encode(uint64_t id, char text[CODEC_ID_LEN + 1]);
bool codec_id_decode(struct bytes, uint64_t *id);

/* xtext of RFC 3461 4. */
void codec_xtext_encode(struct bytes, struct buffer *out);
bool codec_xtext_decode(struct bytes, struct buffer *out);

#endif
