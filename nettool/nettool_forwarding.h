/* nettool_forwarding: what forward and dump share: their options, and a forwarder that runs until a signal. */
#ifndef NETTOOL_NETTOOL_FORWARDING_H
#define NETTOOL_NETTOOL_FORWARDING_H

#include <getopt.h>

#include "netcore/net_forwarder.h"
#include "nettool/nettool_address.h"
#include "nettool/nettool_commands.h"

#define NETTOOL_ALLOWED_MAX 64

struct nettool_forwarding {
	enum nettool_transport transport;
	struct net_addr listen;
	struct net_forwarder_settings settings;
	struct net_cidr allowed[NETTOOL_ALLOWED_MAX];
};

/* The options' part of a help text. */
#define NETTOOL_FORWARDING_HELP \
	"  --allow CIDR            only clients of this block (may be repeated; default: everybody)\n" \
	"  --max N                 at most N connections at a time (default 1000)\n" \
	"  --max-per-address N     and N of one address (default: no bound)\n" \
	"  --idle TIME             end a connection on which nothing moves for so long (default 1h; 0 = never)\n" \
	"  --half-open TIME        the same once one side has ended (default 1m)\n" \
	"  --connect TIME          how long the target may take to answer (default 10s)\n"

/* For getopt_long: these rows, in the command's own table; their values are taken by nettool_forwarding_option. */
#define NETTOOL_FORWARDING_OPTIONS \
	{ "allow", required_argument, NULL, 'a' }, { "max", required_argument, NULL, 'm' }, \
	{ "max-per-address", required_argument, NULL, 'p' }, { "idle", required_argument, NULL, 'i' }, \
	{ "half-open", required_argument, NULL, 'h' }, { "connect", required_argument, NULL, 'c' }

void nettool_forwarding_init(struct nettool_forwarding *);
/* False: err says what is wrong with the value. */
bool nettool_forwarding_option(struct nettool_forwarding *, int option, const char *value, struct error *err);
/* The two words LISTEN and TARGET; both are streams or both datagrams.  A stream's target may be a name. */
bool nettool_forwarding_addresses(struct nettool_forwarding *, const char *listen, const char *target, struct error *err);
/* Prints "listening on …"; SIGUSR1 prints counters on standard error, SIGINT and SIGTERM end it.  Returns the exit code.  events may be NULL. */
int nettool_forwarding_run(const struct nettool_command *, const struct nettool_forwarding *, const struct net_forwarder_events *, void *owner);

#endif
