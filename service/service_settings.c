#include "service/service_settings.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/settings_source.h"
#include "base/text.h"

#define HOST_MAX 253                    /* RFC 1035 2.3.4 */

static bool refuse_host_name(const char *text, struct error *err)
{
	return error_set(err, ERROR_SYNTAX, "\"%s\" is not a host name (letters, digits, hyphens, dots; "
	                 "other scripts in their xn-- form)", text);
}

static bool check_host_name(const void *field, struct error *err)
{
	const char *text = *(const char *const *)field;

	return text_is_host_name(bytes_text(text)) || refuse_host_name(text, err);
}

static bool check_domains(const void *field, struct error *err)
{
	const struct settings_texts *domains = field;

	for (size_t i = 0; i < domains->n; i++) {
		if (!text_is_host_name(bytes_text(domains->at[i])))
			return refuse_host_name(domains->at[i], err);
		for (size_t j = 0; j < i; j++) {
			if (strcasecmp(domains->at[i], domains->at[j]) == 0)
				return error_set(err, ERROR_SYNTAX, "\"%s\" stands twice", domains->at[i]);
		}
	}
	return true;
}

static bool check_not_empty(const void *field, struct error *err)
{
	return (*(const char *const *)field)[0] != '\0' || error_set(err, ERROR_SYNTAX, "must not be empty");
}

static bool check_postmaster(const void *field, struct error *err)
{
	const char *text = *(const char *const *)field, *at = strrchr(text, '@');

	if (at == NULL || at == text || !text_is_host_name(bytes_text(at + 1)))
		return error_set(err, ERROR_SYNTAX, "\"%s\" is not an address (local@domain)", text);
	return true;
}

/* "host:port", where host is a name or an address. */
static bool check_endpoint(const void *field, struct error *err)
{
	const char *text = *(const char *const *)field;
	char host[HOST_MAX + 1];
	struct net_addr addr;
	int port;

	if (!net_addr_split(text, 25, host, sizeof host, &port, err))
		return false;
	if (port == 0)
		return error_set(err, ERROR_SYNTAX, "\"%s\" has port 0", text);
	return net_addr_from_ip(host, port, &addr) || text_is_host_name(bytes_text(host)) || refuse_host_name(host, err);
}

static bool check_exempt(const void *field, struct error *err)
{
	const struct settings_texts *blocks = field;
	struct net_cidr block;

	for (size_t i = 0; i < blocks->n; i++) {
		if (!net_cidr_parse(blocks->at[i], &block, err))
			return false;
	}
	return true;
}

static bool check_shards(const void *field, struct error *err)
{
	return *(const int64_t *)field == 1 || error_set(err, ERROR_SYNTAX, "more than one shard is not built yet");
}

static bool check_catch_all(const void *field, struct error *err)
{
	return !*(const bool *)field ||
	       error_set(err, ERROR_SYNTAX, "a domain of the store catches all mail or does not: mailctl init --catch-all");
}

static bool check_listen_address(const void *field, struct error *err)
{
	const char *text = *(const char *const *)field;
	struct net_addr addr;

	/* a relative path is made absolute later, and its length is checked again then */
	return net_addr_parse(text, &addr, err);
}

/* Two rows may both ask for "any port"; nothing else can be listened on twice. */
static bool is_same_place(const char *a, const char *b)
{
	struct net_addr first, second;

	if (!net_addr_parse(a, &first, NULL) || !net_addr_parse(b, &second, NULL))
		return false;
	return net_addr_equal(&first, &second) && net_addr_port(&first) != 0;
}

