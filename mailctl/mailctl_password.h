/* mailctl_password: one line of standard input, or a prompt without echo on a terminal. */
#ifndef MAILCTL_MAILCTL_PASSWORD_H
#define MAILCTL_MAILCTL_PASSWORD_H

#include <stdbool.h>

#include "auth/password.h"
#include "base/error.h"

/* Asks twice on a terminal.  The password itself is wiped; only the record stays. */
bool mailctl_password_read(struct password_record *, struct error *err);

#endif
