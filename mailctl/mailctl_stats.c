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
	json_t *queue = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"messages", (json_int_t)s->n_queue_messages, "waiting", (json_int_t)s->n_waiting, "due", (json_int_t)s->n_due,
		"held", (json_int_t)s->n_held, "in_transit", (json_int_t)s->n_in_transit, "held_domains", (json_int_t)s->n_held_domains,
		"oldest", mailctl_show_json_time(s->oldest_s), "next", mailctl_show_json_time(s->next_at_s));
	json_t *all = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I}",
		"users", (json_int_t)s->n_users, "mailboxes", (json_int_t)s->n_mailboxes, "domains", (json_int_t)s->n_domains,
		"aliases", (json_int_t)s->n_aliases, "messages", (json_int_t)s->n_messages, "octets", (json_int_t)s->n_octets,
		"queue", queue, "journal", (json_int_t)s->n_journal);
	json_t *disk = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:o}",
		"expunged", (json_int_t)s->n_expunged, "garbage", (json_int_t)s->n_garbage, "files", (json_int_t)s->n_files,
		"file_octets", (json_int_t)s->file_octets, "database", (json_int_t)s->database_octets, "free", (json_int_t)s->free_octets,
		"wal", (json_int_t)s->wal_octets, "ballast", (json_int_t)s->ballast_octets, "room", (json_int_t)s->room_octets,
		"reserve", (json_int_t)s->reserve_octets, "schema", (int)s->schema, "created", mailctl_show_json_time(s->created_s));

	json_object_update(all, disk);
	json_decref(disk);
	mailctl_print_json(all);
}

static void print_text(const struct store_stats *s)
{
	char a[MAILCTL_SHOW_SIZE], b[MAILCTL_SHOW_SIZE], c[MAILCTL_SHOW_SIZE];

	printf("store      schema %u, made %s\n", s->schema, mailctl_show_time(s->created_s, a));
	printf("users      %" PRIu64 " with %" PRIu64 " mailboxes; %" PRIu64 " domains, %" PRIu64 " aliases\n",
	       s->n_users, s->n_mailboxes, s->n_domains, s->n_aliases);
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
	printf("expunged   %" PRIu64 " remembered, %" PRIu64 " messages to be removed\n", s->n_expunged, s->n_garbage);
	printf("disk       database %s (%s of it free), log %s\n", mailctl_show_octets(s->database_octets, a),
	       mailctl_show_octets(s->free_octets, b), mailctl_show_octets(s->wal_octets, c));
	printf("           %" PRIu64 " large bodies, %s; ballast %s\n", s->n_files, mailctl_show_octets(s->file_octets, a),
	       mailctl_show_octets(s->ballast_octets, b));
	printf("           free %s; new mail is refused below %s\n", mailctl_show_octets(s->room_octets, a), mailctl_show_octets(s->reserve_octets, b));
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
