/*
 * bench_timer: what it costs to re-arm timers, as deadlines of many connections are re-armed.
 *
 * usage: bench_timer TIMERS A_SECOND SECONDS
 *
 * Of TIMERS that are all armed, A_SECOND are re-armed a second, picked at random, for one to three minutes: most later than before, some sooner.
 * None falls due, but TIMERS / 90 a second would have, had they not been re-armed: as they stand after minutes of this.
 * Prints the processor time of the whole program in percent of one core: "all N", and "percent N", which is what it takes more than one that
 * wakes, picks and touches the same connections and re-arms nothing; every other second is for the one and for the other.
 */
#include <stdbool.h>
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

struct connection {
	uint64_t seen;                  /* what a server notes of each that says something */
	struct net_timer deadline;
	char rest[200];
};

struct deadlines {
	struct net_loop *loop;
	struct connection *connections;
	struct net_timer tick;
	size_t n, a_second, picked;
	int64_t begin_ms, length_ms;
	bool rearms;
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

static void on_tick(void *owner)
{
	struct deadlines *d = owner;
	int64_t past_ms = net_loop_now_ms(d->loop) - d->begin_ms;

	for (size_t want = (size_t)past_ms * d->a_second / 1000; d->picked < want; d->picked++) {
		size_t i = choose(d, d->n);
		int64_t delay_ms = any_delay(d);
		d->connections[i].seen += (uint64_t)delay_ms;
		if (d->rearms)
			arm(d, i, delay_ms);
	}
	if (past_ms >= d->length_ms)
		net_loop_stop(d->loop);
	else
		net_timer_start(&d->tick, d->loop, TICK_MS, on_tick, d);
}

/* Percent of a core. */
static double run(struct deadlines *d, bool rearms)
{
	double before = used_s();

	d->rearms = rearms;
	d->picked = 0;
	d->begin_ms = net_loop_now_ms(d->loop);
	net_timer_start(&d->tick, d->loop, TICK_MS, on_tick, d);
	net_loop_run(d->loop);
	return (used_s() - before) / (double)d->length_ms * 1000 * 100;
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
	struct deadlines d = { .state = 1, .length_ms = 1000 };
	double with = 0, without = 0;

	if (argc != 4 || (d.n = strtoul(argv[1], NULL, 10)) == 0)
		return 64;
	d.a_second = strtoul(argv[2], NULL, 10);
	int seconds = (int)strtol(argv[3], NULL, 10);
	d.connections = xcalloc(d.n, sizeof *d.connections);
	d.loop = net_loop_create(net_poll_kind_default(), &err);
	if (d.loop == NULL) {
		fprintf(stderr, "bench_timer: %s\n", err.text);
		return 1;
	}
	arm_all(&d);
	for (int i = 0; i < seconds; i++) {
		without += run(&d, false) / seconds;
		with += run(&d, true) / seconds;
	}
	printf("percent %.3f\nall %.3f\n", with - without, with);
	for (size_t i = 0; i < d.n; i++)
		net_timer_stop(&d.connections[i].deadline);
	net_loop_destroy(d.loop);
	free(d.connections);
	return 0;
}
