#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "mailctl/mailctl_certificate.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_template.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"
#include "netcore/net_addr.h"
#include "service/service_rights.h"

#define PEERS_MAX 100
#define PORT_BASE_MAX (65535 - 993)
#define SYSTEM_FOLDER "/etc/posta"
#define SYSTEM_DATA "/var/lib/posta"
#define SYSTEM_LMTP "/run/posta/lmtp"

struct init {
	struct arena arena;
	struct mailctl_template conf;
	struct mailctl_template_peer peers[PEERS_MAX];
	bool is_system, catch_all;
	const char *folder, *data_dir;  /* absolute */
	struct service_identity daemon; /* who the daemons will run as; only when we are root */
};

static const char *const init_syntax = "init DIR|--system --domain D [--hostname H] [--port-base N|any] [--listen ADDRESS] "
                                       "[--peer DOMAIN=HOST:PORT]... [--postmaster ADDRESS] [--catch-all] [--ephemeral]";

/* ---- options ---- */

static int take_peer(struct init *in, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text || equals[1] == '\0')
		return mailctl_usage("--peer wants DOMAIN=HOST:PORT, not \"%s\"", text);
	if (in->conf.n_peers == PEERS_MAX)
		return mailctl_usage("--peer: at most %d; more can be written into the file", PEERS_MAX);
	in->peers[in->conf.n_peers++] = (struct mailctl_template_peer){
		.domain = arena_printf(&in->arena, "%.*s", (int)(equals - text), text), .address = equals + 1,
	};
	return EX_OK;
}

static int take_option(struct init *in, int option, const char *value)
{
	uint64_t number;

	switch (option) {
	case 'd':
		if (in->conf.domain != NULL)
			return mailctl_usage("one --domain; mailctl domain add makes more");
		in->conf.domain = value;
		return EX_OK;
	case 'n':
		in->conf.hostname = value;
		return EX_OK;
	case 'b':
		in->conf.has_any_ports = strcmp(value, "any") == 0;
		if (in->conf.has_any_ports)
			return EX_OK;
		if (!bytes_to_u64(bytes_text(value), PORT_BASE_MAX, &number))
			return mailctl_usage("--port-base wants any, or a number from 0 to %d, not \"%s\"", PORT_BASE_MAX, value);
		in->conf.port_base = (int)number;
		return EX_OK;
	case 'l':
		in->conf.listen = value;
		return EX_OK;
	case 'p':
		return take_peer(in, value);
	case 'm':
		in->conf.postmaster = value;
		return EX_OK;
	case 's':
		in->is_system = true;
		return EX_OK;
	case 'a':
		in->catch_all = true;
		return EX_OK;
	case 'e':
		in->conf.is_ephemeral = true;
		return EX_OK;
	default:
		return EX_USAGE;
	}
}

static int take_options(struct init *in, int argc, char **argv)
{
	static const struct option options[] = {
		{ "domain", required_argument, NULL, 'd' }, { "hostname", required_argument, NULL, 'n' },
		{ "port-base", required_argument, NULL, 'b' }, { "listen", required_argument, NULL, 'l' },
		{ "peer", required_argument, NULL, 'p' }, { "postmaster", required_argument, NULL, 'm' },
		{ "system", no_argument, NULL, 's' }, { "catch-all", no_argument, NULL, 'a' },
		{ "ephemeral", no_argument, NULL, 'e' }, { 0 },
	};
	int option, code;

	while ((option = mailctl_option(argc, argv, options)) != -1) {
		code = take_option(in, option, optarg);
		if (code != EX_OK)
			return code;
	}
	in->folder = in->is_system ? SYSTEM_FOLDER : argv[optind];
	if (argc - optind != (in->is_system ? 0 : 1) || in->folder == NULL || in->conf.domain == NULL)
		return mailctl_usage("usage: mailctl %s", init_syntax);
	if (in->folder[0] == '\0')
		return mailctl_usage("DIR is empty: the folder to make, such as ~/mail; . is the one you are in");
	if (in->is_system && in->conf.is_ephemeral)
		return mailctl_usage("--ephemeral is for test benches, --system for a real host");
	return EX_OK;
}

