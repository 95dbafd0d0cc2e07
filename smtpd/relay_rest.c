#include "smtpd/relay_rest.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "smtpd/relay_pool.h"
#include "smtpd/relay_result.h"

#define SOON_MS       (30 * 1000)       /* a new message may be tried so long after a failure */
#define PATIENCE_MS   (10 * 1000)
#define WAKE_FIRST    10                /* messages that a destination is proven with */
#define WAKE_MAX      5000
#define WAKE_EVERY_MS 1000
#define REFILL_BELOW  500

static int64_t now_ms(const struct relay_destination *d)
{
	return net_loop_now_ms(d->relay->loop->net);
}

bool relay_rest_holds(const struct relay_destination *d)
{
	const struct relay_rest *rest = &d->rest;

	return rest->is_resting && (rest->is_refused || d->n_opening > 0 || now_ms(d) - rest->failed_at_ms < SOON_MS);
}

/* ---- probes ---- */

static void probe(void *owner)
{
	struct relay_destination *d = owner;

	/* When nothing can be parked any more nobody needs to know. */
	if (list_is_empty(&d->waiting) && clock_now_s() > d->rest.parked_until_s)
		d->rest.is_resting = d->rest.has_parked = false;
	else if (d->rest.is_resting && d->remotes.n == 0)
		relay_pool_open(d);
}

static int64_t step_ms(const struct relay_rest *rest)
{
	static const int64_t steps_s[] = { 5, 10, 20, 40, 60 };
	size_t last = sizeof steps_s / sizeof *steps_s - 1, n = rest->failures - 1;

	if (rest->is_refused)
		return relay_item_delay_s((unsigned)n) * 1000;
	return n < last ? steps_s[n] * (900 + random_below(201)) : steps_s[last] * (900 + random_below(101));
}

static void write_log(const struct relay_destination *d, enum smtp_client_stage where, int64_t ms, const struct error *why)
{
	const struct relay_rest *rest = &d->rest;

	if (where == SMTP_CLIENT_AUTH && rest->is_refused)
		log_error("relay", "smarthost-refused", "destination=%s remote=%s failures=%u retry_s=%lld error=%s", d->key, d->host, rest->failures, (long long)(ms / 1000), why->text);
	else
		log_warning("relay", "unreachable", "destination=%s remote=%s failures=%u retry_s=%lld waiting=%zu error=%s", d->key, d->host, rest->failures,
		            (long long)(ms / 1000), d->waiting.n, why->text);
}

void relay_rest_begin(struct relay_destination *d, enum smtp_client_stage where, const struct error *why)
{
	struct relay_rest *rest = &d->rest;

	rest->is_resting = true;
	rest->is_refused = why->kind == ERROR_DENIED;
	rest->failures++;
	rest->failed_at_ms = now_ms(d);
	snprintf(rest->reason, sizeof rest->reason, "%s", why->text);
	int64_t ms = step_ms(rest);
	write_log(d, where, ms, why);
	net_timer_start(&rest->timer, d->relay->loop->net, ms, probe, d);
}

/* Whoever connects and then says nothing must not fill our memory until the RFC's five minutes are over. */
static void lose_patience(void *owner)
{
	struct relay_destination *d = owner;

	d->rest.is_resting = true;
	if (d->rest.reason[0] == '\0')
		snprintf(d->rest.reason, sizeof d->rest.reason, "the server is slow to answer");
	relay_pool_park(d, WAKE_FIRST);
}

void relay_rest_expect(struct relay_destination *d)
{
	net_timer_start(&d->rest.timer, d->relay->loop->net, PATIENCE_MS, lose_patience, d);
}

void relay_rest_break(struct relay_destination *d)
{
	if (d->n_opening == 0)
		d->rest.is_resting = d->rest.is_refused = false;
}

/* ---- what is parked ---- */

static void on_woken(void *owner, const struct error *err, size_t n, bool is_all)
{
	struct relay_destination *d = owner;

	d->rest.wake = NULL;
	if (err)
		log_warning("relay", "wake-failed", "destination=%s error=%s", d->key, err->text);
	if (err || !is_all)
		d->rest.has_parked = true;
	if (n > 0)
		log_info("relay", "woken", "destination=%s rows=%zu", d->key, n);
	relay_rest_refill(d);
}

static void wake(struct relay_destination *d, size_t max)
{
	const char *domain = strcmp(d->key, "*") == 0 ? NULL : d->key;

	if (d->rest.wake)
		return;
	/* Behind what is parked already; what is parked from now on counts for the next time. */
	relay_result_flush(d->relay);
	d->rest.has_parked = false;
	d->rest.woken_at_ms = now_ms(d);
	d->rest.wake = store_queue_wake(d->relay->loop->store, domain, max, on_woken, d);
}

void relay_rest_end(struct relay_destination *d)
{
	struct relay_rest *rest = &d->rest;

	net_timer_stop(&rest->timer);
	if (rest->failures > 0)
		log_info("relay", "reachable", "destination=%s failures=%u", d->key, rest->failures);
	rest->is_resting = rest->is_refused = false;
	if (rest->has_parked)
		wake(d, rest->failures > 0 ? WAKE_FIRST : WAKE_MAX);
}

void relay_rest_prove(struct relay_destination *d)
{
	if (d->rest.failures > 0)
		d->rest.woken_at_ms = 0;
	d->rest.failures = 0;
	d->rest.reason[0] = '\0';
	relay_rest_refill(d);
}

void relay_rest_park(struct relay_destination *d, int64_t until_s)
{
	d->rest.has_parked = true;
	if (d->rest.parked_until_s < until_s)
		d->rest.parked_until_s = until_s;
}

static void refill_later(void *owner)
{
	relay_rest_refill(owner);
}

void relay_rest_refill(struct relay_destination *d)
{
	struct relay_rest *rest = &d->rest;
	int64_t wait_ms = rest->woken_at_ms + WAKE_EVERY_MS - now_ms(d);

	if (!rest->has_parked || rest->is_resting || rest->failures > 0 || rest->wake || d->waiting.n >= REFILL_BELOW)
		return;
	if (wait_ms > 0)
		net_timer_start(&rest->refill, d->relay->loop->net, wait_ms, refill_later, d);
	else
		wake(d, WAKE_MAX);
}

void relay_rest_release(struct relay_destination *d)
{
	net_timer_stop(&d->rest.timer);
	net_timer_stop(&d->rest.refill);
	store_request_forget(d->rest.wake);
	d->rest.wake = NULL;
}
