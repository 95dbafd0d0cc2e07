/* smtpd_data: DATA, a message that ends with a dot.  RFC 5321 4.1.1.4, 4.5.2. */
#ifndef SMTPD_SMTPD_DATA_H
#define SMTPD_SMTPD_DATA_H

#include "smtpd/smtpd_session.h"

/* Use what is buffered.  False: more must arrive. */
bool smtpd_data_input(struct smtpd_session *);

#endif
