#include "service/service_watchdog.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/log.h"
#include "service/service_keeper.h"
#include "service/service_state.h"

#define INTERVAL_MAX_US ((uint64_t)86400 * 1000000)

/* Half of the interval, 0 = no watchdog. */
static int64_t pause_ms(pid_t keeper)
{
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, number;

	if (interval == NULL || !bytes_to_u64(bytes_text(interval), UINT64_MAX, &us))
		return 0;
	if (pid != NULL && (!bytes_to_u64(bytes_text(pid), UINT32_MAX, &number) || number != (uint64_t)keeper))
		return 0;
	return (int64_t)((us < INTERVAL_MAX_US ? us : INTERVAL_MAX_US) / 2000);
}

static void all_answered(void *owner)
{
	service_reload_tell(owner, SERVICE_KEEPER_ALIVE);
}

/* In each loop. */
static void answer(void *owner)
{
	struct service *s = owner;

	if (atomic_fetch_sub(&s->n_unanswered, 1) == 1)
		net_loop_post(s->loops[0].net, all_answered, s);
}

static void ask(void *owner)
{
	struct service *s = owner;
	size_t n = atomic_load(&s->n_unanswered);

	net_timer_start(&s->watchdog_timer, s->loops[0].net, s->watchdog_ms, ask, s);
	if (n > 0) {
		log_warning(s->program->name, "loop-hangs", "loops=%zu pause_ms=%d", n, (int)s->watchdog_ms);
		return;
	}
	atomic_store(&s->n_unanswered, s->n_loops);
	for (size_t i = 0; i < s->n_loops; i++)
		net_loop_post(s->loops[i].net, answer, s);
}

void service_watchdog_start(struct service *s, pid_t keeper)
{
	s->watchdog_ms = pause_ms(keeper);
	if (s->watchdog_ms > 0)
		net_timer_start(&s->watchdog_timer, s->loops[0].net, s->watchdog_ms, ask, s);
}

void service_watchdog_stop(struct service *s)
{
	net_timer_stop(&s->watchdog_timer);
}
