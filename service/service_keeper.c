#define _GNU_SOURCE
#include "service/service_keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "netcore/net_unix.h"
#include "service/service_generation.h"
#include "service/service_listeners.h"
#include "service/service_notify.h"
#include "service/service_reading.h"
#include "service/service_rights.h"
#include "service/service_server.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 30000
#define CALM_MS 60000                   /* a server that lived so long starts the back-off anew */
#define STOP_MS 9500                    /* the promise is ten seconds */

struct keeper {
	const struct service_program *program;
	const char *path;
	struct service_reading reading;
	struct service_listeners listeners;
	int signals, channel;           /* channel -1: no server */
	pid_t server;                   /* 0: none */
	int64_t started_ms, restart_ms, kill_ms;        /* monotonic; 0 = not set */
	int64_t backoff_ms;
	bool was_ready, stopping, over;
	int code;
};

static int say(const struct keeper *k, int code, const struct error *err)
{
	log_error(k->program->name, "start-failed", "error=%s exit=%d", err->text, code);
	return code;
}

static bool block_signals(struct keeper *k, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signals >= 0 || error_set_errno(err, errno, "signalfd");
}

/* Read and judge everything.  The generation is only to look at: the server makes its own of the reading. */
static struct service_generation *read_all(struct service_reading *reading, const char *path, struct error *err)
{
	if (!service_reading_open(reading, path, err))
		return NULL;
	struct service_generation *g = service_generation_create(reading, err);
	if (g == NULL)
		service_reading_release(reading);
	return g;
}

static void warn(const struct keeper *k, const struct service_settings *s)
{
	if (s->plaintext_auth == SERVICE_PLAINTEXT_ALWAYS)
		log_warning(k->program->name, "plaintext-auth", "file=%s value=always reason=%s", s->path,
		            "passwords may cross the network in clear");
	if (s->ephemeral)
		log_warning(k->program->name, "ephemeral", "file=%s reason=%s", s->path,
		            "nothing is synced, and all mail is deleted when the last daemon ends");
	for (size_t i = 0; i < s->listen.n; i++) {
		const struct service_listen *row = (const struct service_listen *)s->listen.at + i;
		if (row->test && (k->program->services & 1u << row->service))
			log_warning(k->program->name, "test-listener", "address=%s reason=%s", row->address,
			            "recipients script failures there");
	}
	if (!s->process.sandbox)
		log_warning(k->program->name, "sandbox-off", "file=%s", s->path);
}

static int exit_code_of_listen(const struct error *err)
{
	if (err->sys_errno == EADDRINUSE)
		return EX_UNAVAILABLE;
	if (err->sys_errno == EACCES || err->sys_errno == EPERM)
		return EX_NOPERM;
	return err->sys_errno == EADDRNOTAVAIL || err->sys_errno == ENOENT ? EX_CONFIG : EX_OSERR;
}

static int open_all(struct keeper *k)
{
	struct service_identity who = { 0 };
	struct error err = { 0 };
	struct service_generation *g = read_all(&k->reading, k->path, &err);
	int code = EX_OK;

	if (g == NULL)
		return say(k, EX_CONFIG, &err);
	log_set_level((enum log_level)g->settings.process.level);
	warn(k, &g->settings);
	if (!service_rights_of_settings(&g->settings, &who, &err))
		code = say(k, err.sys_errno == ENOENT ? EX_NOINPUT : EX_CONFIG, &err);
	else if (!service_listeners_open(&k->listeners, &g->settings, k->program->services, who.uid, who.gid, &err))
		code = say(k, exit_code_of_listen(&err), &err);
	if (code == EX_OK && k->listeners.n == 0) {
		error_set(&err, ERROR_SYNTAX, "%s: listen: no row is for %s", k->path, k->program->name);
		code = say(k, EX_CONFIG, &err);
	}
	service_generation_unref(g);
	return code;
}

static void start_server(struct keeper *k)
{
	struct error err = { 0 };
	int pair[2];

	k->restart_ms = 0;
	k->started_ms = clock_monotonic_ms();
	if (!net_unix_pair(pair, &err)) {
		say(k, EX_OSERR, &err);
		k->restart_ms = k->started_ms + k->backoff_ms;
		return;
	}
	k->server = fork();
	if (k->server == 0) {
		close(k->signals);
		close(pair[0]);
		exit(service_server_run(k->program, &k->reading, &k->listeners, pair[1]));
	}
	close(pair[1]);
	k->channel = pair[0];
	if (k->server < 0) {
		error_set_errno(&err, errno, "fork");
		say(k, EX_OSERR, &err);
		close(k->channel);
		k->channel = -1;
		k->server = 0;
		k->restart_ms = k->started_ms + k->backoff_ms;
	}
}

