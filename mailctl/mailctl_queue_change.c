#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mailctl/mailctl_selection.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/queue_admin.h"

static const struct change {
	const char *verb;
	enum store_queue_op op;
	const char *done;
	const char *in_transit;         /* what becomes of those; NULL: they had to be passed over, exit code 75 */
	const char *of_domain;          /* what --to means besides, or NULL */
} changes[] = {
	{ "hold", STORE_QUEUE_OP_HOLD, "held", "is being tried, and held if that fails",
	  "mail that comes for it is held too" },
	{ "release", STORE_QUEUE_OP_RELEASE, "released", "is being tried", "it is not held any more" },
	{ "retry", STORE_QUEUE_OP_RETRY, "to be tried at once", "is being tried already", NULL },
	{ "expire", STORE_QUEUE_OP_EXPIRE, "given up", NULL, NULL },
	{ "delete", STORE_QUEUE_OP_DELETE, "deleted", NULL, NULL },
};

struct changing {
	struct mailctl_store m;
	const struct mailctl *ctl;
	const struct change *change;
	struct store_queue_counts counts;
};

static void counted(void *owner, const struct error *err, const struct store_queue_counts *counts)
{
	struct changing *c = owner;

	mailctl_store_done(&c->m, err);
	c->counts = *counts;
}

static const char *recipients(size_t n)
{
	return n == 1 ? "recipient" : "recipients";
}

static void print_counts(const struct changing *c, const char *id, const char *domain)
{
	const struct store_queue_counts *n = &c->counts;
	const char *what = id != NULL ? id : domain;

	if (c->ctl->json) {
		json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:I}", "done", c->change->verb, "matched", (json_int_t)n->n_matched,
			"changed", (json_int_t)n->n_changed, "in_transit", (json_int_t)n->n_in_transit, "held", (json_int_t)n->n_held);
		if (what != NULL)
			json_object_set_new(object, id != NULL ? "queue" : "domain", mailctl_show_json(what));
		mailctl_print_json(object);
		return;
	}
	printf("%s%s%zu %s %s", what != NULL ? what : "", what != NULL ? ": " : "", n->n_changed, recipients(n->n_changed), c->change->done);
	if (n->n_in_transit > 0 && c->change->in_transit != NULL)
		printf("; %zu %s", n->n_in_transit, c->change->in_transit);
	if (n->n_held > 0 && c->change->op == STORE_QUEUE_OP_RETRY)
		printf("; %zu stay held", n->n_held);
	if (domain != NULL && c->change->of_domain != NULL)
		printf("; %s", c->change->of_domain);
	putchar('\n');
}

static int change_one(struct changing *c, const struct store_queue_filter *filter, const char *id)
{
	struct error err = { 0 };

	c->m.err = (struct error){ 0 };
	store_queue_admin(c->m.client, c->change->op, filter, counted, c);
	int code = mailctl_store_wait(&c->m);
	if (code != EX_OK)
		return code;
	print_counts(c, id, filter->domain);
	fflush(stdout);
	if (c->counts.n_in_transit == 0 || c->change->in_transit != NULL)
		return EX_OK;
	error_set(&err, ERROR_TRY_LATER, "%zu %s on the way at this moment and cannot be called back", c->counts.n_in_transit,
	          c->counts.n_in_transit == 1 ? "recipient is" : "recipients are");
	return mailctl_fail(&err);
}

static int change_ids(struct changing *c, const struct mailctl_selection *selection)
{
	int code = EX_OK;

	for (int i = 0; i < selection->n_ids; i++) {
		struct store_queue_filter filter = { 0 };
		int one = EX_OK;
		if (mailctl_selection_id(selection->ids[i], &filter.queue_id, &one))
			one = change_one(c, &filter, selection->ids[i]);
		if (code == EX_OK)
			code = one;
	}
	return code;
}

/* Before any of them is changed. */
static bool are_ids(const struct mailctl_selection *selection, int *code)
{
	uint64_t id;

	for (int i = 0; i < selection->n_ids; i++)
		if (!mailctl_selection_id(selection->ids[i], &id, code))
			return false;
	return true;
}

int mailctl_queue_change(struct mailctl *ctl, int argc, char **argv)
{
	struct changing c = { .ctl = ctl, .m = { .tells_daemons = true } };
	struct mailctl_selection selection;
	int code;

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		if (strcmp(changes[i].verb, argv[0]) == 0)
			c.change = &changes[i];
	if (!mailctl_selection_parse(argc, argv, false, &selection, &code))
		return code;
	if ((selection.n_ids > 0) + (selection.domain != NULL) + selection.all != 1)
		return mailctl_usage("usage: mailctl queue %s ID...|--to DOMAIN|--all", argv[0]);
	if (!are_ids(&selection, &code))
		return code;
	c.m.is_patient = selection.n_ids == 0;
	if (mailctl_store_open(&c.m, ctl, &code)) {
		struct store_queue_filter filter = { .domain = selection.domain };
		code = selection.n_ids > 0 ? change_ids(&c, &selection) : change_one(&c, &filter, NULL);
	}
	mailctl_store_close(&c.m);
	return code;
}
