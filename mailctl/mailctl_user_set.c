#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/text.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"

static bool parse_quota(const char *text, struct store_user_change *change, int *code)
{
	change->sets_quota = true;
	if (text_parse_size(text, &change->quota))
		return true;
	*code = mailctl_usage("\"%s\" is not a size, such as 500M or 2G; 0 is no quota", text);
	return false;
}

static void print_text(const char *name, const struct store_user_change *change)
{
	char size[MAILCTL_SHOW_SIZE];

	printf("%s:", name);
	if (change->sets_disabled)
		printf(" %s", change->disabled ? "disabled" : "enabled");
	if (change->sets_quota && change->quota == 0)
		printf("%s no quota", change->sets_disabled ? "," : "");
	else if (change->sets_quota)
		printf("%s quota %s", change->sets_disabled ? "," : "", mailctl_show_octets(change->quota, size));
	putchar('\n');
}

static void print_json(const char *name, const struct store_user_change *change)
{
	json_t *object = json_pack("{s:o}", "user", mailctl_show_json(name));

	if (change->sets_disabled)
		json_object_set_new(object, "disabled", json_boolean(change->disabled));
	if (change->sets_quota)
		json_object_set_new(object, "quota", json_integer((json_int_t)change->quota));
	mailctl_print_json(object);
}

static int set(struct mailctl *ctl, const char *name, const struct store_user_change *change)
{
	struct mailctl_store m = { 0 };
	int code;

	if (mailctl_store_open(&m, ctl, &code)) {
		store_user_set(m.client, bytes_text(name), change, mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK && ctl->json)
			print_json(name, change);
		else if (code == EX_OK)
			print_text(name, change);
	}
	mailctl_store_close(&m);
	return code;
}

int mailctl_user_quota(struct mailctl *ctl, int argc, char **argv)
{
	struct store_user_change change = { 0 };
	int code;

	if (!mailctl_wants(argc, 2, "user quota ADDRESS SIZE", &code) || !parse_quota(argv[2], &change, &code))
		return code;
	return set(ctl, mailctl_lower(argv[1]), &change);
}

int mailctl_user_set(struct mailctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "disable", no_argument, NULL, 'd' }, { "enable", no_argument, NULL, 'e' }, { "quota", required_argument, NULL, 'q' }, { 0 },
	};
	static const char syntax[] = "user set ADDRESS [--disable|--enable] [--quota SIZE]";
	struct store_user_change change = { 0 };
	int option, code;

	while ((option = mailctl_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EX_USAGE;
		if (option == 'q' && !parse_quota(optarg, &change, &code))
			return code;
		if (option == 'q')
			continue;
		if (change.sets_disabled && change.disabled != (option == 'd'))
			return mailctl_usage("--disable or --enable, not both");
		change.sets_disabled = true;
		change.disabled = option == 'd';
	}
	if (!mailctl_wants(argc - optind, 0, syntax, &code))
		return code;
	if (!change.sets_disabled && !change.sets_quota)
		return mailctl_usage("usage: mailctl %s", syntax);
	return set(ctl, mailctl_lower(argv[optind]), &change);
}
