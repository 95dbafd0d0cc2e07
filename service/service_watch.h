/*
 * service_watch: waiting for changes of a mailbox (0 = the queue) made by any session or process.  A wake-up is
 * a hint: look into the store.  Start the watch first and look then, and no change is missed.
 */
#ifndef SERVICE_SERVICE_WATCH_H
#define SERVICE_SERVICE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct service_loop;
struct service_watches;

/*
 * Runs in the loop; modseq 0 when only "perhaps" is known: the queue after another process committed, or a mailbox that is
 * gone.  It may stop any watch.
 */
typedef void service_watch_fn(void *owner, uint64_t modseq);

struct service_watch {                          /* embed; zero-initialise */
	struct list_node node;
	struct service_loop *loop;              /* NULL while not watching */
	int64_t mailbox_id;
	service_watch_fn *fn;
	void *owner;
};
void service_watch_start(struct service_watch *, struct service_loop *, int64_t mailbox_id, service_watch_fn *fn, void *owner);
/* Legal when not watching. */
void service_watch_stop(struct service_watch *);

/* For service_server: all watches of one loop. */
struct service_watches *service_watches_create(void);
void service_watches_destroy(struct service_watches *);
/* In the loop.  A modseq that its watches were woken for already wakes nobody; 0 always does. */
void service_watches_wake(struct service_watches *, int64_t mailbox_id, uint64_t modseq);
/* In the loop: the ids that are watched, the queue's 0 included.  The caller frees them. */
int64_t *service_watches_ids(const struct service_watches *, size_t *n);
/* From any thread: is there anything to wake? */
bool service_watches_any(const struct service_watches *);

#endif
