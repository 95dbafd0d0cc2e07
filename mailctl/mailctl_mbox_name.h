/* mailctl_mbox_name: mailboxes as files of a folder of mboxes. */
#ifndef MAILCTL_MAILCTL_MBOX_NAME_H
#define MAILCTL_MAILCTL_MBOX_NAME_H

#define MAILCTL_MBOX_SUFFIX ".mbox"

/*
 * The file of a mailbox in a folder of mboxes: "Lists/dev.mbox", that of "" is INBOX.mbox.  What would lead elsewhere, or be taken for another mailbox (a level
 * that begins with a dot or ends in .mbox, one that is called INBOX), has an octet as %XX; no mailbox has a % in its name.  The caller frees it.
 */
char *mailctl_mbox_name(const char *folder);
/* The mailbox of a file whose name ends in .mbox; the caller frees it. */
char *mailctl_mbox_folder(const char *name);

#endif
