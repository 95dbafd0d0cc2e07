/* nettool_commands: the subcommands of nettool, one file each. */
#ifndef NETTOOL_NETTOOL_COMMANDS_H
#define NETTOOL_NETTOOL_COMMANDS_H

#include <stdio.h>

struct nettool_command {
	const char *name;
	const char *synopsis, *purpose;                 /* for the usage text; one line each, lines split by '\n' */
	/* argv[0] is the subcommand; returns a code of sysexits.h. */
	int (*run)(int argc, char **argv);
	const char *help;                               /* options and an example, for `nettool NAME --help`; ends with a newline */
};

extern const struct nettool_command nettool_bench;
extern const struct nettool_command nettool_discover;
extern const struct nettool_command nettool_dns;
extern const struct nettool_command nettool_dump;
extern const struct nettool_command nettool_echo;
extern const struct nettool_command nettool_forward;
extern const struct nettool_command nettool_multicast, nettool_peer, nettool_chat, nettool_broadcast, nettool_rpc;
extern const struct nettool_command nettool_tunnel;

/* NULL when there is none of that name. */
const struct nettool_command *nettool_command_find(const char *name);
void nettool_help(FILE *to);
/* Synopsis, purpose, options, example. */
void nettool_command_help(const struct nettool_command *, FILE *to);
/* Complain on standard error and show the synopsis; returns EX_USAGE. */
int nettool_usage(const struct nettool_command *, const char *complaint);

#endif
