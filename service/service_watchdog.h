/*
 * service_watchdog: the service manager's watchdog (sd_watchdog_enabled(3)).  Every half of its interval loop 0 asks all loops; only when each
 * has answered, the keeper is told, and tells the manager.  A loop that hangs lets the time run out.
 */
#ifndef SERVICE_SERVICE_WATCHDOG_H
#define SERVICE_SERVICE_WATCHDOG_H

#include <sys/types.h>

struct service;

/* In loop 0's thread.  Nothing when WATCHDOG_USEC is not set, or WATCHDOG_PID is not the keeper. */
void service_watchdog_start(struct service *, pid_t keeper);
/* Legal without the other. */
void service_watchdog_stop(struct service *);

#endif