/* The newest item of the list. */
static bool check_listen(const void *field, struct error *err)
{
	const struct settings_list *list = field;
	const struct service_listen *rows = list->at, *row = &rows[list->n - 1];
	bool is_unix = strncmp(row->address, "unix:", 5) == 0;

	if (row->service == SERVICE_METRICS)
		return error_set(err, ERROR_SYNTAX, "service \"metrics\" is known, but not built yet");
	if (row->service == SERVICE_LMTP && !is_unix)
		return error_set(err, ERROR_SYNTAX, "service \"lmtp\" listens on a Unix socket only (address = \"unix:run/lmtp\")");
	if (is_unix && row->tls != SERVICE_TLS_NONE)
		return error_set(err, ERROR_SYNTAX, "a Unix socket takes no TLS (tls = \"none\")");
	if (row->service == SERVICE_SMTP && row->tls == SERVICE_TLS_IMPLICIT)
		return error_set(err, ERROR_SYNTAX, "service \"smtp\" has no implicit TLS: other servers use STARTTLS");
	if (row->test && row->service == SERVICE_IMAP)
		return error_set(err, ERROR_SYNTAX, "service \"imap\" takes no recipients that could script failures (test)");
	for (size_t i = 0; i + 1 < list->n; i++) {
		if (is_same_place(rows[i].address, row->address))
			return error_set(err, ERROR_SYNTAX, "\"%s\" is listened on already, by the row at line %d",
			                 row->address, (int)rows[i].line);
	}
	return true;
}

static bool check_credentials(const struct service_peer *peer, struct error *err)
{
	if ((peer->username == NULL) != (peer->password_file == NULL))
		return error_set(err, ERROR_SYNTAX, "username and password_file go together");
	if (peer->ca != NULL && peer->tls != SERVICE_PEER_VERIFY)
		return error_set(err, ERROR_SYNTAX, "ca is used only with tls = \"verify\"");
	if (peer->username != NULL && peer->tls != SERVICE_PEER_VERIFY)
		return error_set(err, ERROR_SYNTAX, "a password is sent only with tls = \"verify\"");
	return true;
}

static bool check_peers(const void *field, struct error *err)
{
	const struct settings_list *list = field;
	const struct service_peer *peers = list->at, *peer = &peers[list->n - 1];

	for (size_t i = 0; i + 1 < list->n; i++) {
		if (strcasecmp(peers[i].domain, peer->domain) == 0)
			return error_set(err, ERROR_SYNTAX, "domain \"%s\" has a peer already, at line %d",
			                 peer->domain, (int)peers[i].line);
	}
	return check_credentials(peer, err);
}

static bool check_smarthost(const void *field, struct error *err)
{
	return check_credentials(field, err);
}

static bool check_tls(const void *field, struct error *err)
{
	const struct service_settings *s =
		(const struct service_settings *)(const void *)((const char *)field - offsetof(struct service_settings, tls));

	return (s->tls.certificate == NULL) == (s->tls.key == NULL) ||
	       error_set(err, ERROR_SYNTAX, "certificate and key go together");
}

#define AT(member) offsetof(struct service_settings, member)
#define LISTEN(member) offsetof(struct service_listen, member)
#define PEER(member) offsetof(struct service_peer, member)
#define IN(group, member) (offsetof(struct service_settings, group.member) - offsetof(struct service_settings, group))

static const char *const kinds[] = { "smtp", "submission", "lmtp", "imap", "metrics", NULL };
static const char *const tls_modes[] = { "none", "starttls", "implicit", NULL };
static const char *const tls_versions[] = { "1.2", "1.3", NULL };
static const char *const plaintext[] = { "never", "loopback", "always", NULL };
static const char *const peer_tls[] = { "none", "opportunistic", "required", "verify", NULL };
static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const compressions[] = { "none", "zstd", NULL };

const char *service_kind_name(int service)
{
	return kinds[service];
}

const char *service_tls_name(int tls)
{
	return tls_modes[tls];
}

static const struct settings_row listen_rows[] = {
	{ .name = "address", .type = SETTINGS_TEXT, .offset = LISTEN(address), .flags = SETTINGS_REQUIRED,
	  .check = check_listen_address, .help = "\"127.0.0.1:25\", \"[::1]:25\" or \"unix:run/lmtp\"; port 0 is any" },
	{ .name = "service", .type = SETTINGS_CHOICE, .offset = LISTEN(service), .flags = SETTINGS_REQUIRED,
	  .choices = kinds, .help = "what is spoken there: smtp submission lmtp imap" },
	{ .name = "tls", .type = SETTINGS_CHOICE, .offset = LISTEN(tls), .value = "none", .choices = tls_modes,
	  .help = "none starttls implicit" },
	{ .name = "test", .type = SETTINGS_BOOL, .offset = LISTEN(test), .value = "false",
	  .help = "recipients such as user+452@ script failures: for test benches" },
	{ .name = "line", .type = SETTINGS_INT, .offset = LISTEN(line), .flags = SETTINGS_LINE },
	{ .name = NULL },
};

