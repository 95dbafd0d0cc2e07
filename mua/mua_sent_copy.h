/* mua_sent_copy: keeps a copy of a letter that was sent, in the account's folder for sent mail. */
#ifndef MUA_MUA_SENT_COPY_H
#define MUA_MUA_SENT_COPY_H

#include "base/bytes.h"
#include "mua/mua_run.h"

/*
 * APPEND to the folder of special use \Sent, else the one named Sent, as seen.  bcc (NULL = none): a list as typed; the copy alone shows
 * it.  False: what went wrong was printed.  run->exit_code is the failure's.
 */
bool mua_sent_copy_keep(struct mua_run *, struct bytes letter, const char *bcc);

#endif
