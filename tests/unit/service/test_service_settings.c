#include "service/service_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "tests/support/check.h"

/* What every row below begins with; the broken line is the fifth. */
#define HEAD "hostname = \"mx.a.test\";\ndomains = [ \"a.test\" ];\ndata_dir = \"data\";\n" \
	"listen = ( { address = \"127.0.0.1:25\"; service = \"smtp\"; } );\n"
#define BARE "hostname = \"mx.a.test\";\ndomains = [ \"a.test\" ];\ndata_dir = \"data\";\n\n"

static const struct refusal {
	const char *claim, *text, *error;
} refusals[] = {
	{ "an unknown key is refused, and the nearest named", HEAD "hostnam = 1;",
	  "/etc/p.conf:5: hostnam: unknown key; did you mean \"hostname\"" },
	{ "a missing key is named", "hostname = \"h\";\n", "domains: missing" },
	{ "a host name has no underscore", "hostname = \"mx_1\";\n", "/etc/p.conf:1: hostname: \"mx_1\" is not a host name" },
	{ "a domain stands once", "hostname = \"h\";\ndomains = [ \"a.test\", \"A.test\" ];",
	  "/etc/p.conf:2: domains: \"A.test\" stands twice" },
	{ "an address is listened on once",
	  BARE "listen = ( { address = \"127.0.0.1:25\"; service = \"smtp\"; },\n{ address = \"127.0.0.1:25\"; service = \"imap\"; } );",
	  "/etc/p.conf:6: listen[1]: \"127.0.0.1:25\" is listened on already, by the row at line 5" },
	{ "TLS needs a certificate", BARE "listen = ( { address = \"127.0.0.1:25\"; service = \"smtp\"; tls = \"starttls\"; } );",
	  "/etc/p.conf:5: listen[0].tls: \"starttls\" needs tls.certificate and tls.key" },
	{ "a certificate needs its key", HEAD "tls = { certificate = \"c\"; };", "/etc/p.conf:5: tls: certificate and key go together" },
	{ "smtp has no implicit TLS", BARE "listen = ( { address = \"[::1]:25\"; service = \"smtp\"; tls = \"implicit\"; } );",
	  "service \"smtp\" has no implicit TLS" },
	{ "lmtp is for Unix sockets", BARE "listen = ( { address = \"127.0.0.1:24\"; service = \"lmtp\"; } );",
	  "/etc/p.conf:5: listen[0]: service \"lmtp\" listens on a Unix socket only" },
	{ "imap scripts no failures", BARE "listen = ( { address = \"127.0.0.1:24\"; service = \"imap\"; test = true; } );",
	  "/etc/p.conf:5: listen[0]: service \"imap\" takes no recipients" },
	{ "metrics are refused by name", BARE "listen = ( { address = \"127.0.0.1:24\"; service = \"metrics\"; } );",
	  "service \"metrics\" is known, but not built yet" },
	{ "a listener is no name", BARE "listen = ( { address = \"localhost:25\"; service = \"smtp\"; } );",
	  "/etc/p.conf:5: listen[0].address: " },
	{ "a service is one of five", BARE "listen = ( { address = \"127.0.0.1:24\"; service = \"imaps\"; } );",
	  "listen[0].service: \"imaps\" is not one of smtp, submission, lmtp, imap, metrics; did you mean \"imap\"" },
	{ "a peer's port is a port", HEAD "peers = ( { domain = \"b.test\"; address = \"b.test:99999\"; } );",
	  "/etc/p.conf:5: peers[0].address: \"99999\" is not a port" },
	{ "a domain has one peer", HEAD "peers = ( { domain = \"b.test\"; address = \"b\"; },\n{ domain = \"B.test\"; address = \"c\"; } );",
	  "/etc/p.conf:6: peers[1]: domain \"B.test\" has a peer already, at line 5" },
	{ "a peer's CA is for verify", HEAD "peers = ( { domain = \"b.test\"; address = \"b\"; ca = \"x\"; } );",
	  "peers[0]: ca is used only with tls = \"verify\"" },
	{ "a password needs a verified peer", HEAD "peers = ( { domain = \"b.test\"; address = \"b\"; username = \"u\"; password_file = \"p\"; } );",
	  "a password is sent only with tls = \"verify\"" },
	{ "resolver is refused by name", HEAD "resolver = { };", "/etc/p.conf:5: resolver: this key is known, but what it sets is not built yet" },
	{ "messages_per_day is no size", HEAD "limits = { messages_per_day = -1; };", "/etc/p.conf:5: limits.messages_per_day: " },
	{ "shards are refused by name", HEAD "shards = 2;", "/etc/p.conf:5: shards: more than one shard is not built yet" },
	{ "an exempt block is an address", HEAD "limits = { exempt = [ \"home\" ]; };", "/etc/p.conf:5: limits.exempt: " },
	{ "the postmaster is an address", HEAD "postmaster = \"root\";", "/etc/p.conf:5: postmaster: \"root\" is not an address" },
};

