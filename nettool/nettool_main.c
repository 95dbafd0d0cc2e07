/* nettool: netcore at the command line. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "netcore/net_signal.h"
#include "nettool/nettool_commands.h"
#include "service/service_version.h"

/* As the last word: `nettool echo --help`, `nettool echo serve --help`. */
static bool asks_for_help(int argc, char **argv)
{
	const char *last = argc > 0 ? argv[argc - 1] : "";

	return strcmp(last, "--help") == 0 || (argc == 1 && strcmp(last, "-h") == 0);
}

int main(int argc, char **argv)
{
	file_fill_standard();
	net_signal_ignore_pipe();
	clock_open_test();
	if (argc >= 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		nettool_help(stdout);
		return EX_OK;
	}
	if (argc >= 2 && (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)) {
		printf("nettool (Posta) %s\n", SERVICE_VERSION);
		return EX_OK;
	}
	const struct nettool_command *command = argc >= 2 ? nettool_command_find(argv[1]) : NULL;
	if (command && asks_for_help(argc - 2, argv + 2)) {
		nettool_command_help(command, stdout);
		return EX_OK;
	}
	if (command)
		return command->run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "nettool: no subcommand \"%.40s\"\n", argv[1]);
	nettool_help(stderr);
	return EX_USAGE;
}