/* ---- what it will be ---- */

static const char *absolute(struct init *in, const char *path)
{
	char here[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
		return arena_printf(&in->arena, "%.*s", (int)len, path);
	return arena_printf(&in->arena, "%s/%.*s", here, (int)len, path);
}

/* What would break out of its quotes in the file; the rest is judged by whoever reads that. */
static bool is_quotable(const char *text)
{
	return text_is_printable(bytes_text(text)) && strpbrk(text, "\"\\") == NULL;
}

/* What was given by name is refused by that name; later on errors speak of the file that it would make. */
static bool check_names(const struct init *in, struct error *err)
{
	const struct mailctl_template *conf = &in->conf;

	if (!text_is_host_name(bytes_text(conf->domain)))
		return error_set(err, ERROR_SYNTAX, "--domain: \"%s\" is not a domain (letters, digits, hyphens, dots; other scripts in their xn-- form)", conf->domain);
	if (!text_is_host_name(bytes_text(conf->hostname)))
		return error_set(err, ERROR_SYNTAX, "--hostname: \"%s\" is not a host name (letters, digits, hyphens, dots)", conf->hostname);
	if (conf->postmaster != NULL && (!is_quotable(conf->postmaster) || strchr(conf->postmaster, '@') == NULL))
		return error_set(err, ERROR_SYNTAX, "--postmaster wants local@domain, not \"%s\"", conf->postmaster);
	for (size_t i = 0; i < conf->n_peers; i++)
		if (!text_is_host_name(bytes_text(in->peers[i].domain)) || !is_quotable(in->peers[i].address))
			return error_set(err, ERROR_SYNTAX, "--peer wants DOMAIN=HOST:PORT, not \"%s=%s\"", in->peers[i].domain, in->peers[i].address);
	return true;
}

static bool choose(struct init *in, struct error *err)
{
	struct mailctl_template *conf = &in->conf;
	struct net_addr addr;

	in->folder = absolute(in, in->folder);
	in->data_dir = in->is_system ? SYSTEM_DATA : arena_printf(&in->arena, "%s/data", in->folder);
	conf->data_dir = in->is_system ? SYSTEM_DATA : "data";
	conf->lmtp = in->is_system ? SYSTEM_LMTP : "run/lmtp";
	conf->peers = in->peers;
	if (conf->hostname == NULL)
		conf->hostname = arena_printf(&in->arena, "mx.%s", conf->domain);
	if (conf->listen == NULL)
		conf->listen = in->is_system ? "0.0.0.0" : "127.0.0.1";
	if (!net_addr_from_ip(conf->listen, 0, &addr))
		return error_set(err, ERROR_SYNTAX, "--listen wants an IP address, not \"%s\"", conf->listen);
	conf->is_loopback = net_addr_is_loopback(&addr);
	if (!check_names(in, err))
		return false;
	if (geteuid() != 0)
		return !in->is_system || error_set(err, ERROR_DENIED, "--system is for root");
	if (!service_rights_of_user("posta", &in->daemon, NULL) && !service_rights_of_user("nobody", &in->daemon, err))
		return false;
	conf->user = in->daemon.name;
	return true;
}

/* A file in the folder that was there before? */
static bool is_free(const struct init *in, struct error *err)
{
	static const char *const names[] = { "posta.conf", "tls", "data", "run" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", in->folder, names[i]);
		if (access(path, F_OK) == 0)
			return error_set(err, ERROR_EXISTS, "%s exists; nothing was written", path);
	}
	snprintf(path, sizeof path, "%s/shard0.db", in->data_dir);
	return access(path, F_OK) != 0 || error_set(err, ERROR_EXISTS, "%s exists; nothing was written", path);
}

/* ---- making it ---- */

static bool cannot_be_reached(const struct init *in, const char *folder, struct error *err)
{
	return error_set(err, ERROR_DENIED, "%s cannot be reached by user %s, who the daemons will run as: choose another place, "
	                 "or open the folders above", folder, in->daemon.name);
}

/* Before root makes a folder where the daemons cannot come: may they enter the one above it? */
static bool check_reach(const struct init *in, struct error *err)
{
	const char *slash = strrchr(in->folder, '/');
	char above[PATH_MAX];

	if (geteuid() != 0 || in->is_system)
		return true;
	snprintf(above, sizeof above, "%.*s/", slash != NULL ? (int)(slash - in->folder) : 0, in->folder);
	if (setegid(in->daemon.gid) < 0 || seteuid(in->daemon.uid) < 0)
		return error_set_errno(err, errno, "become %s", in->daemon.name);
	bool is_closed = faccessat(AT_FDCWD, above, X_OK, AT_EACCESS) < 0 && errno == EACCES;
	if (seteuid(0) < 0 || setegid(0) < 0)
		return error_set_errno(err, errno, "become root again");
	return !is_closed || cannot_be_reached(in, in->folder, err);
}

static bool make_folder(const char *path, mode_t mode, struct error *err)
{
	if (mkdir(path, mode) == 0)
		return chmod(path, mode) == 0 || error_set_errno(err, errno, "%s", path);
	if (errno == ENOENT)
		return error_set(err, ERROR_NOT_FOUND, "%s: the folder that it is to be made in is not there", path);
	return errno == EEXIST || error_set_errno(err, errno, "%s", path);
}

static bool write_file(const struct init *in, const char *name, mode_t mode, const struct buffer *text, struct error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", in->folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool ok = fd >= 0 && fchmod(fd, mode) == 0;
	ok = ok && file_write(fd, buffer_bytes(text)) && fsync(fd) == 0;
	if (!ok)
		error_set_errno(err, errno, "%s", path);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* The folder is the daemons': from here on we are they, so that everything below is theirs and what they cannot reach shows now. */
static bool become_daemon(const struct init *in, const char *folder, struct error *err)
{
	if (geteuid() != 0)
		return true;
	if (chown(folder, in->daemon.uid, in->daemon.gid) < 0)
		return error_set_errno(err, errno, "%s", folder);
	if (!service_rights_become(&in->daemon, err))
		return false;
	return access(folder, R_OK | W_OK | X_OK) == 0 || cannot_be_reached(in, folder, err);
}

static bool make_files(const struct init *in, struct error *err)
{
	struct buffer conf = { 0 }, ca = { 0 }, certificate = { 0 }, key = { 0 };
	char path[PATH_MAX];

	mailctl_template_write(&in->conf, &conf);
	snprintf(path, sizeof path, "%s/tls", in->folder);
	bool ok = mailctl_certificate_make(in->conf.hostname, &ca, &certificate, &key, err) &&
	          make_folder(path, 0755, err) && write_file(in, "tls/ca.pem", 0644, &ca, err) &&
	          write_file(in, "tls/cert.pem", 0644, &certificate, err) && write_file(in, "tls/key.pem", 0600, &key, err) &&
	          write_file(in, "posta.conf", 0644, &conf, err);
	if (key.len > 0)
		memory_wipe(key.at, key.len);
	buffer_release(&conf);
	buffer_release(&ca);
	buffer_release(&certificate);
	buffer_release(&key);
	return ok;
}

static void domain_added(void *owner, const struct error *err)
{
	if (err != NULL)
		*(struct error *)owner = *err;
}

static bool make_store(const struct init *in, struct error *err)
{
	const struct store_options options = { .data_dir = in->data_dir, .ephemeral = in->conf.is_ephemeral, .postmaster = in->conf.postmaster };

	if (!store_create(&options, err))
		return false;
	struct store *store = store_open(&options, err);
	if (store == NULL)
		return false;
	struct store_client *client = store_client_create(store, err);
	if (client != NULL) {
		store_domain_add(client, bytes_text(in->conf.domain), in->catch_all, domain_added, err);
		store_client_wait(client);
	}
	store_client_destroy(client);
	store_close(store);
	return err->kind == ERROR_NONE || error_prefix(err, "%s", in->data_dir);
}

/* The configuration is judged before anything is written. */
static bool check_conf(const struct init *in, struct error *err)
{
	struct service_settings settings;
	struct buffer text = { 0 };
	struct arena arena = { 0 };

	mailctl_template_write(&in->conf, &text);
	const char *path = arena_printf(&arena, "%s/posta.conf", in->folder);
	bool ok = service_settings_load_text(text.at, path, &arena, &settings, err);
	buffer_release(&text);
	arena_reset(&arena);
	return ok;
}

static bool make(const struct init *in, struct error *err)
{
	char path[PATH_MAX];

	umask(022);
	if (!make_folder(in->folder, 0755, err))
		return false;
	if (in->is_system)      /* root keeps the configuration and the key; the daemons own the mail */
		return make_files(in, err) && make_folder(in->data_dir, 0700, err) && become_daemon(in, in->data_dir, err) &&
		       make_store(in, err);
	snprintf(path, sizeof path, "%s/run", in->folder);
	return become_daemon(in, in->folder, err) && make_folder(path, 0755, err) && make_files(in, err) && make_store(in, err);
}

/* The addresses as they stand in the file: port 0 is known once a daemon runs. */
static json_t *listen_json(const struct init *in)
{
	struct service_settings settings;
	struct arena arena = { 0 };
	json_t *array = json_array();
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/posta.conf", in->folder);
	if (service_settings_load(path, &arena, &settings, NULL)) {
		const struct service_listen *rows = settings.listen.at;
		for (size_t i = 0; i < settings.listen.n; i++)
			json_array_append_new(array, json_pack("{s:s, s:s, s:o}", "service", service_kind_name(rows[i].service),
			                                       "tls", service_tls_name(rows[i].tls), "address", mailctl_show_json(rows[i].address)));
	}
	arena_reset(&arena);
	return array;
}

static json_t *path_json(const char *folder, const char *rest)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s%s", folder, rest);
	return mailctl_show_json(path);
}

static void tell(const struct init *in, const struct mailctl *ctl)
{
	if (ctl->json) {
		mailctl_print_json(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "domain", in->conf.domain, "config", path_json(in->folder, "/posta.conf"),
		                             "data", path_json(in->data_dir, ""), "certificate", path_json(in->folder, "/tls/cert.pem"),
		                             "ca", path_json(in->folder, "/tls/ca.pem"), "listen", listen_json(in)));
		return;
	}
	printf("%s is ready in %s.  What is next:\n"
	       "  mailctl -c %s/posta.conf user add you@%s\n", in->conf.domain, in->folder, in->folder, in->conf.domain);
	if (in->is_system)
		puts("  systemctl enable --now posta-smtpd posta-imapd");
	else
		printf("  smtpd -c %s/posta.conf\n  imapd -c %s/posta.conf\n", in->folder, in->folder);
	if (in->conf.has_any_ports)
		printf("  mailctl -c %s/posta.conf ports\n", in->folder);
	if (in->conf.is_ephemeral)
		puts("This is a test bench: all mail is deleted when the last daemon ends.");
	printf("Clients have to trust %s/tls/ca.pem.\n", in->folder);
	if (in->conf.user != NULL)
		printf("The daemons will run as user %s.\n", in->conf.user);
}

static int fail_half_way(const struct init *in, const struct error *err)
{
	int code = mailctl_fail(err);

	if (!is_free(in, NULL))
		fprintf(stderr, "mailctl: before the next try remove what was made: posta.conf, tls%s in %s\n",
		        in->is_system ? " and " SYSTEM_DATA : ", run and data", in->folder);
	return code;
}

int mailctl_init(struct mailctl *ctl, int argc, char **argv)
{
	struct init in = { 0 };
	struct error err = { 0 };
	int code = take_options(&in, argc, argv);

	if (code == EX_OK) {
		if (choose(&in, &err) && check_conf(&in, &err) && is_free(&in, &err) && check_reach(&in, &err)) {
			code = make(&in, &err) ? EX_OK : fail_half_way(&in, &err);
			if (code == EX_OK)
				tell(&in, ctl);
		} else {
			code = mailctl_fail(&err);
		}
	}
	arena_reset(&in.arena);
	return code;
}
