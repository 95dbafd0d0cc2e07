/*
 * mailctl_mbox: mbox files.  A letter begins with a "From " line that has a date, at the front of the file or after an empty line; ">From "
 * in it stands for "From " (mboxrd: one '>' less).  A Content-Length that leads to the next letter or the end of the file is believed: Dovecot and mutt
 * write one and quote nothing.  A date without a zone is the own clock's.  Status, X-Status and X-Keywords carry flags and are not part of the message,
 * nor are X-UID, X-IMAP and X-IMAPbase of other programs and a length that was believed; a letter that is only their note on the folder is none.  In a folder each file that ends .mbox is a mailbox.
 */
#ifndef MAILCTL_MAILCTL_MBOX_H
#define MAILCTL_MAILCTL_MBOX_H

#include "mailctl/mailctl_source.h"

struct mailctl_source *mailctl_mbox_open(const char *path, struct error *err);

#endif
