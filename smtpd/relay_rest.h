/*
 * relay_rest: a destination that could not be reached rests, and is probed: one connection at a time, 5, 10, 20, 40 s after the
 * last failure, then every minute; sooner with a message that comes 30 s after it.  What waits is parked in the store.  When it answers,
 * a few parked messages are made due, and all of them as soon as it answers for one.
 *
 * A destination that answers and refuses us (AUTH, certificate, a 5yz greeting) is asked again after 5, 10, 20, 40 minutes, then every hour.
 */
#ifndef SMTPD_RELAY_REST_H
#define SMTPD_RELAY_REST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "mailstore/store.h"
#include "netcore/net_timer.h"
#include "smtp/smtp_client.h"

struct relay_destination;

struct relay_rest {
	bool is_resting, is_refused;    /* is_refused: it answers and does not want us */
	unsigned failures;              /* attempts in a row that came to nothing; 0 = it took or refused a message since */
	int64_t failed_at_ms;           /* loop time of the last one */
	struct net_timer timer;         /* the next probe, or the patience with an attempt under way */
	/* what is parked in the store */
	bool has_parked;
	int64_t parked_until_s;         /* the last of it comes back by itself */
	struct store_request *wake;
	int64_t woken_at_ms;
	struct net_timer refill;
	char reason[240];
};

/* It must not be tried now: park what comes. */
bool relay_rest_holds(const struct relay_destination *);
/* An attempt came to nothing: the next step. */
void relay_rest_begin(struct relay_destination *, enum smtp_client_stage where, const struct error *why);
/* An attempt is under way: after 10 s what waits is parked meanwhile. */
void relay_rest_expect(struct relay_destination *);
/* Somebody wants a try now. */
void relay_rest_break(struct relay_destination *);
/* A session is open. */
void relay_rest_end(struct relay_destination *);
/* It answered for a message. */
void relay_rest_prove(struct relay_destination *);
/* Something was parked, and comes back by itself then. */
void relay_rest_park(struct relay_destination *, int64_t until_s);
/* Little waits in memory: make more of what is parked due. */
void relay_rest_refill(struct relay_destination *);
void relay_rest_release(struct relay_destination *);

#endif
