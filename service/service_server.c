#include "service/service_server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_socket.h"
#include "service/service_announce.h"
#include "service/service_exit.h"
#include "service/service_keeper.h"
#include "service/service_listeners.h"
#include "service/service_ports.h"
#include "service/service_rights.h"
#include "service/service_sandbox.h"
#include "service/service_state.h"
#include "service/service_watchdog.h"

#define LOOPS_MAX_AUTO 4
#define WORKERS 2
#define WORK_QUEUE 1000
#define STOP_MS 8500                    /* the keeper ends it a second later */
#define SUCCESSES 4096                  /* log-ins remembered, so that they cost no PBKDF2 again */

#define RELAYS (1u << SERVICE_SMTP | 1u << SERVICE_SUBMISSION)  /* programs that call other hosts */

/* ---- what programs ask ---- */

void service_hold(struct service *s)
{
	atomic_fetch_add(&s->n_holds, 1);
}

static void check_stop(void *owner)
{
	service_stop_check(owner);
}

void service_unhold(struct service *s)
{
	if (atomic_fetch_sub(&s->n_holds, 1) == 1 && atomic_load(&s->stopping))
		net_loop_post(s->loops[0].net, check_stop, s);
}

struct budget *service_budget(struct service *s)
{
	return s->budget;
}

struct net_worker *service_worker(struct service *s)
{
	return s->worker;
}

size_t service_loop_count(const struct service *s)
{
	return s->n_loops;
}

struct service_loop *service_loop_at(struct service *s, size_t index)
{
	return &s->loops[index];
}

/* ---- stop ---- */

/* In loop 0: nothing is left, or no time. */
static void end(struct service *s)
{
	if (s->has_ended)
		return;
	s->has_ended = true;
	net_timer_stop(&s->stop_timer);
	for (size_t i = 0; i < s->n_loops; i++)
		net_loop_stop(s->loops[i].net);
}

void service_stop_check(struct service *s)
{
	if (atomic_load(&s->stopping) && s->n_stopped == s->n_loops && s->n_connections == 0 && atomic_load(&s->n_holds) == 0)
		end(s);
}

static void force_end(void *owner)
{
	struct service *s = owner;

	s->forced = true;
	log_warning(s->program->name, "stop-forced", "connections=%zu holds=%d", s->n_connections, (int)atomic_load(&s->n_holds));
	end(s);
}

static void loop_stopped(void *owner)
{
	struct service *s = owner;

	s->n_stopped++;
	service_stop_check(s);
}

static void stop_loop(void *owner)
{
	struct service_loop *loop = owner;
	struct service *s = loop->service;

	if (s->program->stop != NULL)
		s->program->stop(loop);
	net_loop_post(s->loops[0].net, loop_stopped, s);
}

void service_stop_begin(struct service *s)
{
	if (atomic_exchange(&s->stopping, true))
		return;
	service_ports_withdraw(s);
	service_announce_stop(s);
	service_connections_stop(s);
	net_timer_start(&s->stop_timer, s->loops[0].net, STOP_MS, force_end, s);
	for (size_t i = 0; i < s->n_loops; i++)
		net_loop_post(s->loops[i].net, stop_loop, &s->loops[i]);
}

static void on_signal(void *owner, int number)
{
	(void)number;
	service_stop_begin(owner);
}

/* ---- start, in the order that the sandbox asks ---- */

/* The server never outlives its keeper.  After the change of user, which the kernel takes for a new life. */
static bool die_with_keeper(pid_t keeper, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_set_errno(err, errno, "PR_SET_PDEATHSIG");
	return getppid() == keeper || error_set(err, ERROR_CLOSED, "the keeper is gone");
}

static bool enter_sandbox(struct service *s, pid_t keeper, struct error *err)
{
	const struct service_settings *settings = &s->first->settings;
	struct service_identity who;

	if (!service_rights_of_settings(settings, &who, err) || !service_rights_become(&who, err) ||
	    !die_with_keeper(keeper, err))
		return false;
	if (!settings->process.sandbox || service_sandbox_is_off())
		return true;
	s->sandboxed = true;
	return service_sandbox_enter(s->program->name, settings->data_dir, (s->program->services & RELAYS) != 0, err);
}

