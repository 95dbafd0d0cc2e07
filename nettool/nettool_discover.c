/* nettool discover: services on the local network, looked for and announced. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "netcore/net_announce.h"
#include "netcore/net_browse.h"
#include "netcore/net_signal.h"
#include "netcore/net_timer.h"
#include "nettool/nettool_commands.h"

#define TYPES_MAX 16
#define TEXTS_MAX 16

static const char *const mail_types[] = { "_submission._tcp", "_submissions._tcp", "_imap._tcp", "_imaps._tcp" };

struct discovery {
	struct net_discover_options options;
	const char *types[TYPES_MAX], *texts[TEXTS_MAX + 1], *name, *host;
	size_t n_types, n_texts;
	uint64_t port, seconds, group_port;
	bool as_json;
	struct net_loop *loop;
	struct net_discover *discover;
	struct net_signal *signals;
	struct net_timer end;
};

/* ---- browse ---- */

static void print_texts(struct bytes texts)
{
	struct buffer shown = { 0 };

	for (size_t at = 0; at < texts.len;) {
		size_t n = (unsigned char)texts.at[at++];
		if (n > texts.len - at)
			n = texts.len - at;
		if (n > 0) {
			buffer_add_text(&shown, " ");
			text_escape(&shown, bytes_slice(texts, at, at + n));
		}
		at += n;
	}
	printf("%s", shown.at != NULL ? shown.at : "");
	buffer_release(&shown);
}

static void print_found(const struct net_browse_service *s, const char *word, const char *instance, const char *host)
{
	char text[NET_ADDR_TEXT];

	printf("%s %s \"%s\"", word, s->type, instance);
	if (s->n_addrs > 0) {
		printf(" %s", host);
		for (size_t i = 0; i < s->n_addrs; i++)
			printf(" %s", net_addr_format(&s->addrs[i], text));
		print_texts(s->texts);
	}
	printf("\n");
}

static void print_json(const struct net_browse_service *s, const char *word, const char *instance, const char *host)
{
	char text[NET_ADDR_TEXT];
	json_t *addresses = json_array(), *texts = json_array();

	for (size_t i = 0; i < s->n_addrs; i++)
		json_array_append_new(addresses, json_string(net_addr_format_ip(&s->addrs[i], text)));
	for (size_t at = 0; at < s->texts.len; at += (unsigned char)s->texts.at[at] + 1u) {
		struct buffer shown = { 0 };
		text_escape(&shown, bytes_slice(s->texts, at + 1, at + 1 + (unsigned char)s->texts.at[at]));
		if (shown.len > 0)
			json_array_append_new(texts, json_string(shown.at));
		buffer_release(&shown);
	}
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o}", "event", word, "type", s->type, "instance", instance, "host", host, "port",
	                           s->port, "addresses", addresses, "texts", texts);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void on_service(void *owner, enum net_browse_event event, const struct net_browse_service *s)
{
	struct discovery *d = owner;
	const char *word = event == NET_BROWSE_FOUND ? "found" : "gone";
	char host[NET_DNS_NAME_TEXT] = "";
	struct buffer instance = { 0 };

	/* the network's word: nothing of it may move a terminal's cursor */
	text_escape(&instance, s->instance);
	if (s->host.len > 0)
		net_dns_name_format(&s->host, host);
	if (d->as_json)
		print_json(s, word, instance.at, host);
	else
		print_found(s, word, instance.at, host);
	fflush(stdout);
	buffer_release(&instance);
}

static bool browse(struct discovery *d, struct error *err)
{
	struct net_browse *browses[TYPES_MAX] = { 0 };
	bool ok = true;

	if (d->n_types == 0) {
		memcpy(d->types, mail_types, sizeof mail_types);
		d->n_types = sizeof mail_types / sizeof *mail_types;
	}
	for (size_t i = 0; i < d->n_types && ok; i++)
		ok = (browses[i] = net_browse_start(d->discover, d->types[i], on_service, d, err)) != NULL;
	if (ok)
		net_loop_run(d->loop);
	for (size_t i = 0; i < d->n_types; i++)
		net_browse_stop(browses[i]);
	return ok;
}

/* ---- announce ---- */

static void on_named(void *owner, const char *instance, const char *host)
{
	struct buffer shown = { 0 };

	(void)owner;
	text_escape(&shown, bytes_text(instance));
	printf("announced \"%s\" at %s.local\n", shown.at, host);
	fflush(stdout);
	buffer_release(&shown);
}

static bool announce(struct discovery *d, struct error *err)
{
	char own[256] = "";
	const struct net_announce_service service = { .type = d->types[0], .port = (int)d->port, .texts = d->texts };
	struct net_announce_options options = { .instance = d->name, .host = d->host, .services = &service, .n_services = 1 };

	gethostname(own, sizeof own - 1);
	own[strcspn(own, ".")] = '\0';
	if (options.host == NULL)
		options.host = own[0] != '\0' ? own : "host";
	if (options.instance == NULL)
		options.instance = options.host;
	struct net_announce *a = net_announce_start(d->discover, &options, on_named, d, err);
	if (a == NULL)
		return false;
	net_loop_run(d->loop);
	net_announce_stop(a);
	return true;
}

