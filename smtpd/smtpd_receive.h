/*
 * smtpd_receive: a message on its way in: its trace fields, its octets into the store, its summary, and at the end a slot or a refusal.
 * How the octets come is DATA's and BDAT's business.
 */
#ifndef SMTPD_SMTPD_RECEIVE_H
#define SMTPD_SMTPD_RECEIVE_H

#include "smtpd/smtpd_session.h"

/* False: no memory for it; the reply is given and the transaction over. */
bool smtpd_receive_start(struct smtpd_session *);
/* Content that n_octets on the wire stood for; flaws: SMTP_DATA_ bits seen so far.  What is wrong is answered at the end. */
void smtpd_receive_content(struct smtpd_session *, struct bytes content, size_t n_octets, unsigned flaws);
/* The reply the end will get if nothing can mend it; NULL = none so far. */
const char *smtpd_receive_refusal(const struct smtpd_session *);
/* All octets are here: a slot or the refusal; the transaction is over. */
void smtpd_receive_finish(struct smtpd_session *);

/* The refusal, once and now, and the end of the transaction: a message whose later octets nobody needs. */
void smtpd_receive_give_up(struct smtpd_session *);

/* The store has not taken what came so far. */
bool smtpd_receive_is_waiting(const struct smtpd_session *);
/* Forget a message under way, if any. */
void smtpd_receive_abandon(struct smtpd_session *);
/* How long the rest may take: base_ms, and a second for every `rate` octets that came. */
int64_t smtpd_receive_deadline_ms(const struct smtpd_session *, int64_t base_ms, int64_t rate);

#endif
