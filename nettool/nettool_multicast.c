/* nettool multicast: say something to a group, hear what a group is told. */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "netcore/net_group.h"
#include "nettool/nettool_commands.h"
#include "nettool/nettool_datagrams.h"

struct options {
	struct nettool_datagrams datagrams;
	struct net_addr source;
	bool has_source, loop;
	uint64_t ttl;
};

static const struct option names[] = {
	{ "ttl", required_argument, NULL, 't' }, { "loop", required_argument, NULL, 'l' }, { "source", required_argument, NULL, 's' },
	NETTOOL_DATAGRAMS_OPTIONS, { 0 },
};

static bool take(struct options *o, int option, struct error *err)
{
	switch (option) {
	case 't':
		return bytes_to_u64(bytes_text(optarg), 255, &o->ttl) || error_set(err, ERROR_SYNTAX, "--ttl is a number from 0 to 255");
	case 'l':
		o->loop = strcmp(optarg, "on") == 0;
		return o->loop || strcmp(optarg, "off") == 0 || error_set(err, ERROR_SYNTAX, "--loop is on or off");
	case 's':
		o->has_source = net_addr_from_ip(optarg, 0, &o->source);
		return o->has_source || error_set(err, ERROR_SYNTAX, "--source is an IP address");
	default:
		return nettool_datagrams_option(&o->datagrams, option, optarg, err);
	}
}

static int receive(const struct options *o, const struct net_addr *group)
{
	struct error err = { 0 };
	int fd = net_group_source_receiver(group, o->datagrams.interface, o->has_source ? &o->source : NULL, &err);

	return nettool_datagrams_hear("multicast", fd, &o->datagrams, &err);
}

static int send_texts(const struct options *o, const struct net_addr *group, char **texts, int n)
{
	struct error err = { 0 };
	int fd = net_group_sender(group, o->datagrams.interface, (int)o->ttl, &err);

	if (fd >= 0 && !net_group_set_loop(fd, o->loop, &err)) {
		close(fd);
		fd = -1;
	}
	return nettool_datagrams_say("multicast", fd, NULL, texts, n, &err);
}

static int run(int argc, char **argv)
{
	struct options o = { .datagrams.interface = "lo", .loop = true, .ttl = 1 };
	struct error err = { 0 };
	struct net_addr group;
	char **texts;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (!take(&o, option, &err))
			return nettool_usage(&nettool_multicast, err.text);
	argv += optind;
	argc -= optind;
	if (argc < 2)
		return nettool_usage(&nettool_multicast, "say what to do, and with which group");
	if (!net_addr_parse(argv[1], &group, &err))
		return nettool_usage(&nettool_multicast, err.text);
	if (nettool_datagrams_words(argc, argv, &texts))
		return texts ? send_texts(&o, &group, texts, argc - 2) : receive(&o, &group);
	return nettool_usage(&nettool_multicast, "say \"send GROUP:PORT TEXT...\" or \"receive GROUP:PORT\"");
}

const struct nettool_command nettool_multicast = {
	"multicast",
	"nettool multicast send [OPTION]... GROUP:PORT TEXT...\nnettool multicast receive [OPTION]... GROUP:PORT",
	"says texts to a group of receivers, IPv4 or IPv6; prints what a group is told",
	run,
	"  --interface IF          by its name or an address of it (default lo)\n"
	"  --ttl N                 send: over how many routers, 0 to 255; 0 stays on this host (default 1)\n"
	"  --loop on|off           send: whether this host hears it too (default on)\n"
	"  --source IP             receive: only what this address sends\n"
	"  --count N, --time TIME  receive: end after so many datagrams, or so long\n"
	"example:\n"
	"  nettool multicast receive 239.255.7.7:7007\n"
	"  nettool multicast send 239.255.7.7:7007 \"good morning, all\"\n"
	"  nettool multicast receive --interface eth0 --count 1 [ff02::7777]:7007\n",
};
