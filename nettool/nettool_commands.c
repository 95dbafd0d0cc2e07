/* The table of subcommands. */
#include "nettool/nettool_commands.h"

#include <string.h>
#include <sysexits.h>

static const struct nettool_command *const commands[] = {
	&nettool_bench,
	&nettool_broadcast,
	&nettool_chat,
	&nettool_discover,
	&nettool_dns,
	&nettool_dump,
	&nettool_echo,
	&nettool_forward,
	&nettool_multicast,
	&nettool_peer,
	&nettool_rpc,
	&nettool_tunnel,
};

const struct nettool_command *nettool_command_find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

void nettool_help(FILE *to)
{
	fputs("usage: nettool SUBCOMMAND ARGUMENT...\n"
	      "       nettool -h | --help | -V | --version\n\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(to, "%s\n        %s\n", commands[i]->synopsis, commands[i]->purpose);
}

void nettool_command_help(const struct nettool_command *command, FILE *to)
{
	fprintf(to, "%s\n        %s\n\n%s", command->synopsis, command->purpose, command->help);
}

int nettool_usage(const struct nettool_command *command, const char *complaint)
{
	fprintf(stderr, "nettool %s: %s\n%s\n", command->name, complaint, command->synopsis);
	return EX_USAGE;
}
