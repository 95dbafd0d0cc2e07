#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/codec.h"
#include "base/memory.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/journal.h"
#include "message/summary.h"

struct hop {
	struct store_journal_entry entry;       /* texts in the arena of the trace */
	const char *server;
	size_t order;                   /* in which it was told */
};

struct trace {
	struct arena arena;
	struct hop *hops;
	size_t n, capacity;
	uint64_t queue_id, id_hash;
	const char *asked;              /* the servers' names, in the arena; NULL: none yet */
	/* of the server that is asked */
	struct mailctl_store m;
	const char *server;
	int64_t from;
};

static const char *keep(struct trace *t, const char *text)
{
	return text != NULL ? arena_text(&t->arena, text) : NULL;
}

static void on_batch(void *owner, const struct error *err, struct store_journal *journal)
{
	struct trace *t = owner;

	mailctl_store_done(&t->m, err);
	t->from = journal != NULL ? journal->next_entry_id : 0;
	for (size_t i = 0; journal != NULL && i < journal->n; i++) {
		if (t->n == t->capacity) {
			t->capacity = t->capacity > 0 ? 2 * t->capacity : 64;
			t->hops = xreallocarray(t->hops, t->capacity, sizeof *t->hops);
		}
		struct hop *hop = &t->hops[t->n++];
		*hop = (struct hop){ journal->at[i], t->server, t->n };
		hop->entry.recipient = keep(t, hop->entry.recipient);
		hop->entry.remote = keep(t, hop->entry.remote);
		hop->entry.detail = keep(t, hop->entry.detail);
		if (hop->entry.id_hash != 0)
			t->id_hash = hop->entry.id_hash;
	}
	store_journal_destroy(journal);
}

/* All that the server of this configuration knows. */
static int ask(struct trace *t, const struct mailctl *ctl, const char *config, uint64_t queue_id, uint64_t id_hash)
{
	struct mailctl one = *ctl;
	int code = EX_OK;

	one.config = config;
	t->m = (struct mailctl_store){ 0 };
	t->from = 0;
	if (mailctl_store_open(&t->m, &one, &code)) {
		t->server = keep(t, t->m.settings.hostname);
		t->asked = t->asked == NULL ? t->server : arena_printf(&t->arena, "%s, %s", t->asked, t->server);
		do {
			store_journal_read(t->m.client, queue_id, id_hash, t->from, on_batch, t);
			code = mailctl_store_wait(&t->m);
		} while (code == EX_OK && t->from != 0);
	}
	mailctl_store_close(&t->m);
	return code;
}

/* A queue id names a message at one server only: the others are asked for its Message-ID. */
static int ask_all(struct trace *t, const struct mailctl *ctl)
{
	bool knows[MAILCTL_CONFIGS_MAX] = { false };
	int code = EX_OK;

	for (size_t i = 0; code == EX_OK && i < ctl->n_configs; i++) {
		size_t before = t->n;
		code = ask(t, ctl, ctl->configs[i], t->queue_id, t->queue_id != 0 ? 0 : t->id_hash);
		knows[i] = t->n > before;
	}
	for (size_t i = 0; code == EX_OK && t->queue_id != 0 && t->id_hash != 0 && i < ctl->n_configs; i++)
		if (!knows[i])
			code = ask(t, ctl, ctl->configs[i], 0, t->id_hash);
	return code;
}

/* By time; what one server did in one millisecond stays in its order. */
static int compare(const void *a, const void *b)
{
	const struct hop *x = a, *y = b;

	if (x->entry.at_ms != y->entry.at_ms)
		return x->entry.at_ms < y->entry.at_ms ? -1 : 1;
	int servers = strcmp(x->server, y->server);
	if (servers != 0)
		return servers;
	return x->order < y->order ? -1 : x->order > y->order;
}

static const struct {
	const char *name, *text;
} stages[] = {
	[STORE_JOURNAL_ACCEPTED] = { "accepted", "accepted" },
	[STORE_JOURNAL_STORED] = { "stored", "stored in the mailbox of" },
	[STORE_JOURNAL_QUEUED] = { "queued", "queued for" },
	[STORE_JOURNAL_DEFERRED] = { "deferred", "deferred for" },
	[STORE_JOURNAL_DELIVERED] = { "delivered", "delivered for" },
	[STORE_JOURNAL_FAILED] = { "failed", "failed for" },
	[STORE_JOURNAL_EXPIRED] = { "expired", "expired for" },
	[STORE_JOURNAL_REPORTED] = { "reported", "report sent to" },
	[STORE_JOURNAL_REPEATED] = { "repeated", "sent again, nothing stored," },
	[STORE_JOURNAL_ADMINISTERED] = { "administered", "by the administrator, for" },
};

