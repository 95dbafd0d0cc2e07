#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mailctl/mailctl_password.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"

struct listing {
	struct mailctl_store m;
	const struct mailctl *ctl;
};

static json_t *describe(const struct store_user *user)
{
	return json_pack("{s:s, s:b, s:b, s:I, s:I, s:I}", "user", user->name, "disabled", user->disabled,
	                 "has_password", user->has_password, "messages", (json_int_t)user->n_messages,
	                 "used", (json_int_t)user->used, "quota", (json_int_t)user->quota);
}

static void added(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct listing *l = owner;

	mailctl_store_done(&l->m, err);
	if (err != NULL || n == 0)
		return;
	if (l->ctl->json)
		mailctl_print_json(describe(&users[0]));
	else
		printf("%s added\n", users[0].name);
}

int mailctl_user_add(struct mailctl *ctl, int argc, char **argv)
{
	struct listing l = { .ctl = ctl };
	struct password_record record;
	struct error err = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "user add ADDRESS", &code))
		return code;
	if (!mailctl_store_open(&l.m, ctl, &code)) {
		mailctl_store_close(&l.m);
		return code;
	}
	if (mailctl_password_read(&record, &err)) {
		store_user_create(l.m.client, bytes_text(argv[1]), &record, added, &l);
		code = mailctl_store_wait(&l.m);
	} else {
		code = mailctl_fail(&err);
	}
	mailctl_store_close(&l.m);
	return code;
}

static void print_size(uint64_t octets)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	size_t i = 0;
	double size = (double)octets;

	for (; size >= 1024 && i < 4; i++)
		size /= 1024;
	printf(i == 0 ? " %7.0f%s" : " %6.1f%s", size, units[i]);
}

static void listed(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct listing *l = owner;

	mailctl_store_done(&l->m, err);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (l->ctl->json) {
			mailctl_print_json(describe(&users[i]));
			continue;
		}
		printf("%-40s %8" PRIu64, users[i].name, users[i].n_messages);
		print_size(users[i].used);
		puts(users[i].disabled ? " disabled" : !users[i].has_password ? " no password" : "");
	}
}

int mailctl_user_list(struct mailctl *ctl, int argc, char **argv)
{
	struct listing l = { .ctl = ctl };
	int code;

	(void)argv;
	if (!mailctl_wants(argc, 0, "user list", &code))
		return code;
	if (mailctl_store_open(&l.m, ctl, &code)) {
		store_user_list(l.m.client, listed, &l);
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

int mailctl_user_passwd(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	struct password_record record;
	struct error err = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "user passwd ADDRESS", &code))
		return code;
	if (mailctl_store_open(&m, ctl, &code)) {
		if (mailctl_password_read(&record, &err)) {
			store_user_set_password(m.client, bytes_text(argv[1]), &record, mailctl_store_done, &m);
			code = mailctl_store_wait(&m);
		} else {
			code = mailctl_fail(&err);
		}
		if (code == EX_OK)
			say(ctl, argv[1], "password changed");
	}
	mailctl_store_close(&m);
	return code;
}

int mailctl_user_delete(struct mailctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { { "yes", no_argument, NULL, 'y' }, { 0 } };
	struct mailctl_store m = { 0 };
	bool sure = false;
	int option, code;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'y')
			return EX_USAGE;
		sure = true;
	}
	if (!mailctl_wants(argc - optind, 0, "user delete ADDRESS --yes", &code))
		return code;
	const char *name = argv[optind];
	if (!sure)
		return mailctl_usage("this deletes %s with all mail; say --yes if that is meant", name);
	if (mailctl_store_open(&m, ctl, &code)) {
		store_user_delete(m.client, bytes_text(name), mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK)
			say(ctl, name, "deleted");
	}
	mailctl_store_close(&m);
	return code;
}
