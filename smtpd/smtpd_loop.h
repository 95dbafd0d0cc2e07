/* smtpd_loop: what smtpd keeps for each network loop. */
#ifndef SMTPD_SMTPD_LOOP_H
#define SMTPD_SMTPD_LOOP_H

#include <stdbool.h>

#include "base/list.h"
#include "service/service_server.h"

struct relay;

struct smtpd_loop {
	struct list sessions;           /* of struct smtpd_session */
	struct relay *relay;            /* of relay_schedule */
};

static inline struct smtpd_loop *smtpd_loop_of(struct service_loop *loop)
{
	return loop->program;
}

bool smtpd_loop_start(struct service_loop *, struct error *err);
void smtpd_loop_stop(struct service_loop *);
/* No session is left. */
void smtpd_loop_finish(struct service_loop *);
/* More than 80 % of the allowed connections are open. */
bool smtpd_loop_is_crowded(const struct service_loop *);

#endif
