/* store_client: the way back from the store's threads to a loop. */
#ifndef MAILSTORE_STORE_CLIENT_H
#define MAILSTORE_STORE_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "mailstore/store.h"
#include "mailstore/store_packer.h"

struct store;
struct store_request;

struct store_client {
	struct store *store;
	pthread_mutex_t mutex;
	struct list done;               /* requests whose completion waits */
	size_t n_inside;                /* requests held by the store's threads */
	bool closed;
	int event_fd;
	struct store_packer packer;     /* client's thread only */
	size_t n_pending;               /* client's thread only: requests and body waits under way */
};

/* The request leaves the client's hands; it comes back by store_client_post. */
void store_client_lend(struct store_client *);
/* Give finished requests (of any clients) back: one wake a client.  Empties the list. */
void store_client_post(struct list *finished);

#endif
