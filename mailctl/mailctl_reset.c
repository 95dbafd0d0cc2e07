/* reset: an ephemeral store without its mail, while the daemons run. */
#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/care.h"
#include "netcore/net_loop.h"
#include "service/service_hint.h"

struct reset {
	struct mailctl_store m;
	struct net_loop *loop;          /* never run: the hints of others are nothing to this verb */
	struct service_hint *hint;      /* NULL: no multicast, the daemons poll */
};

/* In the store's writer thread; the hint stands before anything is asked of the store. */
static void tell_daemons(void *owner, const struct store_hint *hints, size_t n)
{
	struct reset *r = owner;

	if (r->hint != NULL)
		service_hint_send(r->hint, hints, n);
}

static void ignore(void *owner, const struct store_hint *hints, size_t n)
{
	(void)owner;
	(void)hints;
	(void)n;
}

static void open_hint(struct reset *r)
{
	r->loop = net_loop_create(net_poll_kind_default(), NULL);
	r->hint = r->loop != NULL ? service_hint_open(r->m.settings.data_dir, NULL) : NULL;
	if (r->hint == NULL ||
	    service_hint_start(r->hint, r->loop, store_uuid(r->m.store), store_secret(r->m.store), ignore, r, NULL))
		return;
	service_hint_close(r->hint);
	r->hint = NULL;
}

int mailctl_reset(struct mailctl *ctl, int argc, char **argv)
{
	struct reset r = { .m = { .on_commit = tell_daemons } };
	int code;

	(void)argv;
	if (!mailctl_wants(argc, 0, "reset", &code))
		return code;
	if (mailctl_store_open(&r.m, ctl, &code)) {
		open_hint(&r);
		store_empty(r.m.client, mailctl_store_done, &r.m);
		code = mailctl_store_wait(&r.m);
	}
	if (code == EX_OK && ctl->json)
		mailctl_print_json(json_pack("{s:s}", "done", "reset"));
	mailctl_store_close(&r.m);
	service_hint_close(r.hint);
	if (r.loop != NULL)
		net_loop_destroy(r.loop);
	return code;
}