static const char *const accepted[] = {
	HEAD, HEAD "shards = 1;", HEAD "limits = { messages_per_day = 5; exempt = []; };", HEAD "ephemeral = true;",
	BARE "listen = ( { address = \"127.0.0.1:0\"; service = \"imap\"; }, { address = \"127.0.0.1:0\"; service = \"smtp\"; } );",
	HEAD "peers = ( { domain = \"b.test\"; address = \"[::1]:2525\"; tls = \"verify\"; ca = \"ca.pem\"; } );",
	HEAD "smarthost = { address = \"relay.example:587\"; tls = \"verify\"; username = \"u\"; password_file = \"secret\"; };",
};

static void check_refusals(void)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct service_settings settings;
		struct arena arena = { 0 };
		struct error err = { 0 };
		bool ok = service_settings_load_text(refusals[i].text, "/etc/p.conf", &arena, &settings, &err);
		CHECK_ROW(!ok, refusals[i].claim);
		CHECK_ROW(strstr(err.text, refusals[i].error) != NULL, refusals[i].claim);
		if (strstr(err.text, refusals[i].error) == NULL)
			fprintf(stderr, "  got %s\n", err.text);
		arena_reset(&arena);
	}
}

static void check_accepted(void)
{
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		struct service_settings settings;
		struct arena arena = { 0 };
		struct error err = { 0 };
		CHECK_ROW(service_settings_load_text(accepted[i], "/etc/p.conf", &arena, &settings, &err), err.text);
		arena_reset(&arena);
	}
}

static void check_defaults(void)
{
	struct service_settings s;
	struct arena arena = { 0 };
	struct error err = { 0 };
	struct net_addr addr;

	CHECK(service_settings_load_text(BARE "listen = ( { address = \"unix:run/lmtp\"; service = \"lmtp\"; } );", "/etc/p.conf",
	                                 &arena, &s, &err));
	CHECK_TEXT(s.data_dir, "/etc/data", "paths are beside the file");
	CHECK_TEXT(((const struct service_listen *)s.listen.at)[0].address, "unix:/etc/run/lmtp", "a Unix socket too");
	CHECK(s.limits.message_size == 50u << 20 && s.limits.recipients == 1000 && s.limits.connections == 10000);
	CHECK(s.limits.connections_per_ip == 50 && s.limits.memory == 0 && s.n_exempt == 2);
	CHECK(s.queue.lifetime_s == 5 * 86400 && s.queue.delay_notice_s == 4 * 3600);
	CHECK(s.process.sandbox && s.process.threads == 0 && s.plaintext_auth == SERVICE_PLAINTEXT_NEVER);
	CHECK(s.smarthost.address == NULL && s.peers.n == 0 && s.user == NULL && s.tls.certificate == NULL);
	CHECK(net_addr_parse("127.9.9.9:1", &addr, &err) && net_cidr_contains(&s.exempt[0], &addr));
	arena_reset(&arena);
}

/* What config show prints means the same when it is read again. */
static void check_shown(void)
{
	struct buffer first = { 0 }, second = { 0 };
	struct service_settings s;
	struct arena arena = { 0 };
	struct error err = { 0 };

	CHECK(service_settings_load_text(accepted[5], "/etc/p.conf", &arena, &s, &err));
	settings_format(service_settings_rows(), &s, &first);
	CHECK_ROW(service_settings_load_text(first.at, "/elsewhere/p.conf", &arena, &s, &err), err.text);
	settings_format(service_settings_rows(), &s, &second);
	CHECK_TEXT(second.at, first.at, "config show can be read again");
	buffer_release(&first);
	buffer_release(&second);
	arena_reset(&arena);
}

/* Taken in when this is compiled: tests run in folders of their own. */
__asm__(".section .rodata\nsample_configuration:\n.incbin \"etc/posta.conf\"\n.byte 0\n.text\n");
extern const char sample_configuration[];

/* The sample that make install puts down is a configuration. */
static void check_sample(void)
{
	struct service_settings s;
	struct arena arena = { 0 };
	struct error err = { 0 };

	CHECK_ROW(service_settings_load_text(sample_configuration, "etc/posta.conf", &arena, &s, &err), err.text);
	CHECK_TEXT(s.hostname, "mx.example.org", "the sample is the sample");
	arena_reset(&arena);
}

int main(void)
{
	check_refusals();
	check_accepted();
	check_defaults();
	check_shown();
	check_sample();
	return check_finish();
}
