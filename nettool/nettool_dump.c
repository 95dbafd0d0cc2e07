/* nettool dump: a forwarder that tells what passes. */
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "nettool/nettool_forwarding.h"
#include "nettool/nettool_trace.h"

struct dump {
	enum nettool_trace_mode mode;
	unsigned long n;                /* connections so far */
};

static void *on_opened(void *owner, const struct net_addr *client)
{
	struct dump *dump = owner;
	char name[32], text[NET_ADDR_TEXT];

	snprintf(name, sizeof name, "#%lu", ++dump->n);
	printf("%s from %s\n", name, net_addr_format(client, text));
	return nettool_trace_create(stdout, dump->mode, name);
}

static void on_heard(void *conversation, unsigned from, struct bytes what)
{
	nettool_trace_add(conversation, from, what, clock_now_ms());
}

static void on_closed(void *conversation, const struct error *why)
{
	nettool_trace_end(conversation, why->text, clock_now_ms());
}

static bool parse_mode(const char *value, enum nettool_trace_mode *mode, struct error *err)
{
	static const char *const names[] = { [NETTOOL_TRACE_PLAIN] = "plain", [NETTOOL_TRACE_SMTP] = "smtp", [NETTOOL_TRACE_IMAP] = "imap" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		*mode = (enum nettool_trace_mode)i;
		if (strcmp(value, names[i]) == 0)
			return true;
	}
	return error_set(err, ERROR_SYNTAX, "--mode is plain, smtp or imap, not \"%.40s\"", value);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { { "mode", required_argument, NULL, 'M' }, NETTOOL_FORWARDING_OPTIONS, { 0 } };
	static const struct net_forwarder_events events = { on_opened, on_heard, on_closed };
	struct dump dump = { 0 };
	struct nettool_forwarding f;
	struct error err = { 0 };
	int option;

	nettool_forwarding_init(&f);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!(option == 'M' ? parse_mode(optarg, &dump.mode, &err) : nettool_forwarding_option(&f, option, optarg, &err)))
			return nettool_usage(&nettool_dump, err.text);
	if (argc - optind != 2)
		return nettool_usage(&nettool_dump, "say where to listen and where to connect to");
	if (!nettool_forwarding_addresses(&f, argv[optind], argv[optind + 1], &err))
		return nettool_usage(&nettool_dump, err.text);
	if (f.transport != NETTOOL_STREAM)
		return nettool_usage(&nettool_dump, "only streams are dumped");
	return nettool_forwarding_run(&nettool_dump, &f, &events, &dump);
}

const struct nettool_command nettool_dump = {
	"dump",
	"nettool dump [--mode plain|smtp|imap] [OPTION]... LISTEN TARGET",
	"a forwarder that shows who said what, and when; its modes for mail hide credentials",
	run,
	"  --mode smtp, imap       label commands, replies and messages, hide what AUTH, AUTHENTICATE and LOGIN carry\n"
	NETTOOL_FORWARDING_HELP
	"a TCP TARGET may be a name\n"
	"example:\n"
	"  nettool dump --mode smtp 127.0.0.1:2525 127.0.0.1:25\n",
};
