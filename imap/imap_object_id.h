/* imap_object_id: how messages, threads and mailboxes are named for ever: a letter and the store's number.  RFC 8474 4. */
#ifndef IMAP_IMAP_OBJECT_ID_H
#define IMAP_IMAP_OBJECT_ID_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

enum imap_object { IMAP_OBJECT_EMAIL = 'M', IMAP_OBJECT_THREAD = 'T', IMAP_OBJECT_MAILBOX = 'F' };

/* "(M12)"; NIL for 0. */
void imap_object_id_format(struct buffer *out, enum imap_object, int64_t id);
/* M12; 0 when it is none of ours. */
int64_t imap_object_id_parse(struct bytes text, enum imap_object);

#endif
