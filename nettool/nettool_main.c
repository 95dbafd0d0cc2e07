/* nettool: netcore at the command line. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "netcore/net_signal.h"
#include "nettool/nettool_commands.h"

#define VERSION "0.1"

static const struct nettool_command *const commands[] = {
	&nettool_echo,
};

static void print_help(FILE *to)
{
	fputs("usage: nettool SUBCOMMAND ARGUMENT...\n"
	      "       nettool -h | --help | -V | --version\n\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(to, "%s\n        %s\n", commands[i]->synopsis, commands[i]->purpose);
}

int nettool_usage(const struct nettool_command *command, const char *complaint)
{
	fprintf(stderr, "nettool %s: %s\n%s\n", command->name, complaint, command->synopsis);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	net_signal_ignore_pipe();
	clock_open_test();
	if (argc >= 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		print_help(stdout);
		return EX_OK;
	}
	if (argc >= 2 && (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)) {
		printf("nettool (Posta) %s\n", VERSION);
		return EX_OK;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "nettool: no subcommand \"%.40s\"\n", argv[1]);
	print_help(stderr);
	return EX_USAGE;
}