/* Whatever the server said before it died counts. */
static void hear(struct keeper *k)
{
	struct error err = { 0 };
	struct pollfd ready = { k->channel, POLLIN, 0 };
	int fds[NET_UNIX_FDS_MAX];
	char octet;

	while (k->channel >= 0 && poll(&ready, 1, 0) > 0) {
		size_t n_fds = 0;
		if (net_unix_receive(k->channel, &octet, 1, fds, &n_fds, &err) != 1) {
			close(k->channel);
			k->channel = -1;
			return;
		}
		k->was_ready = k->was_ready || octet == SERVICE_KEEPER_READY;
		service_notify(octet == SERVICE_KEEPER_ALIVE ? "WATCHDOG=1" : "READY=1");
	}
}

static void server_ended(struct keeper *k, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
	int64_t now = clock_monotonic_ms();

	hear(k);
	k->server = 0;
	if (k->channel >= 0)
		close(k->channel);
	k->channel = -1;
	if (k->stopping) {
		k->over = true;
		k->code = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && k->kill_ms == 0 ? EX_OK : code;
		return;
	}
	if (WIFEXITED(status) && code != 0 && !k->was_ready) {
		k->over = true;         /* it could not start, and said why; trying again would not help */
		k->code = code;
		return;
	}
	if (now - k->started_ms >= CALM_MS)
		k->backoff_ms = BACKOFF_FIRST_MS;
	if (WIFSIGNALED(status))
		log_error(k->program->name, "server-died", "signal=%d name=%s restart_ms=%d", WTERMSIG(status),
		          sigabbrev_np(WTERMSIG(status)), (int)k->backoff_ms);
	else
		log_error(k->program->name, "server-died", "exit=%d restart_ms=%d", code, (int)k->backoff_ms);
	k->restart_ms = now + k->backoff_ms;
	k->backoff_ms = k->backoff_ms * 2 < BACKOFF_MAX_MS ? k->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void reap(struct keeper *k)
{
	int status;

	if (k->server > 0 && waitpid(k->server, &status, WNOHANG) == k->server)
		server_ended(k, status);
}

static void send_reading(struct keeper *k)
{
	struct error err = { 0 };
	int fd = service_reading_pack(&k->reading, &err);

	if (fd < 0 || !net_unix_send(k->channel, "", 1, &fd, 1, &err))
		log_error(k->program->name, "reload-failed", "error=%s", err.text);
	if (fd >= 0)
		close(fd);
}

static void reload(struct keeper *k)
{
	struct service_reading reading = { 0 };
	struct error err = { 0 };

	service_notify_reloading();
	struct service_generation *g = read_all(&reading, k->path, &err);
	if (g == NULL) {
		log_error(k->program->name, "reload-failed", "error=%s", err.text);
		service_notify("READY=1");
		return;
	}
	warn(k, &g->settings);
	service_generation_unref(g);
	service_reading_release(&k->reading);
	k->reading = reading;
	if (k->channel >= 0)
		send_reading(k);
	else
		service_notify("READY=1");
}

static void stop(struct keeper *k, int number)
{
	if (k->stopping)
		return;
	k->stopping = true;
	service_notify("STOPPING=1");
	log_info(k->program->name, "stopping", "signal=%s", sigabbrev_np(number));
	/* while any process holds them, the kernel takes connections that nobody answers */
	service_listeners_close(&k->listeners, true);
	k->kill_ms = clock_monotonic_ms() + STOP_MS;
	if (k->server > 0)
		kill(k->server, SIGTERM);
	else
		k->over = true;
}

static void take_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop(k, (int)info.ssi_signo);
		else if (info.ssi_signo == SIGHUP && !k->stopping)
			reload(k);
		else if (info.ssi_signo == SIGCHLD)
			reap(k);
	}
}

static int wait_ms(const struct keeper *k)
{
	int64_t due = k->stopping ? k->kill_ms : k->restart_ms, now = clock_monotonic_ms();

	if (due == 0)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

static void keep(struct keeper *k)
{
	while (!k->over) {
		struct pollfd ready[2] = { { k->signals, POLLIN, 0 }, { k->channel, POLLIN, 0 } };
		int64_t now;

		poll(ready, k->channel >= 0 ? 2 : 1, wait_ms(k));
		hear(k);
		take_signals(k);
		now = clock_monotonic_ms();
		if (k->restart_ms != 0 && now >= k->restart_ms && !k->stopping)
			start_server(k);
		if (k->stopping && k->kill_ms != 0 && now >= k->kill_ms && k->server > 0) {
			log_error(k->program->name, "server-killed", "reason=%s", "still there after SIGTERM");
			k->kill_ms = 0;
			kill(k->server, SIGKILL);
		}
	}
}

int service_keeper_run(const struct service_program *program, const char *path)
{
	struct keeper k = { .program = program, .path = path, .channel = -1, .backoff_ms = BACKOFF_FIRST_MS };
	struct error err = { 0 };

	k.code = open_all(&k);
	if (k.code == EX_OK && !block_signals(&k, &err))
		k.code = say(&k, EX_OSERR, &err);
	if (k.code == EX_OK) {
		start_server(&k);
		keep(&k);
	}
	service_listeners_close(&k.listeners, true);
	service_reading_release(&k.reading);
	return k.code;
}
