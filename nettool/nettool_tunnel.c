/* nettool tunnel: the command line. */
#include "nettool/nettool_tunnel.h"

#include <getopt.h>
#include <string.h>

#include "base/text.h"
#include "nettool/nettool_commands.h"

#define KEEPALIVE_MAX_S 3600

static bool keepalive_option(const char *value, struct nettool_tunnel *t, struct error *err)
{
	int64_t seconds;

	if (!text_parse_duration_s(value, &seconds) || seconds < 1 || seconds > KEEPALIVE_MAX_S)
		return error_set(err, ERROR_SYNTAX, "\"%.40s\" is not a time from 1s to 1h", value);
	t->keepalive_ms = seconds * 1000;
	return true;
}

static bool take_option(struct nettool_tunnel *t, int option, const char *value, struct error *err)
{
	switch (option) {
	case 'k':
		t->key_file = value;
		return true;
	case 'p':
		if (t->n_peers == NETTOOL_TUNNEL_PEERS_MAX)
			return error_set(err, ERROR_LIMIT, "at most %d peers", NETTOOL_TUNNEL_PEERS_MAX);
		return net_tls_pin_parse(value, &t->peers[t->n_peers], err) && ++t->n_peers > 0;
	case 't':
		if (t->n_targets == NETTOOL_TUNNEL_TARGETS_MAX)
			return error_set(err, ERROR_LIMIT, "at most %d targets", NETTOOL_TUNNEL_TARGETS_MAX);
		return net_place_parse(value, &t->targets[t->n_targets], err) && ++t->n_targets > 0;
	case 'a':
		return keepalive_option(value, t, err);
	default:
		return error_set(err, ERROR_SYNTAX, "an option that is not known, or lacks its value");
	}
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' }, { "peer", required_argument, NULL, 'p' },
		{ "target", required_argument, NULL, 't' }, { "keepalive", required_argument, NULL, 'a' }, { 0 },
	};
	struct nettool_tunnel t = { .keepalive_ms = NET_TUNNEL_KEEPALIVE_MS };
	struct error err = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(&t, option, optarg, &err))
			return nettool_usage(&nettool_tunnel, err.text);
	char **words = argv + optind;
	int n = argc - optind;
	if (n == 2 && strcmp(words[0], "key") == 0)
		return nettool_tunnel_key(words[1]);
	bool is_server = n == 2 && strcmp(words[0], "serve") == 0;
	bool is_client = n >= 4 && n % 2 == 0 && n / 2 - 1 <= NETTOOL_TUNNEL_TARGETS_MAX && strcmp(words[0], "connect") == 0;
	if (!is_server && !is_client)
		return nettool_usage(&nettool_tunnel, "say key FILE, serve LISTEN, or connect REMOTE LOCAL TARGET");
	if (t.key_file == NULL || t.n_peers == 0)
		return nettool_usage(&nettool_tunnel, "--key and --peer say who is who");
	if (is_server && t.n_targets == 0)
		return nettool_usage(&nettool_tunnel, "--target says where clients may go");
	return is_server ? nettool_tunnel_serve(&t, words[1]) : nettool_tunnel_connect(&t, words[1], words + 2, n / 2 - 1);
}

const struct nettool_command nettool_tunnel = {
	"tunnel",
	"nettool tunnel key FILE\n"
	"nettool tunnel serve --key FILE --peer PIN... --target ADDRESS... LISTEN\n"
	"nettool tunnel connect --key FILE --peer PIN REMOTE LOCAL TARGET [LOCAL TARGET]...",
	"local ports whose connections come out at the remote side, in one TLS 1.3 connection between known keys",
	run,
	"  --key FILE              this side's private key; `tunnel key FILE` makes one and prints its pin\n"
	"  --peer PIN              the other side's pin, sha256:... (serve: may be repeated)\n"
	"  --target ADDRESS        serve: where clients may go, an address or NAME:PORT (may be repeated)\n"
	"  --keepalive TIME        ping after so long a silence, give up after three (default 15s)\n"
	"REMOTE and TARGET may be NAME:PORT; the far side looks TARGET up\n"
	"example, the first two at the far host, where only it can reach 10.0.0.5:\n"
	"  nettool tunnel key far.key\n"
	"  nettool tunnel serve --key far.key --peer PIN-OF-NEAR --target 10.0.0.5:143 0.0.0.0:7000\n"
	"  nettool tunnel key near.key\n"
	"  nettool tunnel connect --key near.key --peer PIN-OF-FAR 192.0.2.1:7000 127.0.0.1:1143 10.0.0.5:143\n",
};
