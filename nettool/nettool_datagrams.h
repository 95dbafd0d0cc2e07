/* nettool_datagrams: print what a socket hears; say texts, a datagram each. */
#ifndef NETTOOL_NETTOOL_DATAGRAMS_H
#define NETTOOL_NETTOOL_DATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

#include "netcore/net_addr.h"

/*
 * Takes the descriptor over, or complains with err when it is -1.  One line a datagram: "FROM > TO: text", octets that are not
 * printable as \xNN, until `count` came (0: for ever), a signal, or `ms` passed (0: for ever; then EX_TEMPFAIL).  Returns the exit code.
 */
int nettool_datagrams_hear(const char *name, int fd, uint64_t count, int64_t ms, const struct error *err);
/* The same; to: NULL on a connected socket. */
int nettool_datagrams_say(const char *name, int fd, const struct net_addr *to, char **texts, int n, const struct error *err);

#endif
