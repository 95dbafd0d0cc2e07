#include <signal.h>

#include "tests/unit/netcore/rig.h"

static struct net_signal *signals;
static int last;
static bool told;

static void on_signal(void *owner, int number)
{
	last = number;
	told = true;
	if (owner)
		net_signal_destroy(signals);
}

int main(void)
{
	static const int numbers[] = { SIGTERM, SIGHUP, 0 };

	net_signal_ignore_pipe();
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		struct net_loop *loop = net_loop_create(rig_backends[i].kind, &err);
		signals = net_signal_create(loop, numbers, on_signal, NULL, &err);
		CHECK_ROW(signals != NULL, err.text);
		told = false;
		kill(getpid(), SIGTERM);
		CHECK_ROW(rig_run(loop, &told, RIG_WAIT_MS) && last == SIGTERM, name);
		told = false;
		kill(getpid(), SIGHUP);
		CHECK_ROW(rig_run(loop, &told, RIG_WAIT_MS) && last == SIGHUP, name);
		net_signal_destroy(signals);
		signals = net_signal_create(loop, numbers, on_signal, loop, &err);
		told = false;
		kill(getpid(), SIGHUP);
		CHECK_ROW(rig_run(loop, &told, RIG_WAIT_MS), "destroying the watch in its own callback is legal");
		net_loop_destroy(loop);
	}
	return check_finish();
}
