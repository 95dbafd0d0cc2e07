#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/care.h"

static void print_finding(void *owner, const char *text)
{
	const struct mailctl *ctl = owner;

	if (ctl->json)
		mailctl_print_json(json_pack("{s:o}", "finding", mailctl_show_json(text)));
	else
		puts(text);
}

static void print_repair(void *owner, const char *text, const char *done)
{
	const struct mailctl *ctl = owner;

	if (ctl->json)
		mailctl_print_json(json_pack("{s:o, s:o}", "finding", mailctl_show_json(text), "done", mailctl_show_json(done)));
	else
		printf("%s: %s\n", text, done != NULL ? done : "NOT REPAIRED");
}

static int check(struct mailctl *ctl, const char *data_dir)
{
	struct error err = { 0 };
	int n = store_check(data_dir, print_finding, ctl, &err);

	if (n < 0)
		return mailctl_store_fail(&err);
	if (ctl->json)
		mailctl_print_json(json_pack("{s:i}", "findings", n));
	else if (n == 0)
		puts("clean");
	return n == 0 ? EX_OK : EX_DATAERR;
}

int mailctl_check(struct mailctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = { { "repair", no_argument, NULL, 'r' }, { 0 } };
	struct mailctl_store m = { 0 };
	struct error err = { 0 };
	bool repair = false;
	int option, code;

	while ((option = mailctl_option(argc, argv, longs)) != -1) {
		if (option != 'r')
			return EX_USAGE;
		repair = true;
	}
	if (!mailctl_wants(argc - optind, -1, "check [--repair]", &code))
		return code;
	if (mailctl_store_prepare(&m, ctl, &code)) {
		if (repair && !store_repair(m.settings.data_dir, print_repair, ctl, &err)) {
			code = mailctl_store_fail(&err);
			if (err.kind == ERROR_CORRUPT)
				fputs("mailctl: the file is damaged beyond its indexes: make the store from its last backup (mailctl restore)\n", stderr);
		} else {
			code = check(ctl, m.settings.data_dir);
		}
	}
	mailctl_store_close(&m);
	return code;
}
