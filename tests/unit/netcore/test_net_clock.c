/* The test clock: what waits for minutes in life ends at once when a test moves time. */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"
#include "tests/unit/netcore/certificates.h"
#include "tests/unit/netcore/rig.h"

static int64_t *offset_ms;              /* the file that clock_open_test maps */

static void open_clock(void)
{
	char path[300];
	int64_t zero = 0;

	snprintf(path, sizeof path, "%s/clock", check_folder());
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	CHECK(write(fd, &zero, sizeof zero) == sizeof zero);
	offset_ms = mmap(NULL, sizeof zero, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	setenv("POSTA_TEST_CLOCK", path, 1);
	CHECK_ROW(clock_open_test(), "a test build opens the test clock");
}

static void ring(void *owner)
{
	*(bool *)owner = true;
}

static void a_sleeping_loop_sees_the_clock_move(struct net_loop *loop, const char *name)
{
	struct net_timer timer = { 0 };
	bool rung = false;

	net_timer_start(&timer, loop, 3600 * 1000, ring, &rung);
	rig_run_for(loop, 50);
	CHECK_ROW(!rung, "an hour is not over yet");
	*offset_ms += 3600 * 1000;
	int64_t before = rig_now_ms();
	while (!rung && rig_now_ms() - before < RIG_WAIT_MS)
		net_loop_run_once(loop, -1);
	CHECK_ROW(rung, name);
}

struct witness {
	struct error why;
	bool closed;
};

static void on_input(void *owner)
{
	(void)owner;
}

static void on_closed(void *owner, const struct error *why)
{
	struct witness *w = owner;

	w->why = *why;
	w->closed = true;
}

static const struct net_stream_events events = { on_input, NULL, NULL, on_closed };

static void a_silent_tls_client_is_cut_after_thirty_seconds(struct net_loop *loop, struct net_tls_context *context, const char *name)
{
	int fds[2];
	struct witness w = { 0 };

	rig_tcp_pair(fds, 0);
	struct net_stream *stream = net_stream_create(loop, fds[0], &events, &w, NULL);
	net_stream_start_tls_server(stream, context);
	*offset_ms += 29 * 1000;
	rig_run_for(loop, 50);
	CHECK_ROW(!w.closed, "29 seconds are allowed");
	*offset_ms += 2 * 1000;
	CHECK_ROW(rig_run(loop, &w.closed, RIG_WAIT_MS) && w.why.kind == ERROR_TRY_LATER, name);
	net_stream_close(stream);
	close(fds[1]);
	net_loop_run_once(loop, 0);
}

int main(void)
{
	struct error err = { 0 };
	struct certificate leaf = certificate_make("mx.test", NULL, NULL);
	struct net_tls_context *context = net_tls_context_server(leaf.pem, leaf.key_pem, "1.3", &err);

	net_signal_ignore_pipe();
	open_clock();
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct net_loop *loop = net_loop_create(rig_backends[i].kind, &err);
		a_sleeping_loop_sees_the_clock_move(loop, rig_backends[i].name);
		a_silent_tls_client_is_cut_after_thirty_seconds(loop, context, rig_backends[i].name);
		net_loop_destroy(loop);
	}
	net_tls_context_unref(context);
	certificate_release(&leaf);
	return check_finish();
}
