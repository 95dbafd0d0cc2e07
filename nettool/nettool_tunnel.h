/* nettool_tunnel: what the sides of `nettool tunnel` share: keys and pins from the command line. */
#ifndef NETTOOL_NETTOOL_TUNNEL_H
#define NETTOOL_NETTOOL_TUNNEL_H

#include "netcore/net_tls_pin.h"
#include "netcore/net_tunnel.h"

#define NETTOOL_TUNNEL_PEERS_MAX 64
#define NETTOOL_TUNNEL_TARGETS_MAX 64

struct nettool_tunnel {
	const char *key_file;
	struct net_tls_pin peers[NETTOOL_TUNNEL_PEERS_MAX];
	size_t n_peers;
	struct net_place targets[NETTOOL_TUNNEL_TARGETS_MAX];
	size_t n_targets;
	int64_t keepalive_ms;
};

/* `tunnel key FILE`: make one unless it is there, print its pin. */
int nettool_tunnel_key(const char *path);
/* NULL: err. */
struct net_tls_context *nettool_tunnel_context(const struct nettool_tunnel *, bool is_server, struct error *err);
/* The two sides: they run until a signal and return the exit code.  pairs: LOCAL TARGET …, an even number. */
int nettool_tunnel_serve(const struct nettool_tunnel *, const char *listen);
int nettool_tunnel_connect(const struct nettool_tunnel *, const char *remote, char **pairs, int n_pairs);

#endif
