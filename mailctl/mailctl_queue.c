#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/codec.h"
#include "mailctl/mailctl_selection.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/bodies.h"
#include "mailstore/queue_admin.h"

#define HEADER_MAX (32u * 1024)         /* shown of a message */

struct queue {
	struct mailctl_store m;
	const struct mailctl *ctl;
	struct store_queue_filter filter;
	int64_t from;                   /* of the next batch */
	size_t n;                       /* recipients so far */
	uint64_t last_id;               /* message printed last */
	/* show */
	json_t *recipients;
	struct store_queue_entry first; /* without texts */
	struct bytes header;
};

static const char *id_text(uint64_t id, char text[CODEC_ID_LEN + 1])
{
	codec_id_encode(id, text);
	return text;
}

/* ---- list ---- */

static const char *state_text(const struct store_queue_entry *entry)
{
	static const char *const states[] = { [STORE_QUEUE_WAITING] = "waiting", [STORE_QUEUE_HELD] = "held", [STORE_QUEUE_IN_TRANSIT] = "in transit" };

	return states[entry->state];
}

static int64_t next_try(const struct store_queue_entry *entry)
{
	return entry->state == STORE_QUEUE_WAITING ? entry->next_at_s : 0;
}

static json_t *describe(const struct store_queue_entry *entry)
{
	char id[CODEC_ID_LEN + 1];

	return json_pack("{s:s, s:I, s:o, s:o, s:s, s:b, s:b, s:I, s:I, s:I, s:o, s:i, s:o, s:o}",
	                 "queue", id_text(entry->queue_id, id), "item", (json_int_t)entry->item_id,
	                 "sender", mailctl_show_json(entry->sender), "recipient", mailctl_show_json(entry->recipient),
	                 "state", state_text(entry), "refused", entry->is_refused, "parked", entry->is_parked, "size", (json_int_t)(entry->size - entry->skip),
	                 "arrived", (json_int_t)entry->arrived_s, "expires", (json_int_t)entry->expires_s,
	                 "next", mailctl_show_json_time(next_try(entry)), "tries", (int)entry->tries,
	                 "status", mailctl_show_json(entry->status), "remote", mailctl_show_json(entry->remote));
}

static void print_message(struct arena *arena, const struct store_queue_entry *entry)
{
	char id[CODEC_ID_LEN + 1], at[MAILCTL_SHOW_SIZE], size[MAILCTL_SHOW_SIZE];

	printf("%s  %s  %s  <%s>\n", id_text(entry->queue_id, id), mailctl_show_time(entry->arrived_s, at),
	       mailctl_show_octets(entry->size - entry->skip, size), mailctl_show_text(arena, entry->sender));
}

static void print_next(const struct store_queue_entry *entry)
{
	char wait[MAILCTL_SHOW_SIZE], at[MAILCTL_SHOW_SIZE];

	mailctl_show_wait(entry->next_at_s, wait);
	if (strcmp(wait, "now") == 0)
		printf(", next now");
	else
		printf(entry->is_parked ? ", next when its server answers or %s (%s)" : ", next %s (%s)", wait, mailctl_show_time(entry->next_at_s, at));
}

static void print_recipient(struct arena *arena, const struct store_queue_entry *entry)
{
	printf("    %s: %s", mailctl_show_text(arena, entry->recipient), state_text(entry));
	if (entry->tries > 0)
		printf(", tried %u time%s", entry->tries, entry->tries == 1 ? "" : "s");
	if (entry->state == STORE_QUEUE_WAITING && entry->is_refused)
		printf(", its report is due");
	else if (entry->state == STORE_QUEUE_WAITING)
		print_next(entry);
	putchar('\n');
	if (entry->status != NULL && entry->remote != NULL)
		printf("        %s: %s\n", mailctl_show_text(arena, entry->remote), mailctl_show_text(arena, entry->status));
	else if (entry->status != NULL)
		printf("        %s\n", mailctl_show_text(arena, entry->status));
}

static void listed(void *owner, const struct error *err, struct store_queue_listing *listing)
{
	struct queue *q = owner;

	q->from = 0;
	mailctl_store_done(&q->m, err);
	for (size_t i = 0; listing != NULL && i < listing->n; i++) {
		const struct store_queue_entry *entry = &listing->at[i];
		q->n++;
		if (q->ctl->json) {
			mailctl_print_json(describe(entry));
			continue;
		}
		if (entry->queue_id != q->last_id)
			print_message(&listing->arena, entry);
		print_recipient(&listing->arena, entry);
		q->last_id = entry->queue_id;
	}
	if (listing != NULL)
		q->from = listing->next_item_id;
	store_queue_listing_destroy(listing);
}

static void held_listed(void *owner, const struct error *err, const char *const *domains, size_t n)
{
	struct queue *q = owner;

	mailctl_store_done(&q->m, err);
	for (size_t i = 0; i < n; i++) {
		if (q->filter.domain != NULL && strcasecmp(domains[i], q->filter.domain) != 0)
			continue;
		q->n++;
		if (q->ctl->json)
			mailctl_print_json(json_pack("{s:o}", "held_domain", mailctl_show_json(domains[i])));
		else
			printf("mail for %s is held\n", mailctl_show_text(&q->m.arena, domains[i]));
	}
}

