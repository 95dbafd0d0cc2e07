/* nettool_square: the sample service of `nettool rpc`: whole numbers squared, however long up to a bound. */
#ifndef NETTOOL_NETTOOL_SQUARE_H
#define NETTOOL_NETTOOL_SQUARE_H

#include "base/buffer.h"
#include "base/bytes.h"

#define NETTOOL_SQUARE_DIGITS_MAX 4096u

/* Appends the square in decimal.  NULL on success, otherwise what is wrong with the number, and nothing is appended. */
const char *nettool_square(struct bytes number, struct buffer *out);

#endif
