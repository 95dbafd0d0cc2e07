#include "service/service_main.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "netcore/net_signal.h"
#include "service/service_generation.h"
#include "service/service_keeper.h"
#include "service/service_server.h"
#include "service/service_version.h"

static int usage(const struct service_program *program, FILE *to, int code)
{
	fprintf(to, "usage: %s [-c FILE] [-t]\n"
	            "  -c, --config FILE  the configuration (" SERVICE_CONFIGURATION ")\n"
	            "  -t, --test         check it and everything it names, and exit\n"
	            "  -h, --help         this text\n"
	            "  -V, --version      the version\n", program->name);
	return code;
}

/* Is everything the file says and names in order? */
static int check(const char *path)
{
	struct service_reading reading = { 0 };
	struct service_generation *generation = NULL;
	struct error err = { 0 };

	if (service_reading_open(&reading, path, &err))
		generation = service_generation_create(&reading, &err);
	if (generation == NULL)
		fprintf(stderr, "%s\n", err.text);
	service_generation_unref(generation);
	service_reading_release(&reading);
	return err.kind == ERROR_NONE ? EX_OK : EX_CONFIG;
}

int service_main(const struct service_program *program, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "test", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' }, { 0 },
	};
	const char *path = SERVICE_CONFIGURATION;
	bool only_check = false;
	int option;

	file_fill_standard();
	while ((option = getopt_long(argc, argv, "c:thV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 't':
			only_check = true;
			break;
		case 'h':
			return usage(program, stdout, EX_OK);
		case 'V':
			printf("%s (Posta) " SERVICE_VERSION "\n", program->name);
			return EX_OK;
		default:
			return usage(program, stderr, EX_USAGE);
		}
	}
	if (optind < argc)
		return usage(program, stderr, EX_USAGE);
	if (only_check)
		return check(path);
	net_signal_ignore_pipe();
	clock_open_test();
	return service_keeper_run(program, path);
}
