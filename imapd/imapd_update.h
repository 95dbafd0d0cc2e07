/*
 * imapd_update: what other sessions and processes did to the selected mailbox, told in an order a client can follow: EXPUNGE,
 * EXISTS, RECENT, FETCH (FLAGS).  RFC 9051 5.2, 7.4, 7.5.1; RFC 3501 7.3.
 */
#ifndef IMAPD_IMAPD_UPDATE_H
#define IMAPD_IMAPD_UPDATE_H

#include <stdint.h>

#include "base/ranges.h"
#include "imapd/imapd_session.h"

/*
 * Ask the store for changes of the selected mailbox, write them to out, then call then(s), in a later pass.  When no change is known
 * of, a slow store is not waited for: then is called after a few milliseconds, and the news is told by a later command.  EXPUNGE is held back while
 * the command under way, or one that is already waiting in the input, counts messages by number.  A mailbox that is
 * gone, and a store that cannot answer, are dealt with: in the first case the session ends without then.
 */
void imapd_update_start(struct imapd_session *, void (*then)(struct imapd_session *));
/* A mailbox is selected and there is, or may be, something to tell at the end of the command under way. */
bool imapd_update_is_due(const struct imapd_session *);
/* An update is under way. */
bool imapd_update_is_running(const struct imapd_session *);
/* The command is answered: what it made is over, but an answer of the store that is still on its way stays awaited. */
void imapd_update_end_command(struct imapd_session *);
/* The mailbox is left, or the session ends. */
void imapd_update_forget(struct imapd_session *);

/*
 * The command under way made this change itself, and the client knows the flags: not to be told again.  A row
 * whose last change has that modseq is passed over by the next update.
 */
void imapd_update_pass_over(struct imapd_session *, uint64_t modseq);
/* UIDs whose FETCH (FLAGS) the last update wrote. */
const struct ranges *imapd_update_told(const struct imapd_session *);

/* "* FLAGS (…)" and "* OK [PERMANENTFLAGS (…)]" of the view. */
void imapd_update_write_flags(struct imapd_session *);
/* "* n FETCH (UID u FLAGS (…))", the UID only for UID commands. */
void imapd_update_write_fetch(struct imapd_session *, uint32_t uid, uint64_t flags);

#endif