static bool is_known(enum store_journal_stage stage)
{
	return stage > 0 && stage < sizeof stages / sizeof *stages && stages[stage].name != NULL;
}

static bool is_arrival(const struct store_journal_entry *e)
{
	return e->stage == STORE_JOURNAL_ACCEPTED || e->stage == STORE_JOURNAL_REPEATED;
}

static void print_json(const struct hop *hop)
{
	const struct store_journal_entry *e = &hop->entry;
	char id[CODEC_ID_LEN + 1];

	codec_id_encode(e->queue_id, id);
	json_t *object = json_pack("{s:I, s:o, s:s, s:s}", "at_ms", (json_int_t)e->at_ms, "server", mailctl_show_json(hop->server), "queue", id,
		"stage", is_known(e->stage) ? stages[e->stage].name : "unknown");
	if (is_arrival(e)) {
		json_object_set_new(object, "source", mailctl_show_json(e->remote));
		json_object_set_new(object, "sender", mailctl_show_json(e->detail));
	} else {
		json_object_set_new(object, "recipient", mailctl_show_json(e->recipient));
		json_object_set_new(object, "remote", mailctl_show_json(e->remote));
		json_object_set_new(object, e->stage == STORE_JOURNAL_REPORTED ? "report" : "detail", mailctl_show_json(e->detail));
	}
	if (e->next_at_s != 0)
		json_object_set_new(object, "next", json_integer(e->next_at_s));
	mailctl_print_json(object);
}

static void print_text(struct arena *arena, const struct hop *hop)
{
	const struct store_journal_entry *e = &hop->entry;
	char id[CODEC_ID_LEN + 1], at[MAILCTL_SHOW_SIZE];

	codec_id_encode(e->queue_id, id);
	printf("%s  %s  %s  %s", mailctl_show_time_ms(e->at_ms, at), hop->server, id, is_known(e->stage) ? stages[e->stage].text : "unknown");
	if (is_arrival(e)) {
		printf(" from %s, sender <%s>\n", mailctl_show_text(arena, e->remote), mailctl_show_text(arena, e->detail));
		return;
	}
	printf(" %s", mailctl_show_text(arena, e->recipient));
	if (e->remote != NULL)
		printf(" by %s", mailctl_show_text(arena, e->remote));
	if (e->detail != NULL)
		printf(e->stage == STORE_JOURNAL_REPORTED ? " as %s" : ": %s", mailctl_show_text(arena, e->detail));
	if (e->next_at_s != 0)
		printf("; next try %s", mailctl_show_time(e->next_at_s, at));
	putchar('\n');
}

static int print_all(struct trace *t, const struct mailctl *ctl, const char *what)
{
	struct error err = { 0 };

	if (t->n == 0) {
		error_set(&err, ERROR_NOT_FOUND, "the journal of %s, which is kept for 30 days, knows no message %s", t->asked, what);
		return mailctl_fail(&err);
	}
	qsort(t->hops, t->n, sizeof *t->hops, compare);
	for (size_t i = 0; i < t->n; i++) {
		if (ctl->json)
			print_json(&t->hops[i]);
		else
			print_text(&t->arena, &t->hops[i]);
	}
	return EX_OK;
}

int mailctl_trace(struct mailctl *ctl, int argc, char **argv)
{
	struct trace t = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "[-c FILE]... trace MESSAGE-ID|QUEUE-ID", &code))
		return code;
	struct bytes id = bytes_trim(bytes_text(argv[1]));
	if (id.len == 0)
		return mailctl_usage("usage: mailctl [-c FILE]... trace MESSAGE-ID|QUEUE-ID");
	if (!codec_id_decode(id, &t.queue_id) || t.queue_id == 0) {
		if (id.len > 1 && id.at[0] == '<' && id.at[id.len - 1] == '>')
			id = bytes_slice(id, 1, id.len - 1);
		t.queue_id = 0;
		t.id_hash = summary_id_hash(id);
	}
	code = ask_all(&t, ctl);
	if (code == EX_OK)
		code = print_all(&t, ctl, argv[1]);
	free(t.hops);
	arena_reset(&t.arena);
	return code;
}
