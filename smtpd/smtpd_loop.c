#include "smtpd/smtpd_loop.h"

#include <stdlib.h>

#include "base/memory.h"
#include "smtpd/relay_schedule.h"
#include "smtpd/smtpd_session.h"

bool smtpd_loop_start(struct service_loop *loop, struct error *err)
{
	loop->program = xcalloc(1, sizeof(struct smtpd_loop));
	return relay_start(loop, err);
}

void smtpd_loop_stop(struct service_loop *loop)
{
	struct list_node *next;

	relay_stop(loop);
	for (struct list_node *n = smtpd_loop_of(loop)->sessions.first; n != NULL; n = next) {
		next = n->next;
		smtpd_session_stop(LIST_OWNER(n, struct smtpd_session, node));
	}
}

void smtpd_loop_finish(struct service_loop *loop)
{
	relay_finish(loop);
	free(loop->program);
	loop->program = NULL;
}

bool smtpd_loop_is_crowded(const struct service_loop *loop)
{
	size_t allowed = (size_t)loop->generation->settings.limits.connections / service_loop_count(loop->service);

	return allowed > 0 && loop->n_connections * 5 > allowed * 4;
}