/* ---- both ---- */

static void on_end(void *owner)
{
	struct discovery *d = owner;

	net_loop_stop(d->loop);
}

static void on_signal(void *owner, int number)
{
	(void)number;
	on_end(owner);
}

static int work(struct discovery *d, bool (*what)(struct discovery *, struct error *))
{
	static const int signals[] = { SIGINT, SIGTERM, 0 };
	struct error err = { 0 };

	d->loop = net_loop_create(net_poll_kind_default(), &err);
	if (d->loop != NULL)
		d->signals = net_signal_create(d->loop, signals, on_signal, d, &err);
	if (d->signals != NULL)
		d->discover = net_discover_open(&d->options, &err);
	bool ok = d->discover != NULL && net_discover_start(d->discover, d->loop, &err);
	if (ok && d->seconds > 0)
		net_timer_start(&d->end, d->loop, (int64_t)d->seconds * 1000, on_end, d);
	ok = ok && what(d, &err);
	if (!ok)
		fprintf(stderr, "nettool discover: %s\n", err.text);
	net_timer_stop(&d->end);
	net_discover_close(d->discover);
	if (d->signals != NULL)
		net_signal_destroy(d->signals);
	if (d->loop != NULL)
		net_loop_destroy(d->loop);
	return ok ? EX_OK : err.kind == ERROR_SYNTAX ? EX_USAGE : err.kind == ERROR_NOT_FOUND ? EX_NOINPUT : EX_UNAVAILABLE;
}

/* Takes one word or two; 0 when it is none of ours or lacks its value. */
static int parse_option(struct discovery *d, char **argv)
{
	const struct { const char *word; const char **text; } texts[] = {
		{ "--interface", &d->options.interface }, { "--name", &d->name }, { "--host", &d->host },
	};
	const struct { const char *word; uint64_t *number; } numbers[] = { { "--seconds", &d->seconds }, { "--group-port", &d->group_port } };

	if (strcmp(argv[0], "--json") == 0) {
		d->as_json = true;
		return 1;
	}
	if (argv[1] == NULL)
		return 0;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strcmp(argv[0], texts[i].word) == 0) {
			*texts[i].text = argv[1];
			return 2;
		}
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (strcmp(argv[0], numbers[i].word) == 0)
			return bytes_to_u64(bytes_text(argv[1]), 65535, numbers[i].number) ? 2 : 0;
	if (strcmp(argv[0], "--text") != 0 || d->n_texts == TEXTS_MAX)
		return 0;
	d->texts[d->n_texts++] = argv[1];
	return 2;
}

static int run(int argc, char **argv)
{
	struct discovery d = { 0 };
	bool announces = argc >= 2 && strcmp(argv[1], "announce") == 0;

	if (!announces && (argc < 2 || strcmp(argv[1], "browse") != 0))
		return nettool_usage(&nettool_discover, "say \"browse\", or \"announce TYPE PORT\"");
	for (argv += 2; *argv != NULL;) {
		int n = 1;
		if (strncmp(*argv, "--", 2) == 0)
			n = parse_option(&d, argv);
		else if (announces && d.n_types == 1 && d.port == 0)
			n = bytes_to_u64(bytes_text(*argv), 65535, &d.port) && d.port > 0;
		else if (d.n_types < (announces ? 1 : TYPES_MAX))
			d.types[d.n_types++] = *argv;
		else
			n = 0;
		if (n == 0)
			return nettool_usage(&nettool_discover, "an option or a word that does not belong there");
		argv += n;
	}
	if (announces && d.port == 0)
		return nettool_usage(&nettool_discover, "say which type, and on which port");
	d.options.port = (int)d.group_port;
	return work(&d, announces ? announce : browse);
}

const struct nettool_command nettool_discover = {
	"discover",
	"nettool discover browse [TYPE...] [--interface NAME] [--seconds N] [--json]\n"
	"nettool discover announce TYPE PORT [--name NAME] [--host HOST] [--text KEY=VALUE]... [--interface NAME] [--seconds N]",
	"services on the local network (mDNS, DNS-SD): found and gone, or announced",
	run,
	"  TYPE              _imap._tcp; browse without one looks for _submission, _submissions, _imap and _imaps\n"
	"  --name NAME       what people see; becomes \"NAME (2)\" when somebody has it; default: the host's\n"
	"  --host HOST       announced as HOST.local; default: this host's name\n"
	"  --text KEY=VALUE  goes along with it\n"
	"  --interface NAME  only there, loopback too; default: all but loopback\n"
	"  --group-port N    instead of 5353: for trials\n"
	"  --seconds N       end then; default: at SIGINT or SIGTERM\n"
	"example:\n"
	"  nettool discover announce _imap._tcp 143 --name \"Post room\" &\n"
	"  nettool discover browse --seconds 3\n",
};
