#include "netcore/net_forwarder.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_connect.h"
#include "netcore/net_limit.h"
#include "netcore/net_listener.h"
#include "netcore/net_socket.h"

struct net_forwarder {
	struct net_loop *loop;
	struct net_forwarder_settings settings;
	const struct net_forwarder_events *events;
	void *owner;
	struct net_listener *listener;
	struct net_limit *limit;
	struct list talks;
	struct net_forwarder_counts counts;     /* but for the octets of open ones */
};

/* One connection: first `connect` waits for the target, then `forward` moves octets. */
struct talk {
	struct net_forwarder *forwarder;
	struct list_node node;
	struct net_addr client;
	int client_fd;                          /* -1 once the forward has it */
	struct net_connect *connect;
	struct net_forward *forward;
	void *conversation;
};

static void talk_end(struct talk *t, const struct error *why)
{
	struct net_forwarder *f = t->forwarder;

	if (t->forward)
		for (unsigned i = 0; i < 2; i++)
			f->counts.octets[i] += net_forward_octets(t->forward, i);
	net_connect_cancel(t->connect);
	net_forward_stop(t->forward);
	net_socket_close(t->client_fd);
	net_limit_leave(f->limit, &t->client);
	list_remove(&f->talks, &t->node);
	if (f->events->closed)
		f->events->closed(t->conversation, why);
	net_loop_free_later(f->loop, t);
}

static void on_heard(void *owner, unsigned from, struct bytes what)
{
	struct talk *t = owner;

	t->forwarder->events->heard(t->conversation, from, what);
}

static void on_over(void *owner, const struct error *why)
{
	struct talk *t = owner;

	if (why->kind == ERROR_CLOSED)
		t->forwarder->counts.finished++;
	else
		t->forwarder->counts.broken++;
	talk_end(t, why);
}

static const struct net_forward_events quiet_events = { NULL, on_over }, heard_events = { on_heard, on_over };

static void on_target(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct talk *t = owner;
	struct net_forwarder *f = t->forwarder;
	struct error why = { 0 };

	(void)addr;
	t->connect = NULL;
	if (fd >= 0) {
		int fds[2] = { t->client_fd, fd };
		t->client_fd = -1;
		t->forward = net_forward_start(f->loop, fds, &f->settings.forward, f->events->heard ? &heard_events : &quiet_events, t, &why);
		if (t->forward)
			return;
		err = &why;
	}
	f->counts.unreachable++;
	log_warning("forward", "unreachable", "why=%s", err->text);
	talk_end(t, err);
}

static bool is_allowed(const struct net_forwarder *f, const struct net_addr *client)
{
	if (f->settings.n_allowed == 0 || net_addr_family(client) == AF_UNIX)
		return true;
	for (size_t i = 0; i < f->settings.n_allowed; i++)
		if (net_cidr_contains(&f->settings.allowed[i], client))
			return true;
	return false;
}

static void refuse(struct net_forwarder *f, int fd, const struct net_addr *client, const char *why)
{
	char text[NET_ADDR_TEXT];

	f->counts.refused++;
	log_info("forward", "refused", "client=%s why=%s", net_addr_format(client, text), why);
	net_socket_close(fd);
}

static void on_client(void *owner, int fd, const struct net_addr *client)
{
	struct net_forwarder *f = owner;

	if (!is_allowed(f, client)) {
		refuse(f, fd, client, "not-allowed");
		return;
	}
	enum net_limit_answer answer = net_limit_enter(f->limit, client);
	if (answer != NET_LIMIT_OK) {
		refuse(f, fd, client, answer == NET_LIMIT_TOTAL ? "too-many" : "too-many-of-this-address");
		return;
	}
	struct talk *t = xcalloc(1, sizeof *t);
	t->forwarder = f;
	t->client = *client;
	t->client_fd = fd;
	list_append(&f->talks, &t->node);
	f->counts.accepted++;
	if (f->events->opened)
		t->conversation = f->events->opened(f->owner, client);
	/* The client's octets wait in the kernel until the target is there. */
	t->connect = net_connect_place(f->loop, f->settings.worker, &f->settings.target, f->settings.connect_ms, on_target, t);
}

struct net_forwarder *net_forwarder_create(struct net_loop *loop, int listener_fd, const struct net_forwarder_settings *settings,
                                           const struct net_forwarder_events *events, void *owner, struct error *err)
{
	static const struct net_forwarder_events none = { 0 };
	struct net_forwarder *f = xcalloc(1, sizeof *f);

	f->loop = loop;
	f->settings = *settings;
	f->events = events ? events : &none;
	f->owner = owner;
	f->listener = net_listener_create(loop, listener_fd, on_client, f, err);
	if (f->listener == NULL) {
		free(f);
		return NULL;
	}
	f->limit = net_limit_create(settings->total_max, settings->per_address_max, NULL, 0);
	return f;
}

void net_forwarder_destroy(struct net_forwarder *f)
{
	struct error why = { 0 };

	if (f == NULL)
		return;
	net_listener_destroy(f->listener);
	error_set(&why, ERROR_TRY_LATER, "the forwarder ends");
	while (!list_is_empty(&f->talks))
		talk_end(LIST_OWNER(f->talks.first, struct talk, node), &why);
	net_limit_destroy(f->limit);
	net_loop_free_later(f->loop, f);
}

struct net_forwarder_counts net_forwarder_counts(const struct net_forwarder *f)
{
	struct net_forwarder_counts counts = f->counts;

	counts.open = f->talks.n;
	for (const struct list_node *node = f->talks.first; node; node = node->next) {
		const struct talk *t = LIST_OWNER(node, struct talk, node);
		for (unsigned i = 0; t->forward && i < 2; i++)
			counts.octets[i] += net_forward_octets(t->forward, i);
	}
	return counts;
}
