/*
 * smtpd_scripted: on listeners marked `test = true` a recipient's +tag says what goes wrong: user+452@, user+drop-after-dot@.
 * So the programs that send mail can be tested without a broken server.
 */
#ifndef SMTPD_SMTPD_SCRIPTED_H
#define SMTPD_SMTPD_SCRIPTED_H

#include "smtpd/smtpd_session.h"

/* RCPT for transaction.pending: true when its tag decides, and what the handler returns then. */
bool smtpd_scripted_rcpt(struct smtpd_session *, enum smtpd_after *);
/* The final dot, or the last BDAT, came.  True when a recipient wants the connection closed now, unanswered and nothing stored: the session is closing then. */
bool smtpd_scripted_drops_message(struct smtpd_session *);
/* The message goes to the store.  True when a recipient wants its reply lost: the session is closing then. */
bool smtpd_scripted_drops_reply(struct smtpd_session *);

#endif
