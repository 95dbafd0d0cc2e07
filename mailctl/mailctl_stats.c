#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/care.h"

struct asking {
	struct mailctl_store m;
	struct store_stats stats;
};

static void counted(void *owner, const struct error *err, const struct store_stats *stats)
{
	struct asking *a = owner;

	mailctl_store_done(&a->m, err);
	a->stats = *stats;
}

static void print_json(const struct store_stats *s)
{
	mailctl_print_json(json_pack("{s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}, s:I, s:I, s:I, s:I}",
		"users", (json_int_t)s->n_users, "mailboxes", (json_int_t)s->n_mailboxes,
		"messages", (json_int_t)s->n_messages, "octets", (json_int_t)s->n_octets,
		"queue", "messages", (json_int_t)s->n_queue_messages, "waiting", (json_int_t)s->n_waiting, "due", (json_int_t)s->n_due,
		"held", (json_int_t)s->n_held, "in_transit", (json_int_t)s->n_in_transit, "held_domains", (json_int_t)s->n_held_domains,
		"oldest", mailctl_show_json_time(s->oldest_s), "next", mailctl_show_json_time(s->next_at_s),
		"journal", (json_int_t)s->n_journal, "database", (json_int_t)s->database_octets,
		"wal", (json_int_t)s->wal_octets, "room", (json_int_t)s->room_octets));
}

static void print_text(const struct store_stats *s)
{
	char a[MAILCTL_SHOW_SIZE], b[MAILCTL_SHOW_SIZE], c[MAILCTL_SHOW_SIZE];

	printf("users      %" PRIu64 " with %" PRIu64 " mailboxes\n", s->n_users, s->n_mailboxes);
	printf("messages   %" PRIu64 ", %s\n", s->n_messages, mailctl_show_octets(s->n_octets, a));
	printf("queue      %" PRIu64 " messages; recipients: %" PRIu64 " waiting (%" PRIu64 " due), %" PRIu64 " held, %" PRIu64 " in transit\n",
	       s->n_queue_messages, s->n_waiting, s->n_due, s->n_held, s->n_in_transit);
	if (s->n_held_domains > 0)
		printf("           mail for %" PRIu64 " domain%s is held\n", s->n_held_domains, s->n_held_domains == 1 ? "" : "s");
	if (s->oldest_s != 0)
		printf("           the oldest of %s\n", mailctl_show_time(s->oldest_s, a));
	if (s->next_at_s != 0)
		printf("           next try %s\n", mailctl_show_wait(s->next_at_s, a));
	printf("journal    %" PRIu64 " entries\n", s->n_journal);
	printf("disk       database %s, log %s, free %s\n", mailctl_show_octets(s->database_octets, a),
	       mailctl_show_octets(s->wal_octets, b), mailctl_show_octets(s->room_octets, c));
}

int mailctl_stats(struct mailctl *ctl, int argc, char **argv)
{
	struct asking a = { 0 };
	int code;

	(void)argv;
	if (!mailctl_wants(argc, 0, "stats", &code))
		return code;
	if (mailctl_store_open(&a.m, ctl, &code)) {
		store_stats(a.m.client, counted, &a);
		code = mailctl_store_wait(&a.m);
		if (code == EX_OK && ctl->json)
			print_json(&a.stats);
		else if (code == EX_OK)
			print_text(&a.stats);
	}
	mailctl_store_close(&a.m);
	return code;
}
