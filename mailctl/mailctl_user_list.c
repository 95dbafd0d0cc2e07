#include "mailctl/mailctl_user_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"

struct listing {
	struct mailctl_store m;
	const struct mailctl *ctl;
};

json_t *mailctl_user_list_json(const struct store_user *user)
{
	return json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:o}", "user", user->name, "disabled", user->disabled,
	                 "has_password", user->has_password, "messages", (json_int_t)user->n_messages,
	                 "used", (json_int_t)user->used, "quota", (json_int_t)user->quota,
	                 "full_since", mailctl_show_json_time(user->full_since_s));
}

static void print_row(const struct store_user *user)
{
	char used[MAILCTL_SHOW_SIZE], quota[MAILCTL_SHOW_SIZE], both[2 * MAILCTL_SHOW_SIZE];

	mailctl_show_octets(user->used, used);
	if (user->quota > 0)
		snprintf(both, sizeof both, "%s/%s", used, mailctl_show_octets(user->quota, quota));
	else
		snprintf(both, sizeof both, "%s", used);
	printf("%-40s %8" PRIu64 " %15s%s%s%s\n", user->name, user->n_messages, both, user->disabled ? " disabled" : "",
	       user->has_password ? "" : " no password", user->full_since_s != 0 ? " full" : "");
}

static void listed(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct listing *l = owner;

	mailctl_store_done(&l->m, err);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (l->ctl->json)
			mailctl_print_json(mailctl_user_list_json(&users[i]));
		else
			print_row(&users[i]);
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