static const struct settings_row tls_rows[] = {
	{ .name = "certificate", .type = SETTINGS_PATH, .offset = IN(tls, certificate), .check = check_not_empty,
	  .help = "PEM: the server's certificate, then those between it and the root" },
	{ .name = "key", .type = SETTINGS_PATH, .offset = IN(tls, key), .check = check_not_empty, .help = "PEM: its private key" },
	{ .name = "min_version", .type = SETTINGS_CHOICE, .offset = IN(tls, min_version), .value = "1.2",
	  .choices = tls_versions, .help = "1.2 or 1.3" },
	{ .name = "line", .type = SETTINGS_INT, .offset = IN(tls, line), .flags = SETTINGS_LINE },
	{ .name = NULL },
};

#define CREDENTIAL_ROWS \
	{ .name = "tls", .type = SETTINGS_CHOICE, .offset = PEER(tls), .value = "opportunistic", .choices = peer_tls, \
	  .help = "none, opportunistic (if offered), required (any certificate), verify" }, \
	{ .name = "connections", .type = SETTINGS_INT, .offset = PEER(connections), .value = "2", .min = 1, .max = 100, \
	  .help = "at most so many at once" }, \
	{ .name = "ca", .type = SETTINGS_PATH, .offset = PEER(ca), .check = check_not_empty, \
	  .help = "with verify: PEM of who is trusted; default: the system's" }, \
	{ .name = "username", .type = SETTINGS_TEXT, .offset = PEER(username), .check = check_not_empty, \
	  .help = "log in as" }, \
	{ .name = "password_file", .type = SETTINGS_PATH, .offset = PEER(password_file), .check = check_not_empty, \
	  .help = "its first line is the password" }, \
	{ .name = "line", .type = SETTINGS_INT, .offset = PEER(line), .flags = SETTINGS_LINE }

static const struct settings_row peer_rows[] = {
	{ .name = "domain", .type = SETTINGS_TEXT, .offset = PEER(domain), .flags = SETTINGS_REQUIRED,
	  .check = check_host_name, .help = "mail to this domain goes there" },
	{ .name = "address", .type = SETTINGS_TEXT, .offset = PEER(address), .flags = SETTINGS_REQUIRED,
	  .check = check_endpoint, .help = "host:port (port 25 unless given)" },
	CREDENTIAL_ROWS,
	{ .name = NULL },
};

static const struct settings_row smarthost_rows[] = {
	{ .name = "address", .type = SETTINGS_TEXT, .offset = PEER(address), .flags = SETTINGS_REQUIRED,
	  .check = check_endpoint, .help = "host:port" },
	CREDENTIAL_ROWS,
	{ .name = NULL },
};

static const struct settings_row resolver_rows[] = {
	{ .name = "servers", .type = SETTINGS_TEXTS, .offset = IN(resolver, servers), .help = "name servers, address@port" },
	{ .name = "trust_anchor", .type = SETTINGS_PATH, .offset = IN(resolver, trust_anchor), .help = "DNSSEC root key" },
	{ .name = NULL },
};

