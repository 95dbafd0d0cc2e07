/*
 * relay_schedule: the queue's way out.  Each destination belongs to one loop (by hash), which holds its connections, its
 * back-off and its waiting items; items are handed between loops by net_loop_post.  Retry times: RFC 5321 4.5.4.1.
 */
#ifndef SMTPD_RELAY_SCHEDULE_H
#define SMTPD_RELAY_SCHEDULE_H

#include <stdbool.h>

#include "base/error.h"
#include "mailstore/queue.h"
#include "service/service_server.h"

/* In each loop, from the program's start.  Loop 0 claims what is due, at start, on queue hints and by the clock. */
bool relay_start(struct service_loop *, struct error *err);
/* Rows born leased, from store_deliver's completion in this loop.  Taken; NULL and empty are fine. */
void relay_submit(struct service_loop *, struct store_queue_items *items);
/* In each loop: new settings are in force.  No destination rests any more, and what is parked is tried. */
void relay_reload(struct service_loop *);
/* In each loop, on SIGTERM: transactions under way end (a service_hold keeps the process), the rest is released to the queue. */
void relay_stop(struct service_loop *);
/* In each loop, when nothing is under way any more: frees everything. */
void relay_finish(struct service_loop *);

#endif
