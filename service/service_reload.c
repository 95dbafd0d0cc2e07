#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_unix.h"
#include "service/service_keeper.h"
#include "service/service_state.h"

/* One reload on its way through the loops. */
struct reload {
	struct service *service;
	atomic_size_t n_left;           /* loops that have the old generation still */
};

struct change {
	struct service_loop *loop;
	struct service_generation *generation;
	struct reload *reload;
};

/* In loop 0: whoever connects from now on, and whatever the program does from now on, goes by the new generation. */
static void tell_reloaded(void *owner)
{
	struct reload *reload = owner;
	struct service *s = reload->service;

	log_info(s->program->name, "reloaded", "file=%s", s->loops[0].generation->settings.path);
	service_reload_tell(s, SERVICE_KEEPER_RELOADED);
	free(reload);
}

/* In each loop: connections from now on begin under the new generation; those that are here keep theirs. */
static void change_generation(void *owner)
{
	struct change *c = owner;
	struct service_loop *loop = c->loop;

	service_generation_unref(loop->generation);
	loop->generation = c->generation;
	if (loop->service->program->reload != NULL)
		loop->service->program->reload(loop);
	if (atomic_fetch_sub(&c->reload->n_left, 1) == 1)
		net_loop_post(loop->service->loops[0].net, tell_reloaded, c->reload);
	free(c);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What is read once, at the start. */
static void warn_of_restart(const struct service *s, const struct service_settings *new)
{
	const struct service_settings *old = &s->first->settings;
	const struct { const char *key; bool is_same; } fixed[] = {
		{ "data_dir", is_same_text(old->data_dir, new->data_dir) },
		{ "ephemeral", old->ephemeral == new->ephemeral },
		{ "compress", old->compress == new->compress },
		{ "user", is_same_text(old->user, new->user) },
		{ "process.threads", old->process.threads == new->process.threads },
		{ "process.sandbox", old->process.sandbox == new->process.sandbox },
		{ "announce", old->announce == new->announce },
	};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		if (!fixed[i].is_same)
			log_warning(s->program->name, "setting-not-changed", "key=%s reason=%s", fixed[i].key, "needs a restart");
	}
}

static void put_in_force(struct service *s, struct service_generation *g)
{
	warn_of_restart(s, &g->settings);
	service_connections_reload(s, g);
	budget_set_limit(s->budget, (size_t)g->settings.limits.memory);
	log_set_level((enum log_level)g->settings.process.level);
	struct reload *reload = xcalloc(1, sizeof *reload);
	reload->service = s;
	atomic_init(&reload->n_left, s->n_loops);
	for (size_t i = 0; i < s->n_loops; i++) {
		struct change *c = xmalloc(sizeof *c);
		*c = (struct change){ &s->loops[i], service_generation_ref(g), reload };
		/* posted to loop 0 too: the connections it handed out before go before */
		net_loop_post(s->loops[i].net, change_generation, c);
	}
}

static void take_reading(struct service *s, int fd)
{
	struct service_generation *g = NULL;
	struct service_reading reading;
	struct error err = { 0 };

	if (service_reading_unpack(&reading, fd, &err)) {
		g = service_generation_create(&reading, &err);
		service_reading_release(&reading);
	}
	if (g != NULL) {
		put_in_force(s, g);
	} else {
		log_error(s->program->name, "reload-failed", "error=%s", err.text);
		service_reload_tell(s, SERVICE_KEEPER_RELOADED);
	}
	service_generation_unref(g);
}

static void hear(void *owner, unsigned events)
{
	struct service *s = owner;
	int fds[NET_UNIX_FDS_MAX];
	struct error err = { 0 };
	size_t n = 0;
	char octet;

	(void)events;
	ssize_t len = net_unix_receive(s->channel, &octet, 1, fds, &n, &err);
	if (len > 0 && n > 0)
		take_reading(s, fds[0]);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	if (len > 0 || (len < 0 && err.kind == ERROR_TRY_LATER))
		return;
	/* without its keeper nobody would start it again: the ports shall be free */
	service_reload_stop(s);
	service_stop_begin(s);
}

bool service_reload_start(struct service *s, struct error *err)
{
	return net_watch_start(&s->channel_watch, s->loops[0].net, s->channel, NET_READABLE, hear, s, err);
}

void service_reload_stop(struct service *s)
{
	net_watch_stop(&s->channel_watch);
}

void service_reload_tell(struct service *s, char octet)
{
	/* the keeper is never far behind: a full channel means it is gone */
	net_unix_send(s->channel, &octet, 1, NULL, 0, NULL);
}
