#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"

static void print_one(const struct mailctl *ctl, struct arena *arena, const char *address, const char *target)
{
	if (ctl->json)
		mailctl_print_json(json_pack("{s:o, s:o}", "alias", mailctl_show_json(address), "target", mailctl_show_json(target)));
	else
		printf("%s -> %s\n", mailctl_show_text(arena, address), mailctl_show_text(arena, target));
}

/* A name nobody has is a mistake more often than not. */
static int fail_to_add(const struct mailctl_store *m, bool is_forced)
{
	struct error err = m->err;
	size_t len = strlen(err.text);

	if (err.kind == ERROR_NOT_FOUND && !is_forced && strstr(err.text, "neither") != NULL)
		snprintf(err.text + len, sizeof err.text - len, ": add it first, or say --force");
	return mailctl_fail(&err);
}

static int add(struct mailctl *ctl, const char *address, char **targets, size_t n, bool is_forced)
{
	struct mailctl_store m = { 0 };
	struct bytes *texts = xcalloc(n, sizeof *texts);
	int code;

	for (size_t i = 0; i < n; i++)
		texts[i] = bytes_text(targets[i]);
	if (mailctl_store_open(&m, ctl, &code)) {
		store_alias_add(m.client, bytes_text(address), texts, n, is_forced, mailctl_store_done, &m);
		store_client_wait(m.client);
		code = m.err.kind == ERROR_NONE ? EX_OK : fail_to_add(&m, is_forced);
		for (size_t i = 0; code == EX_OK && i < n; i++)
			print_one(ctl, &m.arena, address, targets[i]);
	}
	mailctl_store_close(&m);
	free(texts);
	return code;
}

int mailctl_alias_add(struct mailctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { { "force", no_argument, NULL, 'f' }, { 0 } };
	bool is_forced = false;
	int option;

	while ((option = mailctl_option(argc, argv, options)) != -1) {
		if (option != 'f')
			return EX_USAGE;
		is_forced = true;
	}
	if (argc - optind < 2)
		return mailctl_usage("usage: mailctl alias add ADDRESS|@DOMAIN TARGET... [--force]");
	return add(ctl, mailctl_lower(argv[optind]), argv + optind + 1, (size_t)(argc - optind - 1), is_forced);
}

struct listing {
	struct mailctl_store m;
	const struct mailctl *ctl;
	const char *domain;             /* "": of all */
	bool is_ours;
};

static void looked_for_domain(void *owner, const struct error *err, const struct store_domain *domains, size_t n)
{
	struct listing *l = owner;

	mailctl_store_done(&l->m, err);
	for (size_t i = 0; i < n; i++)
		l->is_ours = l->is_ours || bytes_equal_nocase(bytes_text(domains[i].name), bytes_text(l->domain));
}

static int check_domain(struct listing *l)
{
	if (l->domain[0] == '\0')
		return EX_OK;
	store_domain_list(l->m.client, looked_for_domain, l);
	store_client_wait(l->m.client);
	if (!l->is_ours && l->m.err.kind == ERROR_NONE)
		error_set(&l->m.err, ERROR_NOT_FOUND, "%s is not a domain of this store (mailctl domain list)", l->domain);
	return mailctl_store_wait(&l->m);
}

static void listed(void *owner, const struct error *err, const struct store_alias *aliases, size_t n)
{
	struct listing *l = owner;

	mailctl_store_done(&l->m, err);
	for (size_t i = 0; i < n; i++)
		print_one(l->ctl, &l->m.arena, aliases[i].address, aliases[i].target);
}

int mailctl_alias_list(struct mailctl *ctl, int argc, char **argv)
{
	struct listing l = { .ctl = ctl, .domain = argc == 2 ? argv[1] : "" };
	int code;

	if (argc > 2)
		return mailctl_usage("usage: mailctl alias list [DOMAIN]");
	if (mailctl_store_open(&l.m, ctl, &code)) {
		code = check_domain(&l);
		if (code == EX_OK) {
			store_alias_list(l.m.client, bytes_text(l.domain), listed, &l);
			code = mailctl_store_wait(&l.m);
		}
	}
	mailctl_store_close(&l.m);
	return code;
}

static void say_deleted(const struct mailctl *ctl, const char *address, const char *target)
{
	if (ctl->json)
		mailctl_print_json(json_pack("{s:o, s:o, s:s}", "alias", mailctl_show_json(address), "target", mailctl_show_json(target), "done", "deleted"));
	else
		printf("%s%s%s: deleted\n", address, target != NULL ? " -> " : "", target != NULL ? target : "");
}

int mailctl_alias_delete(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	const char *target = argc == 3 ? argv[2] : NULL;
	int code;

	if (argc != 2 && argc != 3)
		return mailctl_usage("usage: mailctl alias delete ADDRESS [TARGET]");
	if (mailctl_store_open(&m, ctl, &code)) {
		store_alias_delete(m.client, bytes_text(mailctl_lower(argv[1])), bytes_text(target != NULL ? target : ""), mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK)
			say_deleted(ctl, argv[1], target);
	}
	mailctl_store_close(&m);
	return code;
}
