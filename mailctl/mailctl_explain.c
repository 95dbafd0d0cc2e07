#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/queue_admin.h"
#include "mailstore/users.h"
#include "netcore/net_addr.h"

/* The way of a copy to another host, as the relay chooses it: the peer of its domain, else the smarthost. */
struct way {
	const char *kind;               /* "peer", "smarthost", "none" */
	const struct service_peer *peer;        /* NULL for none */
	char host[256];
	int port;
};

struct waiting {                        /* in the queue for a domain */
	size_t n_waiting, n_held, n_in_transit;
	size_t n_parked;                /* of the waiting ones: until the server answers */
	int64_t next_at_s;              /* 0 = none */
	bool is_held;
	const char *status, *remote;    /* the last that was said, or NULL */
};

struct explaining {
	struct mailctl_store m;
	const struct mailctl *ctl;
	const char *address;
	enum store_resolution resolution;
	struct store_target *targets;   /* in the arena */
	size_t n;
	/* of the domain that is asked about */
	struct waiting waiting;
	int64_t from;
};

static void find_way(const struct service_settings *settings, const char *domain, struct way *way)
{
	const struct service_peer *peers = settings->peers.at;

	*way = (struct way){ .kind = "none" };
	if (domain[0] == '\0' || domain[0] == '[')
		return;
	for (size_t i = 0; i < settings->peers.n && way->peer == NULL; i++)
		if (bytes_equal_nocase(bytes_text(domain), bytes_text(peers[i].domain)))
			way->peer = &peers[i];
	if (way->peer != NULL) {
		way->kind = "peer";
	} else if (settings->smarthost.address != NULL) {
		way->kind = "smarthost";
		way->peer = &settings->smarthost;
	} else {
		return;
	}
	net_addr_split(way->peer->address, strcmp(way->kind, "peer") == 0 ? 25 : 587, way->host, sizeof way->host, &way->port, NULL);
}

/* ---- what waits ---- */

static void count(struct explaining *x, const struct store_queue_entry *entry)
{
	struct waiting *w = &x->waiting;

	if (entry->state == STORE_QUEUE_HELD)
		w->n_held++;
	else if (entry->state == STORE_QUEUE_IN_TRANSIT)
		w->n_in_transit++;
	else if (w->n_waiting++ == 0 || entry->next_at_s < w->next_at_s)
		w->next_at_s = entry->next_at_s;
	w->n_parked += entry->state == STORE_QUEUE_WAITING && entry->is_parked;
	if (entry->status == NULL)
		return;
	w->status = arena_text(&x->m.arena, entry->status);
	w->remote = entry->remote != NULL ? arena_text(&x->m.arena, entry->remote) : NULL;
}

static void on_batch(void *owner, const struct error *err, struct store_queue_listing *listing)
{
	struct explaining *x = owner;

	mailctl_store_done(&x->m, err);
	x->from = 0;
	if (listing == NULL)
		return;
	x->from = listing->next_item_id;
	x->waiting.is_held = listing->domain_is_held;
	for (size_t i = 0; i < listing->n; i++)
		count(x, &listing->at[i]);
	store_queue_listing_destroy(listing);
}

static int count_waiting(struct explaining *x, const char *domain)
{
	struct store_queue_filter filter = { .domain = domain };
	int code;

	x->waiting = (struct waiting){ 0 };
	x->from = 0;
	do {
		store_queue_list(x->m.client, &filter, x->from, on_batch, x);
		code = mailctl_store_wait(&x->m);
	} while (code == EX_OK && x->from != 0);
	return code;
}

/* ---- what is said ---- */

static const char *tls_name(const struct service_peer *peer)
{
	static const char *const names[] = {
		[SERVICE_PEER_NONE] = "none", [SERVICE_PEER_OPPORTUNISTIC] = "opportunistic",
		[SERVICE_PEER_REQUIRED] = "required", [SERVICE_PEER_VERIFY] = "verify",
	};

	return names[peer->tls];
}

