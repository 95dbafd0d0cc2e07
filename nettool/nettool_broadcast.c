/* nettool broadcast: say something to every host of a link or subnet, hear what they say. */
#include <getopt.h>
#include <string.h>

#include "base/text.h"
#include "netcore/net_broadcast.h"
#include "nettool/nettool_commands.h"
#include "nettool/nettool_datagrams.h"

struct options {
	const char *interface;
	bool directed;
	uint64_t count;
	int64_t seconds;
};

static const struct option names[] = {
	{ "interface", required_argument, NULL, 'i' }, { "directed", no_argument, NULL, 'd' }, { "count", required_argument, NULL, 'c' },
	{ "time", required_argument, NULL, 'w' }, { 0 },
};

static bool take(struct options *o, int option, struct error *err)
{
	switch (option) {
	case 'i':
		o->interface = optarg;
		return true;
	case 'd':
		return o->directed = true;
	case 'c':
		return bytes_to_u64(bytes_text(optarg), 1000000000, &o->count) || error_set(err, ERROR_SYNTAX, "--count is a number");
	case 'w':
		return (text_parse_duration_s(optarg, &o->seconds) && o->seconds >= 0) || error_set(err, ERROR_SYNTAX, "--time is a time such as 30s or 5m");
	default:
		return error_set(err, ERROR_SYNTAX, "an option that is not known, or lacks its value");
	}
}

static int send_texts(const struct options *o, int port, char **texts, int n)
{
	struct error err = { 0 };
	struct net_addr to;
	int fd = -1;

	if (net_broadcast_everybody(o->interface, o->directed, port, &to, &err))
		fd = net_broadcast_sender(o->interface, &err);
	return nettool_datagrams_say("broadcast", fd, &to, texts, n, &err);
}

static int run(int argc, char **argv)
{
	struct options o = { .interface = "lo" };
	struct error err = { 0 };
	uint64_t port;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (!take(&o, option, &err))
			return nettool_usage(&nettool_broadcast, err.text);
	argv += optind;
	argc -= optind;
	if (argc < 2 || !bytes_to_u64(bytes_text(argv[1]), 65535, &port))
		return nettool_usage(&nettool_broadcast, "say what to do, and on which port");
	if (strcmp(argv[0], "receive") == 0 && argc == 2)
		return nettool_datagrams_hear("broadcast", net_broadcast_receiver((int)port, &err), o.count, o.seconds * 1000, &err);
	if (strcmp(argv[0], "send") == 0 && argc > 2)
		return send_texts(&o, (int)port, argv + 2, argc - 2);
	return nettool_usage(&nettool_broadcast, "say \"send PORT TEXT...\" or \"receive PORT\"");
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
