#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "netcore/net_worker.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;
static pthread_t loop_thread;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int n_worked;
static int n_done;
static bool all_done;
static int n_expected;

struct job {
	bool worked_elsewhere, signals_blocked;
};

static void work(void *owner)
{
	struct job *j = owner;
	sigset_t blocked;

	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	j->worked_elsewhere = !pthread_equal(pthread_self(), loop_thread);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	j->signals_blocked = sigismember(&blocked, SIGTERM) == 1;
	atomic_fetch_add(&n_worked, 1);
}

static void done(void *owner)
{
	struct job *j = owner;

	CHECK_ROW(pthread_equal(pthread_self(), loop_thread), "done runs in the loop");
	CHECK_ROW(j->worked_elsewhere, "work runs in another thread");
	CHECK_ROW(j->signals_blocked, "no signal is ever handled there");
	free(j);
	all_done = ++n_done == n_expected;
}

static bool submit(struct net_worker *w)
{
	struct job *j = xcalloc(1, sizeof *j);
	bool taken = net_worker_submit(w, loop, work, done, j);

	if (!taken)
		free(j);
	return taken;
}

static void expect(int n)
{
	n_done = 0;
	all_done = false;
	n_expected = n;
	atomic_store(&n_worked, 0);
}

static void every_job_is_worked_and_done(const char *name)
{
	struct error err = { 0 };
	struct net_worker *w = net_worker_create(4, 1000, &err);

	expect(500);
	for (int i = 0; i < 500; i++)
		CHECK(submit(w));
	CHECK_ROW(rig_run(loop, &all_done, RIG_WAIT_MS), name);
	net_worker_destroy(w);
}

static void the_queue_is_bounded(const char *name)
{
	struct error err = { 0 };
	struct net_worker *w = net_worker_create(1, 3, &err);
	int taken = 0;

	pthread_mutex_lock(&gate);
	for (int i = 0; i < 10; i++)
		taken += submit(w);
	/* One may be in work already. */
	CHECK_ROW(taken == 3 || taken == 4, name);
	expect(taken);
	pthread_mutex_unlock(&gate);
	CHECK_ROW(rig_run(loop, &all_done, RIG_WAIT_MS), name);
	CHECK_ROW(submit(w), "there is room again");
	net_worker_destroy(w);
	CHECK_ROW(atomic_load(&n_worked) == taken + 1, "destroy finishes what is queued");
	net_loop_run_once(loop, 100);
	CHECK_ROW(n_done == taken + 1, "and its completion still comes");
}

int main(void)
{
	loop_thread = pthread_self();
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		every_job_is_worked_and_done(name);
		the_queue_is_bounded(name);
		net_loop_destroy(loop);
	}
	return check_finish();
}
