/* imapd_capability: what this server can do now, and the small commands about it: CAPABILITY, ID, ENABLE, NAMESPACE.  RFC 9051 6.1.1, RFC 2971, RFC 5161, RFC 2342. */
#ifndef IMAPD_IMAPD_CAPABILITY_H
#define IMAPD_IMAPD_CAPABILITY_H

#include "base/buffer.h"
#include "imapd/imapd_session.h"

/* Append "IMAP4rev1 …" as it is true in the session's present state. */
void imapd_capability_add(struct imapd_session *, struct buffer *);

enum imapd_after imapd_capability(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_id(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_enable(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_namespace(struct imapd_session *, struct bytes arguments);

#endif
