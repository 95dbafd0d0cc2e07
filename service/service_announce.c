#include "service/service_announce.h"

#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "netcore/net_announce.h"
#include "service/service_state.h"

void service_announce_open(struct service *s)
{
	const struct net_discover_options options = { 0 };
	struct error err = { 0 };

	if (!s->first->settings.announce)
		return;
	s->discover = net_discover_open(&options, &err);
	if (s->discover == NULL)
		log_warning(s->program->name, "not-announced", "error=%s", err.text);
}

/* NULL: other servers find port 25 by MX, and a Unix socket is nobody's but this host's. */
static const char *type_of(const struct service_place *place)
{
	bool is_implicit = place->row->tls == SERVICE_TLS_IMPLICIT;

	if (net_addr_family(&place->address) == AF_UNIX)
		return NULL;
	if (place->row->service == SERVICE_SUBMISSION)
		return is_implicit ? "_submissions._tcp" : "_submission._tcp";
	if (place->row->service == SERVICE_IMAP)
		return is_implicit ? "_imaps._tcp" : "_imap._tcp";
	return NULL;
}

static bool has_type(const struct net_announce_service *services, size_t n, const char *type)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(services[i].type, type) == 0)
			return true;
	return false;
}

/* The first row of each type: an instance has one port.  What listens on loopback alone is no news to others. */
static size_t list_services(const struct service *s, struct net_announce_service services[NET_ANNOUNCE_SERVICES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_places && n < NET_ANNOUNCE_SERVICES_MAX; i++) {
		const struct service_place *place = &s->places[i];
		const char *type = type_of(place);
		if (type == NULL || net_addr_is_loopback(&place->address) || has_type(services, n, type))
			continue;
		services[n++] = (struct net_announce_service){ .type = type, .port = net_addr_port(&place->address), .bound = place->address };
	}
	return n;
}

static void announced(void *owner, const char *instance, const char *host)
{
	const struct service *s = owner;

	log_info(s->program->name, "announced", "instance=%s host=%s.local", instance, host);
}

void service_announce_start(struct service *s)
{
	struct net_announce_service services[NET_ANNOUNCE_SERVICES_MAX];
	const char *name = s->first->settings.hostname;
	char host[NET_DNS_LABEL_MAX + 1] = "", instance[NET_DNS_LABEL_MAX + 1] = "";
	struct net_announce_options options = { .instance = instance, .host = host, .services = services, .n_services = list_services(s, services) };
	struct error err = { 0 };

	if (s->discover == NULL)
		return;
	if (options.n_services == 0) {
		log_warning(s->program->name, "not-announced", "error=%s", "no listener that other hosts could reach");
		return;
	}
	bytes_copy_text(bytes_of(name, bytes_find(bytes_text(name), '.')), host, sizeof host);
	bytes_copy_text(bytes_slice(bytes_text(name), 0, NET_DNS_LABEL_MAX), instance, sizeof instance);
	if (net_discover_start(s->discover, s->loops[0].net, &err))
		s->announce = net_announce_start(s->discover, &options, announced, s, &err);
	if (s->announce == NULL)
		log_warning(s->program->name, "not-announced", "error=%s", err.text);
}

void service_announce_stop(struct service *s)
{
	net_announce_stop(s->announce);
	s->announce = NULL;
}

void service_announce_close(struct service *s)
{
	net_discover_close(s->discover);
	s->discover = NULL;
}
