#include "mailctl/mailctl_outside.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mailctl/mailctl.h"

static bool parse_name(struct mailctl_outside *outside, int *code)
{
	const char *colon = strchr(outside->name, ':');
	struct error err = { 0 };
	size_t len = colon != NULL ? (size_t)(colon - outside->name) : 0;
	bool is_maildir = len == strlen("maildir") && strncmp(outside->name, "maildir", len) == 0;

	outside->is_mbox = len == strlen("mbox") && strncmp(outside->name, "mbox", len) == 0;
	outside->path = colon != NULL ? colon + 1 : "";
	if ((outside->is_mbox || is_maildir) && *outside->path != '\0')
		return true;
	error_set(&err, ERROR_SYNTAX, "%s: say mbox:FILE, mbox:DIR/ or maildir:DIR", outside->name);
	*code = mailctl_fail(&err);
	return false;
}

bool mailctl_outside_parse(int argc, char **argv, const char *syntax, bool takes_again, struct mailctl_outside *outside, int *code)
{
	static const struct option options[] = { { "again", no_argument, NULL, 'a' }, { "dry-run", no_argument, NULL, 'n' }, { 0 } };
	int option;

	*outside = (struct mailctl_outside){ 0 };
	*code = EX_USAGE;
	while ((option = mailctl_option(argc, argv, takes_again ? options : options + 1)) != -1) {
		if (option == '?')
			return false;
		outside->is_dry |= option == 'n';
		outside->again |= option == 'a';
	}
	if (!mailctl_wants(argc - optind + 1, 3, syntax, code))
		return false;
	outside->address = argv[optind];
	outside->folder = argv[optind + 1];
	outside->name = argv[optind + 2];
	return parse_name(outside, code);
}

int mailctl_outside_fail(const struct error *err)
{
	int code = mailctl_fail(err);

	if (err->sys_errno == EACCES)
		fputs("mailctl: this works as the owner of the data folder, also for root: that user must have the right there\n", stderr);
	return code;
}
