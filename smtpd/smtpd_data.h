/* smtpd_data: the octets of a message, from 354 to the final dot.  RFC 5321 4.1.1.4, 4.5.2. */
#ifndef SMTPD_SMTPD_DATA_H
#define SMTPD_SMTPD_DATA_H

#include "smtpd/smtpd_session.h"

/* Use what is buffered.  False: more must arrive, or the store must catch up.  At the end the message becomes a slot. */
bool smtpd_data_input(struct smtpd_session *);
/* The store has not taken what came so far. */
bool smtpd_data_is_waiting(const struct smtpd_session *);
/* Forget a message under way, if any. */
void smtpd_data_abandon(struct smtpd_session *);
/* How long the rest may take: base_ms, and a second for every `rate` octets that came. */
int64_t smtpd_data_deadline_ms(const struct smtpd_session *, int64_t base_ms, int64_t rate);

#endif