static int walk(struct queue *q, store_queue_list_fn *each)
{
	int code;

	do {
		store_queue_list(q->m.client, &q->filter, q->from, each, q);
		code = mailctl_store_wait(&q->m);
	} while (code == EX_OK && q->from != 0 && !ferror(stdout));
	return code;
}

int mailctl_queue_list(struct mailctl *ctl, int argc, char **argv)
{
	struct queue q = { .ctl = ctl };
	struct mailctl_selection selection;
	int code;

	if (!mailctl_selection_parse(argc, argv, true, &selection, &code))
		return code;
	if (selection.n_ids > 0)
		return mailctl_usage("usage: mailctl queue list [--to DOMAIN] [--held]");
	q.filter = (struct store_queue_filter){ .domain = selection.domain, .is_held = selection.held };
	if (mailctl_store_open(&q.m, ctl, &code)) {
		if (selection.held)
			store_queue_held(q.m.client, held_listed, &q);
		/* the domains first, whichever of two readers is faster */
		code = mailctl_store_wait(&q.m);
		if (code == EX_OK)
			code = walk(&q, listed);
		if (code == EX_OK && q.n == 0 && !ctl->json)
			puts(selection.held ? "nothing is held" : "nothing waits");
	}
	mailctl_store_close(&q.m);
	return code;
}

/* ---- show ---- */

static void print_details(const struct store_queue_listing *listing, struct arena *arena)
{
	const struct store_queue_entry *entry = &listing->at[0];
	char at[MAILCTL_SHOW_SIZE];

	print_message(arena, entry);
	printf("    expires %s\n", mailctl_show_time(entry->expires_s, at));
	if (entry->envelope_id != NULL)
		printf("    envelope id %s\n", mailctl_show_text(arena, entry->envelope_id));
}

static void collected(void *owner, const struct error *err, struct store_queue_listing *listing)
{
	struct queue *q = owner;

	q->from = 0;
	mailctl_store_done(&q->m, err);
	if (listing != NULL && listing->n > 0 && q->n == 0) {
		q->first = listing->at[0];
		q->first.envelope_id = listing->at[0].envelope_id != NULL ? arena_text(&q->m.arena, listing->at[0].envelope_id) : NULL;
		q->first.sender = arena_text(&q->m.arena, listing->at[0].sender);
		if (!q->ctl->json)
			print_details(listing, &listing->arena);
	}
	for (size_t i = 0; listing != NULL && i < listing->n; i++, q->n++) {
		if (q->ctl->json)
			json_array_append_new(q->recipients, describe(&listing->at[i]));
		else
			print_recipient(&listing->arena, &listing->at[i]);
	}
	if (listing != NULL)
		q->from = listing->next_item_id;
	store_queue_listing_destroy(listing);
}

static void header_read(void *owner, const struct error *err, struct bytes octets)
{
	struct queue *q = owner;
	size_t end = bytes_find_bytes(octets, BYTES("\r\n\r\n"));

	/* it may be gone by now */
	if (err == NULL)
		q->header = arena_bytes(&q->m.arena, bytes_slice(octets, 0, end));
}

static void print_header(struct queue *q)
{
	struct bytes rest = q->header, line;

	for (bool more = rest.len > 0; more;) {
		more = bytes_cut(&rest, '\n', &line);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		printf("    | %s\n", mailctl_show_text(&q->m.arena, arena_bytes(&q->m.arena, line).at));
	}
}

static void print_json(struct queue *q)
{
	char id[CODEC_ID_LEN + 1];

	mailctl_print_json(json_pack("{s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "queue", id_text(q->first.queue_id, id),
		"sender", mailctl_show_json(q->first.sender), "size", (json_int_t)(q->first.size - q->first.skip),
		"arrived", (json_int_t)q->first.arrived_s, "expires", (json_int_t)q->first.expires_s,
		"envelope_id", mailctl_show_json(q->first.envelope_id),
		"header", mailctl_show_json(q->header.at), "recipients", q->recipients));
}

static int show(struct queue *q, const char *text)
{
	struct error gone = { 0 };
	int code = walk(q, collected);

	if (code == EX_OK && q->n == 0) {
		error_set(&gone, ERROR_NOT_FOUND, "no message %s waits in the queue (mailctl trace %s tells what became of it)", text, text);
		code = mailctl_fail(&gone);
	}
	if (code != EX_OK) {
		json_decref(q->recipients);
		return code;
	}
	store_read(q->m.client, q->first.message_id, q->first.skip, HEADER_MAX, header_read, q);
	store_client_wait(q->m.client);
	if (q->ctl->json)
		print_json(q);
	else
		print_header(q);
	return EX_OK;
}

int mailctl_queue_show(struct mailctl *ctl, int argc, char **argv)
{
	struct queue q = { .ctl = ctl };
	int code;

	if (!mailctl_wants(argc, 1, "queue show ID", &code) || !mailctl_selection_id(argv[1], &q.filter.queue_id, &code))
		return code;
	if (mailctl_store_open(&q.m, ctl, &code)) {
		q.recipients = ctl->json ? json_array() : NULL;
		code = show(&q, argv[1]);
	}
	mailctl_store_close(&q.m);
	return code;
}
