#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_user_list.h"
#include "mailctl/mailctl_verbs.h"

struct showing {
	struct mailctl_store m;
	struct store_user user;         /* its name in the arena */
	struct store_alias *aliases;    /* from or to it, in the arena */
	size_t n;
};

static void got_user(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct showing *x = owner;

	mailctl_store_done(&x->m, err);
	if (n == 0)
		return;
	x->user = users[0];
	x->user.name = arena_text(&x->m.arena, users[0].name);
}

static bool is_user(const struct showing *x, const char *address)
{
	return bytes_equal_nocase(bytes_text(address), bytes_text(x->user.name));
}

static void got_aliases(void *owner, const struct error *err, const struct store_alias *aliases, size_t n)
{
	struct showing *x = owner;

	mailctl_store_done(&x->m, err);
	x->aliases = arena_alloc(&x->m.arena, (n + 1) * sizeof *x->aliases);
	for (size_t i = 0; i < n; i++)
		if (is_user(x, aliases[i].address) || is_user(x, aliases[i].target))
			x->aliases[x->n++] = (struct store_alias){ arena_text(&x->m.arena, aliases[i].address), arena_text(&x->m.arena, aliases[i].target) };
}

/* The other ends of its aliases: those that lead to it, or where it leads. */
static json_t *ends_json(const struct showing *x, bool is_to)
{
	json_t *ends = json_array();

	for (size_t i = 0; i < x->n; i++)
		if (is_user(x, is_to ? x->aliases[i].target : x->aliases[i].address))
			json_array_append_new(ends, mailctl_show_json(is_to ? x->aliases[i].address : x->aliases[i].target));
	return ends;
}

static void print_json(struct showing *x)
{
	json_t *object = mailctl_user_list_json(&x->user);

	json_object_update_new(object, json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}",
		"sent_today", (json_int_t)x->user.n_sent, "sent_to_today", (json_int_t)x->user.n_sent_to,
		"messages_per_day", (json_int_t)x->m.settings.limits.messages_per_day, "created", mailctl_show_json_time(x->user.created_s),
		"reached_by", ends_json(x, true), "leads_to", ends_json(x, false)));
	mailctl_print_json(object);
}

static void print_ends(struct showing *x, bool is_to, const char *label)
{
	for (size_t i = 0; i < x->n; i++)
		if (is_user(x, is_to ? x->aliases[i].target : x->aliases[i].address))
			printf("%-10s %s\n", label, mailctl_show_text(&x->m.arena, is_to ? x->aliases[i].address : x->aliases[i].target));
}

static void print_quota(const struct store_user *user)
{
	char text[MAILCTL_SHOW_SIZE];
	int64_t until_s = user->full_since_s + STORE_QUOTA_GRACE_S;

	if (user->quota == 0) {
		puts("quota      none");
		return;
	}
	printf("quota      %s, %.0f %% used\n", mailctl_show_octets(user->quota, text), 100.0 * (double)user->used / (double)user->quota);
	if (user->full_since_s == 0)
		return;
	printf("           full since %s; what does not fit is refused ", mailctl_show_time(user->full_since_s, text));
	if (clock_now_s() < until_s)
		printf("for now, for good %s\n", mailctl_show_wait(until_s, text));
	else
		puts("for good");
}

static void print_text(struct showing *x)
{
	const struct store_user *user = &x->user;
	char text[MAILCTL_SHOW_SIZE];

	printf("user       %s%s\n", user->name, user->disabled ? ", disabled" : "");
	printf("messages   %" PRIu64 ", %s\n", user->n_messages, mailctl_show_octets(user->used, text));
	print_quota(user);
	printf("password   %s\n", user->has_password ? "set" : "none: cannot log in");
	printf("sent today %" PRIu64 " messages to %" PRIu64 " recipients (UTC)", user->n_sent, user->n_sent_to);
	if (x->m.settings.limits.messages_per_day > 0)
		printf(", at most %" PRId64 " messages", x->m.settings.limits.messages_per_day);
	printf("\ncreated    %s\n", mailctl_show_time(user->created_s, text));
	print_ends(x, true, "reached by");
	print_ends(x, false, "leads to");
}

int mailctl_user_show(struct mailctl *ctl, int argc, char **argv)
{
	struct showing x = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "user show ADDRESS", &code))
		return code;
	if (mailctl_store_open(&x.m, ctl, &code)) {
		store_user_get(x.m.client, bytes_text(argv[1]), got_user, &x);
		code = mailctl_store_wait(&x.m);
		if (code == EX_OK) {
			store_alias_list(x.m.client, BYTES(""), got_aliases, &x);
			code = mailctl_store_wait(&x.m);
		}
		if (code == EX_OK && ctl->json)
			print_json(&x);
		else if (code == EX_OK)
			print_text(&x);
	}
	mailctl_store_close(&x.m);
	return code;
}
