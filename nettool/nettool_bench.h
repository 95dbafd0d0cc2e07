/* nettool_bench: the measurements of `nettool bench`, each over loopback against child processes that end with us. */
#ifndef NETTOOL_NETTOOL_BENCH_H
#define NETTOOL_NETTOOL_BENCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define NETTOOL_BENCH_PATHS_MAX 4
#define NETTOOL_BENCH_CHILDREN_MAX 8

/* A family of figures: the first one is what the others are ratios of. */
struct nettool_bench_figure {
	const char *name;
	double value;
};

struct nettool_bench_group {
	const char *title, *unit;
	struct nettool_bench_figure figures[NETTOOL_BENCH_PATHS_MAX];
	unsigned n;
};

struct nettool_bench_size {
	unsigned mib;                   /* of each stream */
	unsigned rounds;                /* of each round-trip measurement */
	unsigned ms;                    /* of each datagram measurement */
};

struct nettool_bench_children {
	pid_t pids[NETTOOL_BENCH_CHILDREN_MAX];
	unsigned n;
};

/* Fork run(owner) into a child, which exits when it returns, or is killed with its parent. */
bool nettool_bench_fork(struct nettool_bench_children *, void (*run)(void *owner), void *owner, struct error *err);
void nettool_bench_end(struct nettool_bench_children *);
double nettool_bench_now_s(void);

/* Direct, forwarded, tunnelled. */
bool nettool_bench_streams(const struct nettool_bench_size *, struct nettool_bench_group *rate, struct nettool_bench_group *trips, struct error *err);
/* UDP, then multicast to one and to four receivers: what receivers got, per second, added up. */
bool nettool_bench_datagrams(const struct nettool_bench_size *, struct nettool_bench_group *packets, struct error *err);

#endif
