/* nettool forward: whoever connects here talks to the target there. */
#include "nettool/nettool_forwarding.h"

static int run(int argc, char **argv)
{
	static const struct option options[] = { NETTOOL_FORWARDING_OPTIONS, { 0 } };
	struct nettool_forwarding f;
	struct error err = { 0 };
	int option;

	nettool_forwarding_init(&f);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!nettool_forwarding_option(&f, option, optarg, &err))
			return nettool_usage(&nettool_forward, err.text);
	if (argc - optind != 2)
		return nettool_usage(&nettool_forward, "say where to listen and where to connect to");
	if (!nettool_forwarding_addresses(&f, argv[optind], argv[optind + 1], &err))
		return nettool_usage(&nettool_forward, err.text);
	return nettool_forwarding_run(&nettool_forward, &f, NULL, NULL);
}

const struct nettool_command nettool_forward = {
	"forward",
	"nettool forward [OPTION]... LISTEN TARGET",
	"connects whoever comes to LISTEN with TARGET, octet for octet; both tcp:, unix: or both udp:; a TCP TARGET may be a name",
	run,
	NETTOOL_FORWARDING_HELP
	"signals: USR1 prints counters; INT and TERM end it\n"
	"example:\n"
	"  nettool forward --allow 127.0.0.0/8 127.0.0.1:2525 mail.example:25\n"
	"  nettool forward unix:/tmp/mail 127.0.0.1:2525\n",
};
