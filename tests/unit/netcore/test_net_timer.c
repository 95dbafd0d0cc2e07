#define _GNU_SOURCE
#include "tests/unit/netcore/still_clock.h"

#include <stdlib.h>

#include "netcore/net_timer.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;
static char trail[64];

struct alarm {
	struct net_timer timer;
	char letter;
	int left;
	bool *done;
};

static void ring(void *owner)
{
	struct alarm *a = owner;

	strncat(trail, &a->letter, 1);
}

static void timers_ring_in_the_order_of_their_due_times(const char *name)
{
	struct alarm alarms[5] = { { .letter = 'd' }, { .letter = 'a' }, { .letter = 'x' }, { .letter = 'b' }, { .letter = 'c' } };
	static const int delays[] = { 40, 10, 15, 20, 30 };

	trail[0] = '\0';
	for (int i = 0; i < 5; i++)
		net_timer_start(&alarms[i].timer, loop, delays[i], ring, &alarms[i]);
	net_timer_stop(&alarms[2].timer);
	net_timer_stop(&alarms[2].timer);
	CHECK_ROW(!net_timer_is_armed(&alarms[2].timer) && net_timer_is_armed(&alarms[0].timer), name);
	rig_run_for(loop, 70);
	CHECK_TEXT(trail, "abcd", name);
}

static void moving_a_timer_replaces_its_due_time(const char *name)
{
	struct alarm a = { .letter = 'a' }, b = { .letter = 'b' };

	trail[0] = '\0';
	net_timer_start(&a.timer, loop, 5, ring, &a);
	net_timer_start(&b.timer, loop, 20, ring, &b);
	net_timer_start(&a.timer, loop, 40, ring, &a);
	rig_run_for(loop, 60);
	CHECK_TEXT(trail, "ba", name);
}

static void the_last_due_time_counts_whether_sooner_or_later(const char *name)
{
	struct alarm a = { .letter = 'a' }, b = { .letter = 'b' }, c = { .letter = 'c' };

	trail[0] = '\0';
	net_timer_start(&a.timer, loop, 1, ring, &a);
	net_timer_start(&b.timer, loop, 25, ring, &b);
	net_timer_start(&c.timer, loop, 1, ring, &c);
	net_timer_start(&a.timer, loop, 60000, ring, &a);
	net_timer_start(&c.timer, loop, 60000, ring, &c);
	net_timer_start(&a.timer, loop, 50, ring, &a);
	rig_run_for(loop, 80);
	CHECK_TEXT(trail, "ba", name);
	CHECK_ROW(net_timer_is_armed(&c.timer), name);
	net_timer_stop(&c.timer);
}

static void a_timer_that_was_put_off_wakes_nobody_at_its_first_time(const char *name)
{
	struct alarm a = { .letter = 'a' };
	struct net_timers *timers = net_loop_timers(loop);
	int64_t now_ms = net_loop_now_ms(loop);

	net_timer_start(&a.timer, loop, 10, ring, &a);
	net_timer_start(&a.timer, loop, 60000, ring, &a);
	CHECK_ROW(net_timers_wait_ms(timers, now_ms) >= 60000, name);
	net_timer_stop(&a.timer);
	CHECK_ROW(net_timers_wait_ms(timers, now_ms) == -1, name);
}

static void ring_again(void *owner)
{
	struct alarm *a = owner;

	ring(a);
	if (--a->left > 0)
		net_timer_start(&a->timer, loop, 0, ring_again, a);
}

static void a_timer_may_arm_itself_again_without_holding_up_the_pass(const char *name)
{
	struct alarm a = { .letter = 'r', .left = 4 };

	trail[0] = '\0';
	net_timer_start(&a.timer, loop, 0, ring_again, &a);
	net_loop_run_once(loop, 100);
	CHECK_TEXT(trail, "r", name);
	rig_run_for(loop, 30);
	CHECK_TEXT(trail, "rrrr", name);
}

static void ring_and_free(void *owner)
{
	struct alarm *a = owner;

	*a->done = true;
	free(a);
}

static void a_timer_may_be_freed_in_its_own_callback(const char *name)
{
	bool done = false;
	struct alarm *a = xcalloc(1, sizeof *a);

	a->done = &done;
	net_timer_start(&a->timer, loop, 1, ring_and_free, a);
	CHECK_ROW(rig_run(loop, &done, RIG_WAIT_MS), name);
}

static struct alarm victim;

static void stop_victim(void *owner)
{
	(void)owner;
	net_timer_stop(&victim.timer);
}

static void a_due_timer_stopped_by_another_does_not_ring(const char *name)
{
	struct alarm killer = { 0 };

	victim = (struct alarm){ .letter = 'v' };
	trail[0] = '\0';
	net_timer_start(&killer.timer, loop, 1, stop_victim, NULL);
	net_timer_start(&victim.timer, loop, 2, ring, &victim);
	usleep(10000);
	rig_run_for(loop, 20);
	CHECK_TEXT(trail, "", name);
}

static unsigned n_rung;
static int64_t last_due;
static bool sorted = true;

static void check_order(void *owner)
{
	struct net_timer *t = owner;

	if (t->due_ms < last_due)
		sorted = false;
	last_due = t->due_ms;
	n_rung++;
}

static void a_thousand_random_timers_stay_a_heap(const char *name)
{
	static struct net_timer timers[1000];
	unsigned seed = 7, stopped = 0;

	n_rung = 0;
	last_due = 0;
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 1000; i++) {
			seed = seed * 1103515245u + 12345u;
			net_timer_start(&timers[i], loop, (seed >> 16) % 40, check_order, &timers[i]);
		}
	for (int i = 0; i < 1000; i += 3, stopped++)
		net_timer_stop(&timers[i]);
	usleep(50000);
	net_loop_run_once(loop, 0);
	CHECK_ROW(sorted && n_rung == 1000 - stopped, name);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		/* a machine that stalls between two starts moves no due time */
		still_clock.on = true;
		timers_ring_in_the_order_of_their_due_times(name);
		moving_a_timer_replaces_its_due_time(name);
		the_last_due_time_counts_whether_sooner_or_later(name);
		still_clock.on = false;
		a_timer_that_was_put_off_wakes_nobody_at_its_first_time(name);
		a_timer_may_arm_itself_again_without_holding_up_the_pass(name);
		a_timer_may_be_freed_in_its_own_callback(name);
		a_due_timer_stopped_by_another_does_not_ring(name);
		a_thousand_random_timers_stay_a_heap(name);
		net_loop_destroy(loop);
	}
	return check_finish();
}
