/* net_signal: signals as loop events (signalfd).  Use on one loop of a process, before other threads start. */
#ifndef NETCORE_NET_SIGNAL_H
#define NETCORE_NET_SIGNAL_H

#include "netcore/net_loop.h"

struct net_signal;
typedef void net_signal_fn(void *owner, int number);

/* Block the listed signals (0-terminated) in this thread and those made later, and report them to fn. */
struct net_signal *net_signal_create(struct net_loop *, const int *numbers, net_signal_fn *fn, void *owner, struct error *err);
void net_signal_destroy(struct net_signal *);
/* Ignore SIGPIPE for good: every program's first act. */
void net_signal_ignore_pipe(void);

#endif
