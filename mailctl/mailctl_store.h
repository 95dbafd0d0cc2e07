/* mailctl_store: the configuration and the store behind it, for one verb. */
#ifndef MAILCTL_MAILCTL_STORE_H
#define MAILCTL_MAILCTL_STORE_H

#include <stdbool.h>

#include "base/arena.h"
#include "mailctl/mailctl.h"
#include "mailstore/store.h"
#include "netcore/net_loop.h"
#include "service/service_hint.h"
#include "service/service_settings.h"

struct mailctl_store {                  /* zero-initialise */
	struct arena arena;
	struct service_settings settings;
	struct store *store;
	struct store_client *client;
	struct error err;               /* of the request that is waited for */
	bool is_patient;                /* set before the opening: whoever started a long verb can wait a minute for other writers, and can interrupt it */
	bool tells_daemons;             /* set before the opening: they hear of each commit at once, else by their next poll */
	struct net_loop *loop;          /* never run: the hints of others are nothing to a verb that tells */
	struct service_hint *hint;      /* NULL: no multicast here, they poll */
};

/* Read the configuration; an error is printed, *code is what to exit with. */
bool mailctl_store_configure(const struct mailctl *, struct arena *, struct service_settings *, int *code);
/* As mailctl_fail, of a store that cannot be opened: says what to do about it. */
int mailctl_store_fail(const struct error *);
/*
 * Read the configuration and become the data folder's owner (when root; any other user but the owner: 77).  Nothing of the
 * store is opened yet.  Errors are printed; *code is what to exit with.
 */
bool mailctl_store_prepare(struct mailctl_store *, const struct mailctl *, int *code);
/* The same, and open the store. */
bool mailctl_store_open(struct mailctl_store *, const struct mailctl *, int *code);
/* Legal after either failed. */
void mailctl_store_close(struct mailctl_store *);

/* A completion for requests that only succeed or fail: owner is the mailctl_store. */
void mailctl_store_done(void *owner, const struct error *err);
/* Wait for what was asked; 0, or prints the error that a completion left in ->err. */
int mailctl_store_wait(struct mailctl_store *);

#endif
