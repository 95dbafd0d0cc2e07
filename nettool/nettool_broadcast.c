/* nettool broadcast: say something to every host of a link or subnet, hear what they say. */
#include <getopt.h>

#include "netcore/net_broadcast.h"
#include "nettool/nettool_commands.h"
#include "nettool/nettool_datagrams.h"

struct options {
	struct nettool_datagrams datagrams;
	bool directed;
};

static const struct option names[] = {
	{ "directed", no_argument, NULL, 'd' }, NETTOOL_DATAGRAMS_OPTIONS, { 0 },
};

static bool take(struct options *o, int option, struct error *err)
{
	if (option != 'd')
		return nettool_datagrams_option(&o->datagrams, option, optarg, err);
	return o->directed = true;
}

static int send_texts(const struct options *o, int port, char **texts, int n)
{
	struct error err = { 0 };
	struct net_addr to;
	int fd = -1;

	if (net_broadcast_everybody(o->datagrams.interface, o->directed, port, &to, &err))
		fd = net_broadcast_sender(o->datagrams.interface, &err);
	return nettool_datagrams_say("broadcast", fd, &to, texts, n, &err);
}

static int run(int argc, char **argv)
{
	struct options o = { .datagrams.interface = "lo" };
	struct error err = { 0 };
	uint64_t port;
	char **texts;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (!take(&o, option, &err))
			return nettool_usage(&nettool_broadcast, err.text);
	argv += optind;
	argc -= optind;
	if (argc < 2 || !bytes_to_u64(bytes_text(argv[1]), 65535, &port))
		return nettool_usage(&nettool_broadcast, "say what to do, and on which port");
	if (!nettool_datagrams_words(argc, argv, &texts))
		return nettool_usage(&nettool_broadcast, "say \"send PORT TEXT...\" or \"receive PORT\"");
	if (texts)
		return send_texts(&o, (int)port, texts, argc - 2);
	return nettool_datagrams_hear("broadcast", net_broadcast_receiver((int)port, &err), &o.datagrams, &err);
}

const struct nettool_command nettool_broadcast = {
	"broadcast",
	"nettool broadcast send [OPTION]... PORT TEXT...\nnettool broadcast receive [OPTION]... PORT",
	"says texts to every host of a link (255.255.255.255) or subnet, IPv4; prints what is said so",
	run,
	"  --interface IF          send: by its name or an address of it (default lo)\n"
	"  --directed              send: to the subnet's broadcast address instead of 255.255.255.255\n"
	"  --count N, --time TIME  receive: end after so many datagrams, or so long\n"
	"example:\n"
	"  nettool broadcast receive 7007\n"
	"  nettool broadcast send --directed 7007 \"is anybody there?\"\n",
};
