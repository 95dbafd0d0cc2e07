/* nettool_program: what every subcommand has: a loop, an end by SIGINT or SIGTERM, an exit code. */
#ifndef NETTOOL_NETTOOL_PROGRAM_H
#define NETTOOL_NETTOOL_PROGRAM_H

#include <stdbool.h>

#include "netcore/net_loop.h"
#include "netcore/net_signal.h"

struct nettool_program {
	const char *name;               /* of the subcommand, for complaints */
	struct net_loop *loop;
	struct net_signal *signals;
	int code;                       /* of sysexits.h */
	bool over;
};

/* False: it has complained and set the code; close all the same. */
bool nettool_program_open(struct nettool_program *, const char *name);
/* Until nettool_program_end or a signal (code 0). */
void nettool_program_run(struct nettool_program *);
/* The first end counts.  complaint may be NULL. */
void nettool_program_end(struct nettool_program *, int code, const char *complaint);
/* Lets streams that are finishing do so; returns the code. */
int nettool_program_close(struct nettool_program *);
/* "listening on udp:127.0.0.1:7" with the real port, at once: others wait for this line. */
void nettool_program_say_listening(const char *transport, int fd);

#endif
