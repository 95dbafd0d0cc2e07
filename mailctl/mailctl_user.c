#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mailctl/mailctl_password.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_user_list.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"

struct adding {
	struct mailctl_store m;
	const struct mailctl *ctl;
	const char *name;
};

static void added(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct adding *l = owner;

	mailctl_store_done(&l->m, err);
	if (err != NULL || n == 0)
		return;
	if (l->ctl->json)
		mailctl_print_json(mailctl_user_list_json(&users[0]));
	else
		printf("%s added\n", users[0].name);
}

/* Nobody shall think of a password in vain: what would refuse the user, as far as it shows before. */
static void got_namesake(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct adding *l = owner;

	if (err != NULL && err->kind != ERROR_NOT_FOUND)
		l->m.err = *err;
	else if (n > 0)
		error_set(&l->m.err, ERROR_EXISTS, "user %s exists", users[0].name);
}

static void got_way(void *owner, const struct error *err, enum store_resolution resolution, const struct store_target *targets, size_t n)
{
	struct adding *l = owner;
	const char *at = strrchr(l->name, '@');

	(void)targets, (void)n;
	if (err == NULL && resolution == STORE_FOREIGN && at != NULL)
		error_set(&l->m.err, ERROR_NOT_FOUND, "%s is not a domain of this store (mailctl domain list)", at + 1);
}

static int judge_name(struct adding *l)
{
	store_user_get(l->m.client, bytes_text(l->name), got_namesake, l);
	int code = mailctl_store_wait(&l->m);
	if (code != EX_OK)
		return code;
	store_resolve(l->m.client, bytes_text(l->name), got_way, l);
	return mailctl_store_wait(&l->m);
}

int mailctl_user_add(struct mailctl *ctl, int argc, char **argv)
{
	struct adding l = { .ctl = ctl, .name = argc > 1 ? argv[1] : "" };
	struct password_record record;
	struct error err = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "user add ADDRESS", &code))
		return code;
	if (!mailctl_store_open(&l.m, ctl, &code)) {
		mailctl_store_close(&l.m);
		return code;
	}
	code = judge_name(&l);
	if (code == EX_OK && !mailctl_password_read(&record, &err)) {
		code = mailctl_fail(&err);
	} else if (code == EX_OK) {
		store_user_create(l.m.client, bytes_text(argv[1]), &record, added, &l);
		code = mailctl_store_wait(&l.m);
	}
	mailctl_store_close(&l.m);
	return code;
}

/* What was done to whom. */
static void say(const struct mailctl *ctl, const char *user, const char *done)
{
	if (ctl->json)
		mailctl_print_json(json_pack("{s:s, s:s}", "user", user, "done", done));
	else
		printf("%s: %s\n", user, done);
}

static void got_user(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	(void)users, (void)n;
	mailctl_store_done(owner, err);
}

int mailctl_user_passwd(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	struct password_record record;
	struct error err = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "user passwd ADDRESS", &code))
		return code;
	mailctl_lower(argv[1]);
	if (mailctl_store_open(&m, ctl, &code)) {
		store_user_get(m.client, bytes_text(argv[1]), got_user, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK && !mailctl_password_read(&record, &err)) {
			code = mailctl_fail(&err);
		} else if (code == EX_OK) {
			store_user_set_password(m.client, bytes_text(argv[1]), &record, mailctl_store_done, &m);
			code = mailctl_store_wait(&m);
		}
		if (code == EX_OK)
			say(ctl, argv[1], "password changed");
	}
	mailctl_store_close(&m);
	return code;
}

struct deleting {
	struct mailctl_store m;
	const char *name;
	size_t n_aliases;               /* that lead to it */
};

static void counted(void *owner, const struct error *err, const struct store_alias *aliases, size_t n)
{
	struct deleting *d = owner;

	mailctl_store_done(&d->m, err);
	for (size_t i = 0; i < n; i++)
		d->n_aliases += bytes_equal_nocase(bytes_text(aliases[i].target), bytes_text(d->name));
}

static void say_deleted(const struct mailctl *ctl, const struct deleting *d)
{
	if (ctl->json)
		mailctl_print_json(json_pack("{s:s, s:s, s:I}", "user", d->name, "done", "deleted", "aliases", (json_int_t)d->n_aliases));
	else if (d->n_aliases == 0)
		printf("%s: deleted\n", d->name);
	else
		printf("%s: deleted; %zu %s to it (mailctl alias list)\n", d->name, d->n_aliases,
		       d->n_aliases == 1 ? "alias still leads" : "aliases still lead");
}

static int delete(struct mailctl *ctl, const char *name)
{
	struct deleting d = { .name = name, .m = { .is_patient = true } };
	int code;

	if (mailctl_store_open(&d.m, ctl, &code)) {
		store_alias_list(d.m.client, BYTES(""), counted, &d);
		code = mailctl_store_wait(&d.m);
		if (code == EX_OK) {
			store_user_delete(d.m.client, bytes_text(name), mailctl_store_done, &d.m);
			code = mailctl_store_wait(&d.m);
		}
		if (code == EX_OK)
			say_deleted(ctl, &d);
	}
	mailctl_store_close(&d.m);
	return code;
}

int mailctl_user_delete(struct mailctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { { "yes", no_argument, NULL, 'y' }, { 0 } };
	bool sure = false;
	int option, code;

	while ((option = mailctl_option(argc, argv, options)) != -1) {
		if (option != 'y')
			return EX_USAGE;
		sure = true;
	}
	if (!mailctl_wants(argc - optind, 0, "user delete ADDRESS --yes", &code))
		return code;
	if (!sure)
		return mailctl_usage("this deletes %s with all mail; say --yes if that is meant", argv[optind]);
	return delete(ctl, mailctl_lower(argv[optind]));
}
