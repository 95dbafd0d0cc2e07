/* imapd_mailbox: a mailbox name among a command's arguments: an astring in modified UTF-7 on the wire, UTF-8 NFC inside. */
#ifndef IMAPD_IMAPD_MAILBOX_H
#define IMAPD_IMAPD_MAILBOX_H

#include "imapd/imapd_session.h"

enum imapd_mailbox_status { IMAPD_MAILBOX_OK, IMAPD_MAILBOX_SYNTAX, IMAPD_MAILBOX_BAD_NAME /* no modified UTF-7 */ };

/* Take one off the front of *rest; the name lives in the session's arena, INBOX spelled so, without a delimiter at its end. */
enum imapd_mailbox_status imapd_mailbox_take(struct imapd_session *, struct bytes *rest, struct bytes *name);
/* The reply to a status that is not OK. */
enum imapd_after imapd_mailbox_refuse(struct imapd_session *, enum imapd_mailbox_status);
/* Append the name as the wire has it: an astring. */
void imapd_mailbox_write(struct buffer *, struct bytes name);

#endif
