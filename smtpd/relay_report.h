/* relay_report: a delivery status notification to the sender, in one commit with the results it tells of.  RFC 3461 6, RFC 3464. */
#ifndef SMTPD_RELAY_REPORT_H
#define SMTPD_RELAY_REPORT_H

#include "base/list.h"
#include "smtpd/relay_state.h"

/* relay_items of one message with one kind of action; the list is emptied.  A sender that does not exist here gets no report (logged). */
void relay_report_send(struct relay *, struct list *items);

#endif
