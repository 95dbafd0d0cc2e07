/*
 * bench_timer: what it costs to re-arm timers, as deadlines of many connections are re-armed.
 *
 * usage: bench_timer TIMERS A_SECOND SECONDS
 *
 * Of TIMERS that are all armed, A_SECOND are re-armed a second, picked at random, for one to three minutes: most later than before, some sooner.
 * None falls due, but TIMERS / 90 a second would have, had they not been re-armed: as they stand after minutes of this.
 * Prints processor time in percent of one core: "percent N" of re-arming the timers of connections that were just dealt with, and of what putting
 * off left for later; "all N" of the whole program, which wakes a hundred times a second, picks connections and notes something of each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "netcore/net_loop.h"
#include "netcore/net_timer.h"

#define TICK_MS 10
#define SHORTEST_MS 60000
#define SPREAD_MS 120000
#define FIRST_MS 90000

/* Timers do not lie side by side in a server. */
struct connection {
	uint64_t input, output;
	struct net_timer deadline;
	uint64_t seen;
	char rest[200];
};

struct pick {
	size_t connection;
	int64_t delay_ms;
};

struct deadlines {
	struct net_loop *loop;
	struct connection *connections;
	struct net_timer tick;
	struct pick *picks;             /* of this tick */
	size_t n, n_picks, room, a_second, picked;
	int64_t begin_ms, length_ms;
	double used_s;                  /* in rearm */
	uint64_t state;
};

static double used_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t choose(struct deadlines *d, size_t below)
{
	d->state = d->state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)((d->state >> 33) * below >> 31);
}

static void on_due(void *owner)
{
	(void)owner;
	fputs("bench_timer: a timer fell due that was re-armed\n", stderr);
	exit(1);
}

static void arm(struct deadlines *d, size_t i, int64_t delay_ms)
{
	net_timer_start(&d->connections[i].deadline, d->loop, delay_ms, on_due, d);
}

static int64_t any_delay(struct deadlines *d)
{
	return SHORTEST_MS + (int64_t)choose(d, SPREAD_MS);
}

/* As input does that comes before its deadline is moved. */
static void deal_with(struct connection *c, uint64_t octets)
{
	c->input += octets;
	c->output += octets;
	c->seen++;
}

static void pick(struct deadlines *d, size_t want)
{
	for (d->n_picks = 0; d->picked < want && d->n_picks < d->room; d->picked++) {
		struct pick *p = &d->picks[d->n_picks++];
		*p = (struct pick){ choose(d, d->n), any_delay(d) };
		deal_with(&d->connections[p->connection], d->picked);
	}
}

static void rearm(struct deadlines *d)
{
	double before = used_s();

	for (size_t i = 0; i < d->n_picks; i++)
		arm(d, d->picks[i].connection, d->picks[i].delay_ms);
	net_timers_wait_ms(net_loop_timers(d->loop), net_loop_now_ms(d->loop));
	d->used_s += used_s() - before;
}

static void on_tick(void *owner)
{
	struct deadlines *d = owner;
	int64_t past_ms = net_loop_now_ms(d->loop) - d->begin_ms;

	net_timer_start(&d->tick, d->loop, TICK_MS, on_tick, d);
	pick(d, (size_t)past_ms * d->a_second / 1000);
	rearm(d);
	if (past_ms >= d->length_ms)
		net_loop_stop(d->loop);
}

static void arm_all(struct deadlines *d)
{
	for (size_t i = 0; i < d->n; i++) {
		arm(d, i, (int64_t)choose(d, FIRST_MS));
		arm(d, i, FIRST_MS + any_delay(d));
	}
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	struct deadlines d = { .state = 1 };

	if (argc != 4 || (d.n = strtoul(argv[1], NULL, 10)) == 0 || (d.length_ms = strtol(argv[3], NULL, 10) * 1000) <= 0)
		return 64;
	d.a_second = strtoul(argv[2], NULL, 10);
	d.connections = xcalloc(d.n, sizeof *d.connections);
	d.room = d.a_second + 1;
	d.picks = xcalloc(d.room, sizeof *d.picks);
	d.loop = net_loop_create(net_poll_kind_default(), &err);
	if (d.loop == NULL) {
		fprintf(stderr, "bench_timer: %s\n", err.text);
		return 1;
	}
	arm_all(&d);
	double before = used_s();
	d.begin_ms = net_loop_now_ms(d.loop);
	net_timer_start(&d.tick, d.loop, TICK_MS, on_tick, &d);
	net_loop_run(d.loop);
	double per_cent = 100 * 1000 / (double)d.length_ms;
	printf("percent %.3f\nall %.3f\n", d.used_s * per_cent, (used_s() - before) * per_cent);
	net_timer_stop(&d.tick);
	for (size_t i = 0; i < d.n; i++)
		net_timer_stop(&d.connections[i].deadline);
	net_loop_destroy(d.loop);
	free(d.connections);
	free(d.picks);
	return 0;
}
