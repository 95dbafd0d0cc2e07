/* mua_safe_name: file names that strangers give, made fit to be created in a folder. */
#ifndef MUA_MUA_SAFE_NAME_H
#define MUA_MUA_SAFE_NAME_H

#include "base/buffer.h"
#include "base/bytes.h"

#define MUA_SAFE_NAME_MAX 200           /* octets */

/*
 * Append one name (UTF-8 wished for): what stands behind the last "/" or "\", without controls and invisible or reordering characters, without
 * dots and blanks at its front and blanks and dots at its end, a leading "-" as "_", cut to MUA_SAFE_NAME_MAX with its extension kept.
 * "attachment" when nothing is left.
 */
void mua_safe_name(struct buffer *out, struct bytes name);
/* "a.pdf", 1 -> "a (1).pdf". */
void mua_safe_name_number(struct buffer *out, struct bytes name, unsigned n);

#endif