static const struct settings_row limits_rows[] = {
	{ .name = "message_size", .type = SETTINGS_SIZE, .offset = IN(limits, message_size), .value = "50M",
	  .max = INT64_C(4294967295), .help = "largest message; 0: as large as fits" },
	{ .name = "recipients", .type = SETTINGS_INT, .offset = IN(limits, recipients), .value = "1000", .max = 1000000,
	  .help = "of one message; 0: no limit" },
	{ .name = "connections", .type = SETTINGS_INT, .offset = IN(limits, connections), .value = "10000", .max = 1000000,
	  .help = "at once, per daemon; 0: no limit" },
	{ .name = "connections_per_ip", .type = SETTINGS_INT, .offset = IN(limits, connections_per_ip), .value = "50",
	  .max = 1000000, .help = "at once from one address; 0: no limit" },
	{ .name = "memory", .type = SETTINGS_SIZE, .offset = IN(limits, memory), .max = INT64_C(1) << 50,
	  .help = "for the work of peers, per daemon; 0: 1G or a quarter of the machine's, the lesser" },
	{ .name = "messages_per_day", .type = SETTINGS_INT, .offset = IN(limits, messages_per_day), .value = "0",
	  .max = 1000000000, .help = "that a user may submit; 0: no limit" },
	{ .name = "exempt", .type = SETTINGS_TEXTS, .offset = IN(limits, exempt), .value = "[ \"127.0.0.0/8\", \"::1\" ]",
	  .check = check_exempt, .help = "address blocks that limits per address and penalties pass over" },
	{ .name = NULL },
};

static const struct settings_row queue_rows[] = {
	{ .name = "lifetime", .type = SETTINGS_DURATION, .offset = IN(queue, lifetime_s), .value = "5d", .min = 1,
	  .max = 365 * 86400, .help = "then a message is returned" },
	{ .name = "delay_notice", .type = SETTINGS_DURATION, .offset = IN(queue, delay_notice_s), .value = "4h",
	  .max = 365 * 86400, .help = "then the sender is told of a delay; 0: never" },
	{ .name = NULL },
};

static const struct settings_row process_rows[] = {
	{ .name = "threads", .type = SETTINGS_INT, .offset = IN(process, threads), .value = "0", .max = 64,
	  .help = "network threads; 0: as many as cores, at most 4" },
	{ .name = "level", .type = SETTINGS_CHOICE, .offset = IN(process, level), .value = "info", .choices = levels,
	  .help = "of the log: error warning info debug" },
	{ .name = "sandbox", .type = SETTINGS_BOOL, .offset = IN(process, sandbox), .value = "true",
	  .help = "Landlock and seccomp around the server process" },
	{ .name = NULL },
};

static const struct settings_row rows[] = {
	{ .name = "hostname", .type = SETTINGS_TEXT, .offset = AT(hostname), .flags = SETTINGS_REQUIRED,
	  .check = check_host_name, .help = "this host's own name: greeting, EHLO, Received" },
	{ .name = "domains", .type = SETTINGS_TEXTS, .offset = AT(domains), .flags = SETTINGS_REQUIRED, .min = 1, .max = 10000,
	  .check = check_domains, .help = "first domains of a new store; later ones: mailctl domain add" },
	{ .name = "data_dir", .type = SETTINGS_PATH, .offset = AT(data_dir), .flags = SETTINGS_REQUIRED,
	  .check = check_not_empty, .help = "the folder of all mail, 0700" },
	{ .name = "user", .type = SETTINGS_TEXT, .offset = AT(user), .check = check_not_empty,
	  .help = "what a daemon started as root becomes; default: the owner of data_dir" },
	{ .name = "postmaster", .type = SETTINGS_TEXT, .offset = AT(postmaster), .check = check_postmaster,
	  .help = "who receives postmaster@ and abuse@; default: the first user" },
	{ .name = "shards", .type = SETTINGS_INT, .offset = AT(shards), .value = "1", .check = check_shards,
	  .help = "store files; fixed when the store is created" },
	{ .name = "ephemeral", .type = SETTINGS_BOOL, .offset = AT(ephemeral), .value = "false",
	  .help = "no syncs, mail deleted when the last daemon ends: for test benches (mailctl init --ephemeral)" },
	{ .name = "compress", .type = SETTINGS_CHOICE, .offset = AT(compress), .value = "none", .choices = compressions,
	  .help = "mail stored from now on: none, zstd (half the disk or less, a little more work)" },
	{ .name = "catch_all", .type = SETTINGS_BOOL, .offset = AT(catch_all), .value = "false", .check = check_catch_all,
	  .help = "any local recipient makes its mailbox: said to mailctl init --catch-all" },
	{ .name = "listen", .type = SETTINGS_LIST, .offset = AT(listen), .flags = SETTINGS_REQUIRED, .min = 1, .max = 64,
	  .rows = listen_rows, .item_size = sizeof(struct service_listen), .check = check_listen, .help = "where and what is served" },
	{ .name = "tls", .type = SETTINGS_GROUP, .offset = AT(tls), .rows = tls_rows, .check = check_tls, .help = "certificate" },
	{ .name = "plaintext_auth", .type = SETTINGS_CHOICE, .offset = AT(plaintext_auth), .value = "never", .choices = plaintext,
	  .help = "passwords without TLS: never, loopback (both ends on loopback), always" },
	{ .name = "peers", .type = SETTINGS_LIST, .offset = AT(peers), .max = 10000, .rows = peer_rows,
	  .item_size = sizeof(struct service_peer), .check = check_peers, .help = "domains whose server is known" },
	{ .name = "smarthost", .type = SETTINGS_GROUP, .offset = AT(smarthost), .rows = smarthost_rows, .check = check_smarthost,
	  .help = "for what has no peer" },
	{ .name = "resolver", .type = SETTINGS_GROUP, .offset = AT(resolver), .rows = resolver_rows, .flags = SETTINGS_NOT_BUILT,
	  .help = "default: the system's" },
	{ .name = "announce", .type = SETTINGS_BOOL, .offset = AT(announce), .value = "false",
	  .help = "tell the local network what is served here (mDNS, DNS-SD)" },
	{ .name = "limits", .type = SETTINGS_GROUP, .offset = AT(limits), .rows = limits_rows, .help = "what peers may take" },
	{ .name = "queue", .type = SETTINGS_GROUP, .offset = AT(queue), .rows = queue_rows, .help = "mail for elsewhere" },
	{ .name = "process", .type = SETTINGS_GROUP, .offset = AT(process), .rows = process_rows, .help = "the daemons themselves" },
	{ .name = NULL },
};

