/* imapd_special_use: what a mailbox is for, as an attribute on the wire.  RFC 6154 2. */
#ifndef IMAPD_IMAPD_SPECIAL_USE_H
#define IMAPD_IMAPD_SPECIAL_USE_H

#include "base/buffer.h"
#include "base/bytes.h"

/* " \Sent" for each STORE_USE_ bit. */
void imapd_special_use_write(struct buffer *, unsigned uses);
/* "\Sent" -> its STORE_USE_ bit; 0 when this server knows no such use. */
unsigned imapd_special_use_find(struct bytes attribute);

#endif
