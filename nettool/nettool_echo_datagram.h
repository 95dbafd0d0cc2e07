/* nettool_echo_datagram: `nettool echo` over UDP: a line is a datagram. */
#ifndef NETTOOL_NETTOOL_ECHO_DATAGRAM_H
#define NETTOOL_NETTOOL_ECHO_DATAGRAM_H

#include "netcore/net_addr.h"

/* Both return exit codes. */
int nettool_echo_datagram_serve(const struct net_addr *at);
/* Each text is asked again after a second, three times in all. */
int nettool_echo_datagram_ask(const struct net_addr *at, char **texts, int n);

#endif
