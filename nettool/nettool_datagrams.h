/* nettool_datagrams: print what a socket hears; say texts, a datagram each; the options that multicast and broadcast share. */
#ifndef NETTOOL_NETTOOL_DATAGRAMS_H
#define NETTOOL_NETTOOL_DATAGRAMS_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

#include "netcore/net_addr.h"

struct nettool_datagrams {
	const char *interface;
	uint64_t count;                 /* hear: end after so many; 0: never */
	int64_t ms;                     /* hear: end after so long; 0: never */
};

/* For getopt_long: these rows, in the command's own table; their values are taken by nettool_datagrams_option. */
#define NETTOOL_DATAGRAMS_OPTIONS \
	{ "interface", required_argument, NULL, 'i' }, { "count", required_argument, NULL, 'c' }, { "time", required_argument, NULL, 'w' }

/* False: err says what is wrong with the option or its value. */
bool nettool_datagrams_option(struct nettool_datagrams *, int option, const char *value, struct error *err);
/* The words after the options: "send WHERE TEXT...", true with *texts; "receive WHERE", true with *texts NULL; or anything else. */
bool nettool_datagrams_words(int argc, char **argv, char ***texts);

/*
 * Takes the descriptor over, or complains with err when it is -1.  One line a datagram: "FROM > TO: text", octets that are not
 * printable as \xNN, until `count` came, a signal, or `ms` passed (EX_TEMPFAIL).  Returns the exit code.
 */
int nettool_datagrams_hear(const char *name, int fd, const struct nettool_datagrams *, const struct error *err);
/* The same; to: NULL on a connected socket. */
int nettool_datagrams_say(const char *name, int fd, const struct net_addr *to, char **texts, int n, const struct error *err);

#endif
