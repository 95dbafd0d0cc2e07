#include "smtpd/relay_route.h"

#include <string.h>

static bool fill(const struct service_generation *g, const struct service_peer *peer, size_t file, const char *key, int default_port, struct relay_route *route)
{
	const struct service_peer_files *files = &g->peer_files[file];

	*route = (struct relay_route){
		.key = key, .address = peer->address, .tls = peer->tls,
		.connections = peer->connections > 0 ? (size_t)peer->connections : 1,
		.username = peer->username, .password = files->password, .ca_pem = { files->ca_pem, files->ca_len },
	};
	return net_addr_split(peer->address, default_port, route->host, sizeof route->host, &route->port, NULL);
}

static bool find_peer(const struct service_generation *g, const char *domain, struct relay_route *route)
{
	const struct service_peer *peers = g->settings.peers.at;

	for (size_t i = 0; i < g->settings.peers.n; i++) {
		if (bytes_equal_nocase(bytes_text(domain), bytes_text(peers[i].domain)))
			return fill(g, &peers[i], i, peers[i].domain, 25, route);
	}
	return false;
}

static bool find_smarthost(const struct service_generation *g, struct relay_route *route)
{
	return g->settings.smarthost.address && fill(g, &g->settings.smarthost, g->settings.peers.n, "*", 587, route);
}

bool relay_route_find(const struct service_generation *g, const char *address, struct relay_route *route)
{
	const char *at = strrchr(address, '@');

	if (!at || at[1] == '\0' || at[1] == '[')
		return false;
	return find_peer(g, at + 1, route) || find_smarthost(g, route);
}

bool relay_route_find_key(const struct service_generation *g, const char *key, struct relay_route *route)
{
	return strcmp(key, "*") == 0 ? find_smarthost(g, route) : find_peer(g, key, route);
}
