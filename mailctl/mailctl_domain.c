#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"

/* --catch-all and --no-catch-all; -1: neither was said. */
static bool parse_catch_all(int argc, char **argv, int *catch_all)
{
	static const struct option options[] = { { "catch-all", no_argument, NULL, 1 }, { "no-catch-all", no_argument, NULL, 2 }, { 0 } };
	int option;

	*catch_all = -1;
	while ((option = mailctl_option(argc, argv, options)) != -1) {
		if (option == '?')
			return false;
		if (*catch_all == (option == 2)) {
			mailctl_usage("--catch-all or --no-catch-all, not both");
			return false;
		}
		*catch_all = option == 1;
	}
	return true;
}

/* catch_all: as it is now; -1: the domain is gone. */
static void say(const struct mailctl *ctl, const char *domain, const char *done, int catch_all, const char *text)
{
	json_t *object = json_pack("{s:o, s:s}", "domain", mailctl_show_json(domain), "done", done);

	if (catch_all >= 0)
		json_object_set_new(object, "catch_all", json_boolean(catch_all));
	if (ctl->json)
		mailctl_print_json(json_incref(object));
	else
		printf("%s%s\n", domain, text);
	json_decref(object);
}

int mailctl_domain_add(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	int code, catch_all;

	if (!parse_catch_all(argc, argv, &catch_all))
		return EX_USAGE;
	if (!mailctl_wants(argc - optind, 0, "domain add DOMAIN [--catch-all]", &code))
		return code;
	if (mailctl_store_open(&m, ctl, &code)) {
		store_domain_add(m.client, bytes_text(mailctl_lower(argv[optind])), catch_all == 1, mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK)
			say(ctl, argv[optind], "added", catch_all == 1, catch_all == 1 ? " added; any recipient makes its mailbox" : " added");
	}
	mailctl_store_close(&m);
	return code;
}

int mailctl_domain_set(struct mailctl *ctl, int argc, char **argv)
{
	static const char syntax[] = "domain set DOMAIN --catch-all|--no-catch-all";
	struct mailctl_store m = { 0 };
	int code, catch_all;

	if (!parse_catch_all(argc, argv, &catch_all))
		return EX_USAGE;
	if (!mailctl_wants(argc - optind, 0, syntax, &code))
		return code;
	if (catch_all == -1)
		return mailctl_usage("usage: mailctl %s", syntax);
	if (mailctl_store_open(&m, ctl, &code)) {
		store_domain_set(m.client, bytes_text(mailctl_lower(argv[optind])), catch_all == 1, mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK)
			say(ctl, argv[optind], "set", catch_all, catch_all == 1 ? ": any recipient makes its mailbox" : ": only users and aliases receive");
	}
	mailctl_store_close(&m);
	return code;
}

struct listing {
	struct mailctl_store m;
	const struct mailctl *ctl;
};

static void listed(void *owner, const struct error *err, const struct store_domain *domains, size_t n)
{
	struct listing *l = owner;

	mailctl_store_done(&l->m, err);
	for (size_t i = 0; i < n; i++) {
		const struct store_domain *domain = &domains[i];
		if (l->ctl->json)
			mailctl_print_json(json_pack("{s:o, s:b, s:I, s:I}", "domain", mailctl_show_json(domain->name), "catch_all", domain->catch_all,
				"users", (json_int_t)domain->n_users, "aliases", (json_int_t)domain->n_aliases));
		else
			printf("%-40s %8" PRIu64 " %s %8" PRIu64 " %s%s\n", mailctl_show_text(&l->m.arena, domain->name), domain->n_users,
			       domain->n_users == 1 ? "user " : "users", domain->n_aliases, domain->n_aliases == 1 ? "alias" : "aliases",
			       domain->catch_all ? ", catches all" : "");
	}
}

int mailctl_domain_list(struct mailctl *ctl, int argc, char **argv)
{
	struct listing l = { .ctl = ctl };
	int code;

	(void)argv;
	if (!mailctl_wants(argc, 0, "domain list", &code))
		return code;
	if (mailctl_store_open(&l.m, ctl, &code)) {
		store_domain_list(l.m.client, listed, &l);
		code = mailctl_store_wait(&l.m);
	}
	mailctl_store_close(&l.m);
	return code;
}

int mailctl_domain_delete(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "domain delete DOMAIN", &code))
		return code;
	if (mailctl_store_open(&m, ctl, &code)) {
		store_domain_delete(m.client, bytes_text(mailctl_lower(argv[1])), mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK)
			say(ctl, argv[1], "deleted", -1, ": deleted");
	}
	mailctl_store_close(&m);
	return code;
}
