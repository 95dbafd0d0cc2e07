/*
 * mailctl_maildir_write: a Maildir++.  A letter's file is named by its UIDVALIDITY and UID, so that an export that was stopped
 * goes on: what stands there already is passed over.
 */
#ifndef MAILCTL_MAILCTL_MAILDIR_WRITE_H
#define MAILCTL_MAILCTL_MAILDIR_WRITE_H

#include "mailctl/mailctl_sink.h"

struct mailctl_sink *mailctl_maildir_write_open(const char *path, struct error *err);

#endif