static size_t loop_count(const struct service_settings *settings)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings->process.threads > 0)
		return (size_t)settings->process.threads;
	return cores < 1 ? 1 : cores > LOOPS_MAX_AUTO ? LOOPS_MAX_AUTO : (size_t)cores;
}

static bool make_loops(struct service *s, struct error *err)
{
	size_t n = loop_count(&s->first->settings);

	s->loops = xcalloc(n, sizeof *s->loops);
	s->threads = xcalloc(n, sizeof *s->threads);
	s->store_watches = xcalloc(n, sizeof *s->store_watches);
	for (; s->n_loops < n; s->n_loops++) {
		struct service_loop *loop = &s->loops[s->n_loops];
		struct net_loop *net = net_loop_create(net_poll_kind_default(), err);
		if (net == NULL)
			return false;
		*loop = (struct service_loop){
			.service = s, .index = (unsigned)s->n_loops, .net = net,
			.generation = service_generation_ref(s->first), .watches = service_watches_create(),
		};
	}
	return true;
}

static void dispatch_store(void *owner, unsigned events)
{
	(void)events;
	store_client_dispatch(owner);
}

/* The first threads: the store's and the workers'. */
static bool open_store(struct service *s, struct error *err)
{
	const struct store_options options = {
		.data_dir = s->first->settings.data_dir, .ephemeral = s->first->settings.ephemeral, .is_daemon = true,
		.compress = s->first->settings.compress == SERVICE_COMPRESS_ZSTD,
		.budget = s->budget, .on_commit = service_changes_committed, .owner = s,
	};

	s->store = store_open(&options, err);
	if (s->store == NULL)
		return false;
	for (size_t i = 0; i < s->n_loops; i++) {
		struct service_loop *loop = &s->loops[i];
		loop->store = store_client_create(s->store, err);
		if (loop->store == NULL ||
		    !net_watch_start(&s->store_watches[i], loop->net, store_client_fd(loop->store), NET_READABLE,
		                     dispatch_store, loop->store, err))
			return false;
	}
	s->worker = net_worker_create(WORKERS, WORK_QUEUE, err);
	return s->worker != NULL;
}

static bool start_program(struct service_loop *loop, struct error *err)
{
	const struct service_program *program = loop->service->program;

	return program->start == NULL || program->start(loop, err);
}

static void *run_loop(void *owner)
{
	struct service_loop *loop = owner;
	struct service *s = loop->service;
	struct error err = { 0 };
	bool ok = start_program(loop, &err);

	if (!ok && !atomic_exchange(&s->start_failed, true))
		s->start_error = err;
	sem_post(&s->started);
	if (ok) {
		net_loop_run(loop->net);
		if (!s->forced && s->program->finish != NULL)
			s->program->finish(loop);
	}
	return NULL;
}

static bool start_loops(struct service *s, struct error *err)
{
	for (size_t i = 1; i < s->n_loops; i++, s->n_threads++) {
		int number = pthread_create(&s->threads[i], NULL, run_loop, &s->loops[i]);
		if (number != 0)
			return error_set_errno(err, number, "start a network thread");
	}
	bool ok = start_program(&s->loops[0], err);
	for (size_t i = 0; i < s->n_threads; i++) {
		while (sem_wait(&s->started) < 0 && errno == EINTR)
			;
	}
	if (ok && atomic_load(&s->start_failed)) {
		*err = s->start_error;
		return false;
	}
	return ok;
}

