/* ports: where the running daemons listen, and waiting until they do. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_time.h"
#include "mailctl/mailctl_verbs.h"
#include "netcore/net_addr.h"
#include "service/service_ports.h"

#define SYNTAX "ports [SERVICE] [--timeout T]"
#define PAUSE_NS 20000000

struct listing {
	struct mailctl_store m;
	const struct mailctl *ctl;
	const char *service;            /* NULL: all */
	int64_t timeout_ms;             /* 0: what is there now */
	struct buffer lines;
};

struct row {
	struct bytes service, tls, address;
};

static bool is_service(const char *name)
{
	static const char *const names[] = { "smtp", "submission", "submissions", "lmtp", "imap", "imaps" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool next_row(struct bytes *lines, struct row *row)
{
	struct bytes line;

	if (lines->len == 0)
		return false;
	bytes_cut(lines, '\n', &line);
	bytes_cut(&line, ' ', &row->service);
	bytes_cut(&line, ' ', &row->tls);
	row->address = line;
	return true;
}

/* "imap" is the row that begins in clear, "imaps" the one with TLS from the first octet. */
static bool is_wanted(const struct listing *l, const struct row *row)
{
	struct bytes wanted = bytes_text(l->service);
	bool is_implicit = bytes_equal(row->tls, BYTES("implicit"));

	if (l->service == NULL)
		return true;
	if (is_implicit && wanted.len > 0 && wanted.at[wanted.len - 1] == 's')
		return bytes_equal(row->service, bytes_slice(wanted, 0, wanted.len - 1));
	return !is_implicit && bytes_equal(row->service, wanted);
}

static size_t count_wanted(struct listing *l)
{
	static const char *const programs[] = { "smtpd", "imapd" };
	struct bytes rest;
	struct row row;
	size_t n = 0;

	buffer_clear(&l->lines);
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		service_ports_read(l->m.settings.data_dir, programs[i], &l->lines);
	rest = buffer_bytes(&l->lines);
	while (next_row(&rest, &row))
		n += is_wanted(l, &row);
	return n;
}

static bool wait_for_rows(struct listing *l)
{
	const struct timespec pause = { 0, PAUSE_NS };
	int64_t deadline_ms = clock_monotonic_ms() + l->timeout_ms;
	size_t needed = l->service == NULL && l->timeout_ms > 0 ? l->m.settings.listen.n : 1;

	while (count_wanted(l) < needed) {
		if (clock_monotonic_ms() >= deadline_ms)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static void print_json(const struct row *row)
{
	char text[NET_ADDR_TEXT], ip[NET_ADDR_TEXT];
	json_t *object = json_pack("{s:s%, s:s%}", "service", row->service.at, row->service.len, "tls", row->tls.at, row->tls.len);
	struct net_addr addr;

	if (!bytes_copy_text(row->address, text, sizeof text) || !net_addr_parse(text, &addr, NULL) || net_addr_port(&addr) < 0) {
		json_object_set_new(object, "address", json_stringn(row->address.at, row->address.len));
	} else {
		json_object_set_new(object, "address", json_string(net_addr_format_ip(&addr, ip)));
		json_object_set_new(object, "port", json_integer(net_addr_port(&addr)));
	}
	mailctl_print_json(object);
}

/* Of a named service only what goes into a variable: the port, or the path of the socket. */
static void print_port(const struct row *row)
{
	char text[NET_ADDR_TEXT];
	struct net_addr addr;

	if (bytes_copy_text(row->address, text, sizeof text) && net_addr_parse(text, &addr, NULL) && net_addr_port(&addr) >= 0)
		printf("%d\n", net_addr_port(&addr));
	else
		printf("%.*s\n", BYTES_PRINT(bytes_skip(row->address, strlen("unix:"))));
}

static void print_rows(struct listing *l)
{
	struct bytes rest = buffer_bytes(&l->lines);
	struct row row;

	while (next_row(&rest, &row)) {
		if (!is_wanted(l, &row))
			continue;
		if (l->ctl->json)
			print_json(&row);
		else if (l->service != NULL)
			print_port(&row);
		else
			printf("%.*s %.*s %.*s\n", BYTES_PRINT(row.service), BYTES_PRINT(row.tls), BYTES_PRINT(row.address));
		if (l->service != NULL)
			return;
	}
}

static int take_options(struct listing *l, int argc, char **argv)
{
	static const struct option options[] = { { "timeout", required_argument, NULL, 't' }, { 0 } };
	int option;

	while ((option = mailctl_option(argc, argv, options)) != -1) {
		if (option != 't')
			return EX_USAGE;
		if (!mailctl_time_parse(optarg, &l->timeout_ms))
			return mailctl_usage("--timeout wants a time such as 5s or 500ms, not \"%s\"", optarg);
	}
	if (argc - optind > 1)
		return mailctl_usage("usage: mailctl " SYNTAX);
	l->service = argv[optind];
	if (l->service != NULL && !is_service(l->service))
		return mailctl_usage("\"%s\" is none of smtp, submission, submissions, lmtp, imap, imaps", l->service);
	return EX_OK;
}

static int fail(const struct listing *l)
{
	const char *daemon = l->service == NULL ? "are smtpd and imapd" : strncmp(l->service, "imap", 4) == 0 ? "is imapd" : "is smtpd";

	fprintf(stderr, "mailctl: no daemon serves %s: %s running with %s?\n",
	        l->service != NULL ? l->service : l->timeout_ms > 0 ? "all of listen" : "here", daemon, l->m.settings.path);
	return EX_TEMPFAIL;
}

int mailctl_ports(struct mailctl *ctl, int argc, char **argv)
{
	struct listing l = { .ctl = ctl };
	int code = take_options(&l, argc, argv);

	if (code == EX_OK && mailctl_store_prepare(&l.m, ctl, &code)) {
		if (wait_for_rows(&l)) {
			print_rows(&l);
		} else {
			code = fail(&l);
		}
	}
	mailctl_store_close(&l.m);
	buffer_release(&l.lines);
	return code;
}