const struct settings_row *service_settings_rows(void)
{
	return rows;
}

/* What no single value can know: errors name the row's line of the main file. */
static bool check_listen_tls(const struct service_settings *s, struct error *err)
{
	const struct service_listen *listens = s->listen.at;

	for (size_t i = 0; i < s->listen.n; i++) {
		if (listens[i].tls != SERVICE_TLS_NONE && s->tls.certificate == NULL)
			return error_set(err, ERROR_SYNTAX, "%s:%d: listen[%zu].tls: \"%s\" needs tls.certificate and tls.key",
			                 s->path, (int)listens[i].line, i, tls_modes[listens[i].tls]);
	}
	return true;
}

static bool make_paths_absolute(struct service_settings *s, struct arena *arena, struct error *err)
{
	struct service_listen *listens = s->listen.at;
	struct net_addr addr;

	for (size_t i = 0; i < s->listen.n; i++) {
		if (strncmp(listens[i].address, "unix:", 5) != 0)
			continue;
		listens[i].address = arena_printf(arena, "unix:%s", settings_source_beside(s->path, listens[i].address + 5, arena));
		if (!net_addr_parse(listens[i].address, &addr, err))
			return error_prefix(err, "%s:%d: listen[%zu].address", s->path, (int)listens[i].line, i);
	}
	return true;
}

static bool derive(const char *path, struct service_settings *s, struct arena *arena, struct error *err)
{
	s->path = arena_text(arena, path);
	if (!check_listen_tls(s, err) || !make_paths_absolute(s, arena, err))
		return false;
	s->n_exempt = s->limits.exempt.n;
	s->exempt = arena_alloc(arena, s->n_exempt * sizeof *s->exempt);
	for (size_t i = 0; i < s->n_exempt; i++) {
		if (!net_cidr_parse(s->limits.exempt.at[i], &s->exempt[i], err))
			return false;
	}
	return true;
}

bool service_settings_load(const char *path, struct arena *arena, struct service_settings *s, struct error *err)
{
	return settings_load(path, rows, s, sizeof *s, arena, err) && derive(path, s, arena, err);
}

bool service_settings_load_text(const char *text, const char *path, struct arena *arena, struct service_settings *s,
                                struct error *err)
{
	return settings_load_text(text, path, rows, s, sizeof *s, arena, err) && derive(path, s, arena, err);
}
