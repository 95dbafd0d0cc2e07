#include "service/service_generation.h"

#include <stdlib.h>

#include "base/memory.h"

static bool take_peer_files(struct service_generation *g, const struct service_reading *r, struct error *err)
{
	const struct service_peer *peers = g->settings.peers.at;
	size_t n = g->settings.peers.n + 1;

	g->peer_files = arena_alloc(&g->arena, n * sizeof *g->peer_files);
	for (size_t i = 0; i < n; i++) {
		struct bytes ca = service_reading_ca(r, i), password = service_reading_password(r, i);
		if (password.at != NULL)
			g->peer_files[i].password = arena_bytes(&g->arena, password).at;
		if (ca.at == NULL)
			continue;
		ca = arena_bytes(&g->arena, ca);
		g->peer_files[i].ca_pem = ca.at;
		g->peer_files[i].ca_len = ca.len;
		struct net_tls_context *trust = net_tls_context_client(NET_TLS_VERIFY_CA, ca, NULL, err);
		if (trust == NULL)
			return error_prefix(err, "%s", i + 1 < n ? peers[i].ca : g->settings.smarthost.ca);
		net_tls_context_unref(trust);
	}
	return true;
}

static bool fill(struct service_generation *g, const struct service_reading *r, struct error *err)
{
	static const char *const versions[] = { "1.2", "1.3" };
	struct service_settings *s = &g->settings;

	if (!service_settings_load_text(service_reading_text(r), service_reading_path(r), &g->arena, s, err))
		return false;
	if (service_reading_certificate(r).at != NULL) {
		g->tls = net_tls_context_server(service_reading_certificate(r), service_reading_key(r),
		                                versions[s->tls.min_version], err);
		if (g->tls == NULL)
			return error_prefix(err, "%s:%d: tls: %s, %s", s->path, (int)s->tls.line, s->tls.certificate, s->tls.key);
		g->tls_asking = net_tls_context_server(service_reading_certificate(r), service_reading_key(r), versions[s->tls.min_version], err);
		if (g->tls_asking == NULL)
			return false;
		net_tls_context_ask(g->tls_asking);
	}
	return take_peer_files(g, r, err);
}

struct service_generation *service_generation_create(const struct service_reading *r, struct error *err)
{
	struct service_generation *g = xcalloc(1, sizeof *g);

	g->references = 1;
	if (fill(g, r, err))
		return g;
	service_generation_unref(g);
	return NULL;
}

struct service_generation *service_generation_ref(struct service_generation *g)
{
	__atomic_fetch_add(&g->references, 1, __ATOMIC_RELAXED);
	return g;
}

void service_generation_unref(struct service_generation *g)
{
	if (g == NULL || __atomic_sub_fetch(&g->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	net_tls_context_unref(g->tls);
	net_tls_context_unref(g->tls_asking);
	arena_reset(&g->arena);
	free(g);
}
