/*
 * sock_sites: every place of netcore that makes a call of sock_fail.h must have met every fault of that call.  The places are read from
 * the library that the program is linked with (objdump), what was met from where the calls came (addr2line).
 */
#ifndef NETCORE_TESTS_SOCK_SITES_H
#define NETCORE_TESTS_SOCK_SITES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                     /* as sock_fail.h */
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tests/support/check.h"
#include "tests/unit/netcore/sock_fail.h"

/* Whose claim each file of netcore is that makes such calls; test_net_fault_calls.c claims that none is missing. */
static const struct sock_file {
	const char *file, *test;
} sock_files[] = {
	{ "net_stream_turn.c", "test_net_faults" }, { "net_listener.c", "test_net_faults" },
	{ "net_datagram.c", "test_net_faults" }, { "net_datagram_calls.c", "test_net_faults" },
	{ "net_loop.c", "test_net_faults_loop" }, { "net_poll_epoll.c", "test_net_faults_loop" }, { "net_poll_poll.c", "test_net_faults_loop" },
	{ "net_signal.c", "test_net_faults_loop" }, { "net_worker.c", "test_net_faults_loop" }, { "net_connect.c", "test_net_faults_loop" },
	{ "net_socket.c", "test_net_faults_socket" }, { "net_unix.c", "test_net_faults_socket" },
	{ "net_addr.c", "test_net_faults_socket" },
	{ "net_dns_exchange.c", "test_net_faults_dns" },
	{ "net_group.c", "test_net_faults_group" }, { "net_broadcast.c", "test_net_faults_group" },
	{ "net_interface.c", "test_net_faults_discover" }, { "net_discover.c", "test_net_faults_discover" },
	{ "net_forward.c", "test_net_faults_forward" }, { "net_tunnel_stream.c", "test_net_faults_forward" },
};

struct place {
	enum sock_call call;
	char file[48];
	int line;
	bool met[SOCK_FAULTS];
};

struct places {
	struct place at[SOCK_SITES_MAX];
	size_t n;
};

static inline bool call_named(const char *name, size_t len, enum sock_call *call)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (strlen(sock_call_names[i]) == len && strncmp(sock_call_names[i], name, len) == 0) {
			*call = (enum sock_call)i;
			return true;
		}
	return false;
}

/* The folder of this program's variant, OUT: it is OUT/unit/netcore/test_…; name: what comes last. */
static inline void variant_folder(char folder[512], char name[64])
{
	ssize_t len = readlink("/proc/self/exe", folder, 511);
	char *slash;

	folder[len > 0 ? len : 0] = '\0';
	for (int i = 0; i < 3 && (slash = strrchr(folder, '/')) != NULL; i++) {
		if (i == 0)
			snprintf(name, 64, "%s", slash + 1);
		*slash = '\0';
	}
}

/* "…/net_x.c:12 (discriminator 3)" */
static inline bool read_line_of(const char *text, char file[48], int *line)
{
	const char *colon = strrchr(text, ':'), *slash = text;

	if (colon == NULL)
		return false;
	for (const char *at = text; at < colon; at++)
		if (*at == '/')
			slash = at + 1;
	if (colon - slash >= 48)
		return false;
	snprintf(file, 48, "%.*s", (int)(colon - slash), slash);
	uint64_t number = 0;
	struct bytes digits = bytes_slice(bytes_text(colon + 1), 0, strspn(colon + 1, "0123456789"));
	bool ok = bytes_to_u64(digits, 1000000, &number);
	*line = (int)number;
	return ok;
}

static inline void add_place(struct places *all, enum sock_call call, const char *file, int line)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].call == call && all->at[i].line == line && strcmp(all->at[i].file, file) == 0)
			return;
	if (all->n == SOCK_SITES_MAX)
		return;
	struct place *p = &all->at[all->n++];
	*p = (struct place){ .call = call, .line = line };
	snprintf(p->file, sizeof p->file, "%s", file);
}

/* A line of code, or the name that a call is filled in with. */
static inline void read_places(struct places *all)
{
	char folder[512], name[64], command[640], text[1024], file[48] = "";
	enum sock_call call;
	int line = 0;

	variant_folder(folder, name);
	snprintf(command, sizeof command, "objdump -dlr --no-show-raw-insn %s/lib/libnetcore.a", folder);
	FILE *in = popen(command, "r");
	while (in != NULL && fgets(text, sizeof text, in) != NULL) {
		char *filled = strstr(text, ": R_"), *symbol = filled ? strchr(filled, '\t') : NULL;
		if (symbol != NULL && call_named(symbol + 1, strcspn(symbol + 1, "-+ \n"), &call))
			add_place(all, call, file, line);
		else if (filled == NULL && text[0] == '/')
			read_line_of(text, file, &line);
	}
	CHECK_ROW(in != NULL && pclose(in) == 0, "objdump reads the library");
}

static inline void place_met(struct places *all, const struct sock_site *site, const char *file, int line)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t f = 0; f < SOCK_FAULTS && all->at[i].line == line && strcmp(all->at[i].file, file) == 0; f++)
			all->at[i].met[f] = all->at[i].met[f] || (site->met[f] && sock_faults[f].call == all->at[i].call);
}

static inline void read_met(struct places *all)
{
	extern const char __executable_start, etext;
	static char command[SOCK_SITES_MAX * 20 + 600];
	char path[512], text[1024], file[48];
	uintptr_t begin = (uintptr_t)&__executable_start;
	int line;

	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
	size_t at = (size_t)snprintf(command, sizeof command, "addr2line -e %.*s", (int)len, path);
	for (size_t i = 0; i < sock_fail.n_sites; i++) {
		bool is_ours = sock_fail.sites[i].from > begin && sock_fail.sites[i].from <= (uintptr_t)&etext;
		at += (size_t)snprintf(command + at, sizeof command - at, " %#lx", is_ours ? (unsigned long)(sock_fail.sites[i].from - begin - 1) : 0ul);
	}
	FILE *in = popen(command, "r");
	for (size_t i = 0; in != NULL && i < sock_fail.n_sites && fgets(text, sizeof text, in) != NULL; i++)
		if (read_line_of(text, file, &line))
			place_met(all, &sock_fail.sites[i], file, line);
	CHECK_ROW(in != NULL && pclose(in) == 0, "addr2line reads the program");
}

/* After all plays. */
static inline void check_sites(void)
{
	static struct places all;
	char folder[512], name[64], claim[160];
	size_t n = 0;

	read_places(&all);
	read_met(&all);
	variant_folder(folder, name);
	for (size_t i = 0; i < all.n; i++)
		for (size_t k = 0; k < sizeof sock_files / sizeof *sock_files; k++)
			for (size_t f = 0; f < SOCK_FAULTS; f++) {
				if (strcmp(sock_files[k].file, all.at[i].file) != 0 || strcmp(sock_files[k].test, name) != 0 || sock_faults[f].call != all.at[i].call)
					continue;
				snprintf(claim, sizeof claim, "%s:%d has met %s", all.at[i].file, all.at[i].line, sock_faults[f].name);
				CHECK_ROW(all.at[i].met[f], claim);
				n++;
			}
	CHECK_ROW(n > 0, "there are places to be met");
}

#endif
