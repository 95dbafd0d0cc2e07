/* nettool dns: the words of the command line. */
#include "nettool/nettool_dns.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "nettool/nettool_commands.h"

#define DEADLINE_MS 10000

/* "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53", "2001:db8::1". */
static bool parse_server(const char *text, struct net_addr *addr, struct error *err)
{
	char host[64];
	int port;

	if (net_addr_from_ip(text, NET_DNS_PORT, addr))
		return true;
	if (!net_addr_split(text, NET_DNS_PORT, host, sizeof host, &port, err))
		return false;
	return net_addr_from_ip(host, port, addr) || error_set(err, ERROR_SYNTAX, "\"%.60s\" is not an address (a.b.c.d[:port] or [v6]:port)", text);
}

static bool parse_number(const char *text, uint64_t max, uint64_t *value, const char *what, struct error *err)
{
	return (text != NULL && bytes_to_u64(bytes_text(text), max, value) && *value > 0) ||
	       error_set(err, ERROR_SYNTAX, "%s takes a number from 1 to %u", what, (unsigned)max);
}

/* Takes one word or two from argv; returns how many, 0 with err. */
static int parse_option(struct nettool_dns_query *q, char **argv, struct error *err)
{
	const struct { const char *word; bool *flag; } flags[] = {
		{ "--iterate", &q->iterates }, { "--trace", &q->traces }, { "--dnssec", &q->wants_dnssec }, { "--json", &q->as_json },
	};
	const struct { const char *word; const char **text; } texts[] = {
		{ "--root-hints", &q->root_hints }, { "--trust-anchor", &q->trust_anchor },
	};
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (strcmp(argv[0], flags[i].word) == 0) {
			*flags[i].flag = true;
			return 1;
		}
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strcmp(argv[0], texts[i].word) != 0)
			continue;
		*texts[i].text = argv[1];
		return argv[1] != NULL ? 2 : (error_set(err, ERROR_SYNTAX, "%s takes a file", argv[0]), 0);
	}
	if (strcmp(argv[0], "--repeat") == 0) {
		if (!parse_number(argv[1], 100000, &number, "--repeat", err))
			return 0;
		q->repeat = (unsigned)number;
		return 2;
	}
	if (strcmp(argv[0], "--timeout") == 0) {
		if (!parse_number(argv[1], 3600, &number, "--timeout", err))
			return 0;
		q->deadline_ms = (int64_t)number * 1000;
		return 2;
	}
	error_set(err, ERROR_SYNTAX, "\"%.40s\" is not an option of dns query", argv[0]);
	return 0;
}

static int run_query(char **argv)
{
	struct nettool_dns_query q = { .repeat = 1, .deadline_ms = DEADLINE_MS };
	struct error err = { 0 };
	const char *type = NULL;

	while (*argv != NULL) {
		int n = 1;
		if (argv[0][0] == '@') {
			if (!parse_server(argv[0] + 1, &q.server, &err))
				return nettool_usage(&nettool_dns, err.text);
		} else if (strncmp(argv[0], "--", 2) == 0) {
			n = parse_option(&q, argv, &err);
			if (n == 0)
				return nettool_usage(&nettool_dns, err.text);
		} else if (q.name == NULL) {
			q.name = argv[0];
		} else if (type == NULL) {
			type = argv[0];
		} else {
			return nettool_usage(&nettool_dns, "one name and one type");
		}
		argv += n;
	}
	int number = type != NULL ? net_dns_type_parse(type) : -1;
	if (q.name == NULL || type == NULL)
		return nettool_usage(&nettool_dns, "say which name, and which type");
	if (number <= 0)
		return nettool_usage(&nettool_dns, "a type is A, AAAA, MX, TXT, SRV, TLSA, PTR, CNAME, NS … or TYPE with its number");
	q.type = (unsigned)number;
	if (q.iterates && (q.root_hints == NULL || q.server.len != 0 || q.trust_anchor != NULL))
		return nettool_usage(&nettool_dns, "--iterate takes --root-hints FILE, no @SERVER and no --trust-anchor: it validates nothing");
	return nettool_dns_query(&q);
}

static int run_cache(char **argv)
{
	struct net_addr listen = { 0 }, forward = { 0 };
	struct error err = { 0 };

	for (; *argv != NULL; argv++) {
		if (strcmp(argv[0], "--forward") == 0 && argv[1] != NULL) {
			if (!parse_server(*++argv, &forward, &err))
				return nettool_usage(&nettool_dns, err.text);
		} else if (listen.len != 0 || !net_addr_parse(argv[0], &listen, &err)) {
			return nettool_usage(&nettool_dns, err.kind != ERROR_NONE ? err.text : "one address to listen on");
		}
	}
	if (listen.len == 0 || forward.len == 0)
		return nettool_usage(&nettool_dns, "say where to listen and --forward SERVER");
	if (net_addr_family(&listen) == AF_UNIX || !net_addr_is_loopback(&listen))
		return nettool_usage(&nettool_dns, "the cache serves this host: an address of 127.0.0.0/8, or ::1");
	return nettool_dns_cache(&listen, &forward, DEADLINE_MS / 2);
}

static int run(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "query") == 0)
		return run_query(argv + 2);
	if (argc >= 2 && strcmp(argv[1], "cache") == 0)
		return run_cache(argv + 2);
	return nettool_usage(&nettool_dns, "say \"query NAME TYPE\" or \"cache LISTEN --forward SERVER\"");
}

const struct nettool_command nettool_dns = {
	"dns",
	"nettool dns query NAME TYPE [@SERVER[:PORT]] [--iterate] [--root-hints FILE] [--trace] [--dnssec] [--trust-anchor FILE] [--repeat N] [--timeout SECONDS] [--json]\n"
	"nettool dns cache LISTEN --forward SERVER[:PORT]",
	"names looked up: by libunbound, by hand from the root, through a small caching forwarder of our own",
	run,
	"  @SERVER[:PORT]       ask this one; default: those of /etc/resolv.conf\n"
	"  --iterate            start at the root and follow the referrals ourselves, a line each\n"
	"  --root-hints FILE    where the root's servers are; without --iterate libunbound walks from there\n"
	"  --trace              show each message that comes, whole\n"
	"  --dnssec             libunbound's verdict (secure, insecure, bogus); by hand: ask for signatures\n"
	"  --trust-anchor FILE  what signatures are checked against (DNSKEY or DS)\n"
	"  --repeat N           ask N times, a second apart: the TTL of what is kept counts down\n"
	"  --timeout SECONDS    default 10\n"
	"  --json               one object a question\n"
	"example:\n"
	"  nettool dns cache 127.0.0.1:5300 --forward 192.0.2.53 &\n"
	"  nettool dns query mail.test MX @127.0.0.1:5300 --trace --repeat 3\n",
};
