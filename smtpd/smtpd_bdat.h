/* smtpd_bdat: BDAT, a message in counted chunks, which may be pipelined with the next transaction.  RFC 3030. */
#ifndef SMTPD_SMTPD_BDAT_H
#define SMTPD_SMTPD_BDAT_H

#include "smtpd/smtpd_session.h"

/* BDAT where it is not allowed: its octets are read past all the same, so that commands stay commands; then the reply. */
enum smtpd_after smtpd_bdat_refuse(struct smtpd_session *, struct bytes arguments, const char *reply);

#endif
