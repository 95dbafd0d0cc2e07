/*
 * mailctl_mbox_write: mbox files (mboxrd), with Status, X-Status and X-Keywords for the flags and X-IMAPbase, which tells Dovecot the keywords.  A file has another name (.part) until it is whole, so an
 * export that was stopped begins its file anew; whole files of such an export are kept.
 */
#ifndef MAILCTL_MAILCTL_MBOX_WRITE_H
#define MAILCTL_MAILCTL_MBOX_WRITE_H

#include "mailctl/mailctl_sink.h"

struct mailctl_sink *mailctl_mbox_write_open(const char *path, struct error *err);

#endif