static bool start(struct service *s, struct service_listeners *listeners, pid_t keeper, int *code, struct error *err)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };
	struct error no_multicast = { 0 };

	*code = EX_OSERR;
	net_socket_raise_limit();
	log_set_level((enum log_level)s->first->settings.process.level);
	s->hint = service_hint_open(s->first->settings.data_dir, &no_multicast);
	if (s->hint == NULL)
		log_warning(s->program->name, "no-multicast", "error=%s reason=%s", no_multicast.text,
		            "changes are polled for each second");
	service_announce_open(s);
	if (!enter_sandbox(s, keeper, err)) {
		*code = err->kind == ERROR_DENIED ? EX_NOPERM : err->kind == ERROR_NOT_FOUND ? EX_CONFIG : service_exit_code(err);
		return false;
	}
	s->budget = budget_create((size_t)s->first->settings.limits.memory);
	s->guesses = guess_limit_create();
	s->successes = success_cache_create(SUCCESSES, SUCCESS_CACHE_KEEP_MS);
	if (!make_loops(s, err))
		return false;
	s->signals = net_signal_create(s->loops[0].net, signals, on_signal, s, err);
	if (s->signals == NULL)
		return false;
	if (!open_store(s, err)) {
		*code = service_exit_code_store(err);
		return false;
	}
	if (!start_loops(s, err) || !service_changes_start(s, err) || !service_reload_start(s, err) ||
	    !service_connections_start(s, listeners, err))
		return false;
	service_announce_start(s);
	return true;
}

/* ---- end ---- */

static void join_loops(struct service *s)
{
	for (size_t i = 1; i <= s->n_threads; i++) {
		net_loop_stop(s->loops[i].net);
		pthread_join(s->threads[i], NULL);
	}
}

static void release_loops(struct service *s)
{
	for (size_t i = 0; i < s->n_loops; i++) {
		net_watch_stop(&s->store_watches[i]);
		store_client_destroy(s->loops[i].store);
	}
	store_close(s->store);
	/* loop 0 last: what the others still post goes there */
	for (size_t i = s->n_loops; i-- > 0;) {
		net_loop_destroy(s->loops[i].net);
		service_watches_destroy(s->loops[i].watches);
		service_generation_unref(s->loops[i].generation);
	}
	free(s->loops);
	free(s->threads);
	free(s->store_watches);
}

static void release(struct service *s)
{
	net_signal_destroy(s->signals);
	service_connections_stop(s);
	service_announce_close(s);
	net_worker_destroy(s->worker);
	release_loops(s);
	service_connections_release(s);
	service_hint_close(s->hint);
	budget_destroy(s->budget);
	guess_limit_destroy(s->guesses);
	success_cache_destroy(s->successes);
	service_generation_unref(s->first);
	sem_destroy(&s->started);
	net_socket_close(s->channel);
}

static int run(struct service *s)
{
	log_info(s->program->name, "ready", "pid=%d threads=%zu", (int)getpid(), s->n_loops);
	service_reload_tell(s, SERVICE_KEEPER_READY);
	service_watchdog_start(s, getppid());
	net_loop_run(s->loops[0].net);
	service_watchdog_stop(s);
	service_changes_stop(s);
	service_reload_stop(s);
	join_loops(s);
	if (s->forced) {
		/* sessions still stand: what they asked of the store is written, and the rest is not worth a wait */
		for (size_t i = 0; i < s->n_loops; i++)
			store_client_destroy(s->loops[i].store);
		store_close(s->store);
		log_info(s->program->name, "stopped", "connections=%zu", s->n_connections);
		_exit(EX_OK);
	}
	if (s->program->finish != NULL)
		s->program->finish(&s->loops[0]);
	log_info(s->program->name, "stopped", "connections=%zu", s->n_connections);
	release(s);
	return EX_OK;
}

int service_server_run(const struct service_program *program, const struct service_reading *reading,
                       struct service_listeners *listeners, int channel)
{
	struct service s = { .program = program, .channel = channel, .ports_fd = -1 };
	struct error err = { 0 };
	int code = EX_CONFIG;

	sem_init(&s.started, 0, 0);
	s.first = service_generation_create(reading, &err);
	if (s.first == NULL || !start(&s, listeners, getppid(), &code, &err)) {
		log_error(program->name, "start-failed", "error=%s exit=%d", err.text, code);
		_exit(code);    /* threads may run: there is nothing to save yet */
	}
	service_ports_tell(&s);
	code = run(&s);
	service_listeners_close(listeners, false);
	if (s.sandboxed)
		_exit(code);    /* a sanitizer's leak check at exit needs calls that are forbidden now */
	return code;
}
