#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_socket.h"
#include "service/service_listeners.h"
#include "service/service_state.h"

/* A connection on its way between loop 0 and its own loop, or its end on the way back. */
struct handover {
	struct service_loop *loop;
	int fd;
	struct net_addr peer;
	const struct service_listen *row;
};

static struct service_loop *least_loaded(struct service *s)
{
	struct service_loop *best = &s->loops[0];

	for (size_t i = 1; i < s->n_loops; i++) {
		if (s->loops[i].n_connections < best->n_connections)
			best = &s->loops[i];
	}
	return best;
}

static void take_over(void *owner)
{
	struct handover *h = owner;

	h->loop->service->program->accept(h->loop, h->fd, &h->peer, h->row);
	free(h);
}

static void refuse(struct service_place *place, int fd, enum net_limit_answer answer, const struct net_addr *peer)
{
	const char *why = answer == NET_LIMIT_TOTAL ? "too many connections" : "too many connections from your address";
	const struct service_program *program = place->service->program;
	char text[NET_ADDR_TEXT];

	log_warning(program->name, "refused", "peer=%s reason=%s", net_addr_format_ip(peer, text), why);
	if (program->refuse != NULL)
		program->refuse(&place->service->loops[0], fd, place->row, why);
	else
		net_socket_close(fd);
}

static void accepted(void *owner, int fd, const struct net_addr *peer)
{
	struct service_place *place = owner;
	struct service *s = place->service;
	enum net_limit_answer answer = net_limit_enter(s->limit, peer);

	if (answer != NET_LIMIT_OK) {
		refuse(place, fd, answer, peer);
		return;
	}
	struct service_loop *loop = least_loaded(s);
	loop->n_connections++;
	s->n_connections++;
	if (loop->index == 0) {
		s->program->accept(loop, fd, peer, place->row);
		return;
	}
	struct handover *h = xmalloc(sizeof *h);
	*h = (struct handover){ loop, fd, *peer, place->row };
	net_loop_post(loop->net, take_over, h);
}

static void count_out(struct service_loop *loop, const struct net_addr *peer)
{
	struct service *s = loop->service;

	loop->n_connections--;
	s->n_connections--;
	net_limit_leave(s->limit, peer);
	service_stop_check(s);
}

static void ended_elsewhere(void *owner)
{
	struct handover *h = owner;

	count_out(h->loop, &h->peer);
	free(h);
}

void service_connection_end(struct service_loop *loop, const struct net_addr *peer)
{
	if (loop->index == 0) {
		count_out(loop, peer);
		return;
	}
	struct handover *h = xcalloc(1, sizeof *h);
	h->loop = loop;
	h->peer = *peer;
	net_loop_post(loop->service->loops[0].net, ended_elsewhere, h);
}

static bool start_place(struct service_place *place, int fd, struct error *err)
{
	struct service *s = place->service;
	char text[NET_ADDR_TEXT];

	net_socket_local_addr(fd, &place->address);
	place->listener = net_listener_create(s->loops[0].net, fd, accepted, place, err);
	if (place->listener == NULL)
		return false;
	log_info(s->program->name, "listening", "service=%s tls=%s address=%s", service_kind_name(place->row->service),
	         service_tls_name(place->row->tls), net_addr_format(&place->address, text));
	return true;
}

static void set_limits(struct service *s, struct service_generation *g)
{
	const struct service_settings *settings = &g->settings;
	size_t total = (size_t)settings->limits.connections, per_address = (size_t)settings->limits.connections_per_ip;

	if (s->limit == NULL)
		s->limit = net_limit_create(total, per_address, settings->exempt, settings->n_exempt);
	else
		net_limit_change(s->limit, total, per_address, settings->exempt, settings->n_exempt);
	service_generation_ref(g);
	service_generation_unref(s->newest);
	s->newest = g;
}

bool service_connections_start(struct service *s, struct service_listeners *listeners, struct error *err)
{
	set_limits(s, s->first);
	s->places = xcalloc(listeners->n, sizeof *s->places);
	for (; s->n_places < listeners->n; s->n_places++) {
		struct service_place *place = &s->places[s->n_places];
		*place = (struct service_place){ .service = s, .row = &listeners->rows[s->n_places] };
		if (!start_place(place, listeners->fds[s->n_places], err))
			return false;
		listeners->fds[s->n_places] = -1;       /* the listener's now */
	}
	return true;
}

void service_connections_stop(struct service *s)
{
	for (size_t i = 0; i < s->n_places; i++) {
		if (s->places[i].listener != NULL)
			net_listener_destroy(s->places[i].listener);
		s->places[i].listener = NULL;
	}
}

void service_connections_release(struct service *s)
{
	service_connections_stop(s);
	free(s->places);
	net_limit_destroy(s->limit);
	service_generation_unref(s->newest);
}

static bool serves(const struct service *s, const struct service_listen *row)
{
	return (s->program->services & 1u << row->service) != 0;
}

static bool is_same_row(const struct service_listen *a, const struct service_listen *b)
{
	return a->service == b->service && a->tls == b->tls && strcmp(a->address, b->address) == 0;
}

static struct service_place *place_of(struct service *s, const struct service_listen *row)
{
	for (size_t i = 0; i < s->n_places; i++) {
		if (is_same_row(s->places[i].row, row))
			return &s->places[i];
	}
	return NULL;
}

/* Sockets are bound by a keeper that just started: what a reload adds or drops waits for the next start. */
void service_connections_reload(struct service *s, struct service_generation *g)
{
	const struct service_listen *rows = g->settings.listen.at;

	set_limits(s, g);
	for (size_t i = 0; i < g->settings.listen.n; i++) {
		if (serves(s, &rows[i]) && place_of(s, &rows[i]) == NULL)
			log_warning(s->program->name, "listener-not-added", "address=%s service=%s reason=%s", rows[i].address,
			            service_kind_name(rows[i].service), "a new or changed listener needs a restart");
	}
	for (size_t i = 0; i < s->n_places; i++) {
		bool still_there = false;
		for (size_t j = 0; j < g->settings.listen.n; j++)
			still_there = still_there || is_same_row(&rows[j], s->places[i].row);
		if (!still_there)
			log_warning(s->program->name, "listener-kept", "address=%s service=%s reason=%s", s->places[i].row->address,
			            service_kind_name(s->places[i].row->service), "a listener goes at the next restart");
	}
}
