/* nettool bench: how fast streams and datagrams go over this host's loopback, as ratios to the direct way. */
#include "nettool/nettool_bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "nettool/nettool_commands.h"

#define BAR_COLUMNS 40

double nettool_bench_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool nettool_bench_fork(struct nettool_bench_children *children, void (*run)(void *owner), void *owner, struct error *err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return error_set_errno(err, errno, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			run(owner);
		_exit(0);
	}
	children->pids[children->n++] = pid;
	return true;
}

void nettool_bench_end(struct nettool_bench_children *children)
{
	while (children->n > 0) {
		pid_t pid = children->pids[--children->n];
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static double largest(const struct nettool_bench_group *g)
{
	double most = 0;

	for (unsigned i = 0; i < g->n; i++)
		if (g->figures[i].value > most)
			most = g->figures[i].value;
	return most;
}

static void print_chart(const struct nettool_bench_group *g)
{
	static const char bar[] = "########################################";
	double most = largest(g);

	printf("%s, %s\n", g->title, g->unit);
	for (unsigned i = 0; i < g->n; i++) {
		double value = g->figures[i].value;
		int columns = most > 0 ? (int)(value / most * BAR_COLUMNS + 0.5) : 0;
		printf("  %-14s %-*.*s %10.1f  %5.2fx\n", g->figures[i].name, BAR_COLUMNS, columns, bar, value, value / g->figures[0].value);
	}
	fflush(stdout);
}

static void print_json(const struct nettool_bench_group *groups, unsigned n)
{
	const char *between = "";

	printf("{\"figures\": [");
	for (unsigned g = 0; g < n; g++)
		for (unsigned i = 0; i < groups[g].n; i++) {
			double value = groups[g].figures[i].value;
			printf("%s{\"group\": \"%s\", \"name\": \"%s\", \"unit\": \"%s\", \"value\": %.1f, \"ratio\": %.3f}", between, groups[g].title,
			       groups[g].figures[i].name, groups[g].unit, value, value / groups[g].figures[0].value);
			between = ", ";
		}
	printf("]}\n");
}

static int run(int argc, char **argv)
{
	struct nettool_bench_size size = { .mib = 1024, .rounds = 4000, .ms = 1000 };
	struct nettool_bench_group groups[3] = { 0 };
	struct error err = { 0 };
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--quick") == 0)
			size = (struct nettool_bench_size){ .mib = 64, .rounds = 400, .ms = 200 };
		else
			return nettool_usage(&nettool_bench, "only --json and --quick are understood");
	}
	if (!nettool_bench_streams(&size, &groups[0], &groups[1], &err) || !nettool_bench_datagrams(&size, &groups[2], &err)) {
		fprintf(stderr, "nettool bench: %s\n", err.text);
		return EX_OSERR;
	}
	if (json)
		print_json(groups, 3);
	for (unsigned i = 0; !json && i < 3; i++)
		print_chart(&groups[i]);
	return EX_OK;
}

const struct nettool_command nettool_bench = {
	"bench",
	"nettool bench [--quick] [--json]",
	"throughput and round trips over loopback: direct, forwarded, tunnelled; UDP and multicast packets",
	run,
	"  --quick                 a sixteenth of the work: to see that it runs\n"
	"  --json                  one object for machines instead of charts\n"
	"example:\n"
	"  nettool bench --json | jq .figures\n",
};