static const char *tls_meaning(const struct service_peer *peer)
{
	static const char *const texts[] = {
		[SERVICE_PEER_NONE] = "never", [SERVICE_PEER_OPPORTUNISTIC] = "when it is offered, whose certificate it may be",
		[SERVICE_PEER_REQUIRED] = "always, whose certificate it may be", [SERVICE_PEER_VERIFY] = "always, with a certificate that holds",
	};

	return texts[peer->tls];
}

static void print_waiting(struct explaining *x, const char *domain)
{
	const struct waiting *w = &x->waiting;
	char wait[MAILCTL_SHOW_SIZE];

	if (w->is_held)
		printf("    mail for %s is held (mailctl queue release --to %s)\n", domain, domain);
	if (w->n_waiting + w->n_held + w->n_in_transit == 0)
		puts("    nothing waits for this domain");
	else
		printf("    for this domain %zu recipients wait, %zu are held, %zu in transit\n", w->n_waiting, w->n_held, w->n_in_transit);
	if (w->n_waiting > 0)
		printf("    next try %s%s\n", w->n_parked > 0 && w->next_at_s > clock_now_s() ? "when the server answers or " : "",
		       mailctl_show_wait(w->next_at_s, wait));
	if (w->status != NULL)
		printf("    last reply%s%s: %s\n", w->remote != NULL ? " of " : "", mailctl_show_text(&x->m.arena, w->remote),
		       mailctl_show_text(&x->m.arena, w->status));
}

static void print_way(struct explaining *x, const struct way *way, const char *domain)
{
	if (way->peer == NULL) {
		printf("    no route to %s: neither peer nor smarthost; mail for it fails at once\n", domain);
	} else {
		printf("    by the %s of %s:%lld\n", way->kind, x->m.settings.path, (long long)way->peer->line);
		printf("    to %s port %d, TLS %s: %s\n", way->host, way->port, tls_name(way->peer), tls_meaning(way->peer));
		if (way->peer->username != NULL)
			printf("    as %s\n", way->peer->username);
	}
	print_waiting(x, domain);
}

/* trouble: why no copy would be taken, or NULL. */
static json_t *begin_json(struct explaining *x, const char *rule, const char *target, const char *way, const char *trouble)
{
	return json_pack("{s:o, s:s, s:o, s:s, s:o}", "address", mailctl_show_json(x->address), "rule", rule,
	                 "target", mailctl_show_json(target), "way", way, "trouble", mailctl_show_json(trouble));
}

static void print_remote_json(struct explaining *x, const char *rule, const char *target, const struct way *way)
{
	const struct waiting *w = &x->waiting;
	json_t *object = begin_json(x, rule, target, way->kind, way->peer == NULL ? "no route" : NULL);

	json_object_update_new(object, json_pack("{s:o, s:o, s:s?, s:o, s:o}", "host", mailctl_show_json(way->peer != NULL ? way->host : NULL),
		"port", way->peer != NULL ? json_integer(way->port) : json_null(), "tls", way->peer != NULL ? tls_name(way->peer) : NULL,
		"line", way->peer != NULL ? json_integer(way->peer->line) : json_null(),
		"username", mailctl_show_json(way->peer != NULL ? way->peer->username : NULL)));
	json_object_update_new(object, json_pack("{s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "domain_held", w->is_held, "waiting", (json_int_t)w->n_waiting,
		"parked", (json_int_t)w->n_parked, "held", (json_int_t)w->n_held, "in_transit", (json_int_t)w->n_in_transit,
		"next", mailctl_show_json_time(w->next_at_s), "status", mailctl_show_json(w->status), "remote", mailctl_show_json(w->remote)));
	mailctl_print_json(object);
}

static int explain_remote(struct explaining *x, const char *rule, const char *target)
{
	const char *at = strrchr(target, '@'), *domain = at != NULL ? at + 1 : "";
	struct way way;

	find_way(&x->m.settings, domain, &way);
	int code = count_waiting(x, domain);
	if (code != EX_OK)
		return code;
	if (x->ctl->json) {
		print_remote_json(x, rule, target, &way);
	} else {
		printf("%s: %s%s\n", x->address, strcmp(rule, "alias") == 0 ? "leads to " : "at another host: ", target);
		print_way(x, &way, domain);
	}
	return EX_OK;
}

