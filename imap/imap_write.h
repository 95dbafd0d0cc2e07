/* imap_write: strings of responses and commands.  RFC 9051 4.3.  Output is 7-bit outside of literals. */
#ifndef IMAP_IMAP_WRITE_H
#define IMAP_IMAP_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

#define IMAP_QUOTED_MAX 1000            /* longer strings are sent as literals */

/* Quoted where it can be, else a literal {n}; a NUL, which no literal may hold, becomes a space. */
void imap_write_string(struct buffer *, struct bytes);
/* NIL when the value is absent. */
void imap_write_nstring(struct buffer *, struct bytes, bool is_present);
/* An atom where it can be: mailbox names.  The word NIL is quoted. */
void imap_write_astring(struct buffer *, struct bytes);
/* "{n}\r\n": the n octets follow. */
void imap_write_literal(struct buffer *, uint64_t size);

#endif