/* NULL: a copy would be taken. */
static const char *trouble_of(const struct store_target *target)
{
	switch (store_target_judge(target, 1, clock_now_s())) {
	case ERROR_NONE:
		return NULL;
	case ERROR_NOT_FOUND:
		return "no such user";
	case ERROR_DENIED:
		return "disabled";
	case ERROR_FULL:
		return "over quota, refused for now";
	default:
		return "over quota for days, refused for good";
	}
}

static void explain_local(struct explaining *x, const char *rule, const struct store_target *target)
{
	bool is_new = target->user_id == STORE_USER_NEW, is_gone = target->user_id == STORE_USER_GONE, is_alias = strcmp(rule, "alias") == 0;
	const char *trouble = trouble_of(target);
	char at[MAILCTL_SHOW_SIZE];

	if (x->ctl->json) {
		json_t *object = begin_json(x, rule, target->address, is_gone ? "none" : is_new ? "new mailbox" : "mailbox", trouble);
		json_object_set_new(object, "full_since", mailctl_show_json_time(target->full_since_s));
		mailctl_print_json(object);
		return;
	}
	printf("%s: %s%s%s%s%s\n", x->address, is_alias ? "leads to " : "", is_alias ? target->address : is_new ? "" : "a user here",
	       is_new ? is_alias ? ", whose mailbox the first mail makes" : "its first mail makes the mailbox" : "",
	       trouble != NULL ? ": " : "", trouble != NULL ? trouble : "");
	if (target->full_since_s != 0)
		printf("    full since %s: what does not fit is refused\n", mailctl_show_time(target->full_since_s, at));
}

static void explain_unknown(struct explaining *x)
{
	if (x->ctl->json)
		mailctl_print_json(begin_json(x, "unknown", NULL, "none", "no such user"));
	else
		printf("%s: no such user here; refused at RCPT\n", x->address);
}

static int explain(struct explaining *x)
{
	int code = EX_OK;

	if (x->resolution == STORE_UNKNOWN_USER)
		explain_unknown(x);
	if (x->resolution == STORE_FOREIGN)
		return explain_remote(x, "foreign", x->address);
	for (size_t i = 0; code == EX_OK && i < x->n; i++) {
		const struct store_target *target = &x->targets[i];
		/* who is gone is still led to: without the alias there would be no target */
		bool is_itself = bytes_equal_nocase(bytes_text(target->address), bytes_text(x->address)) && target->user_id != STORE_USER_GONE;
		if (target->user_id != 0)
			explain_local(x, is_itself ? "user" : "alias", target);
		else
			code = explain_remote(x, "alias", target->address);
	}
	return code;
}

static void resolved(void *owner, const struct error *err, enum store_resolution resolution, const struct store_target *targets, size_t n)
{
	struct explaining *x = owner;

	mailctl_store_done(&x->m, err);
	x->resolution = resolution;
	x->targets = arena_alloc(&x->m.arena, (n + 1) * sizeof *targets);
	for (x->n = 0; x->n < n; x->n++) {
		x->targets[x->n] = targets[x->n];
		x->targets[x->n].address = arena_text(&x->m.arena, targets[x->n].address);
	}
}

int mailctl_queue_explain(struct mailctl *ctl, int argc, char **argv)
{
	struct explaining x = { .ctl = ctl };
	int code;

	if (!mailctl_wants(argc, 1, "queue explain ADDRESS", &code))
		return code;
	if (mailctl_store_open(&x.m, ctl, &code)) {
		x.address = mailctl_show_text(&x.m.arena, argv[1]);
		store_resolve(x.m.client, bytes_text(argv[1]), resolved, &x);
		code = mailctl_store_wait(&x.m);
		if (code == EX_OK)
			code = explain(&x);
	}
	mailctl_store_close(&x.m);
	return code;
}
