#include "service/service_watch.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "service/service_server.h"

/* One mailbox; gone with its last watch. */
struct watched {
	struct list watches;
	uint64_t modseq;                /* the highest they were woken for */
};

struct service_watches {
	struct map *by_mailbox;         /* struct watched */
	struct list_node *next;         /* where a walk goes on: a callback may stop that very watch */
	size_t n;                       /* read by other threads: atomically */
};

struct service_watches *service_watches_create(void)
{
	struct service_watches *w = xcalloc(1, sizeof *w);

	w->by_mailbox = map_create();
	return w;
}

void service_watches_destroy(struct service_watches *w)
{
	size_t cursor = 0;
	struct bytes key;
	void *value;

	if (w == NULL)
		return;
	while (map_next(w->by_mailbox, &cursor, &key, &value))
		free(value);
	map_destroy(w->by_mailbox);
	free(w);
}

static struct bytes key_of(const int64_t *mailbox_id)
{
	return bytes_of(mailbox_id, sizeof *mailbox_id);
}

void service_watch_start(struct service_watch *watch, struct service_loop *loop, int64_t mailbox_id, service_watch_fn *fn,
                         void *owner)
{
	struct service_watches *w = loop->watches;
	struct watched *mailbox;

	service_watch_stop(watch);
	*watch = (struct service_watch){ .loop = loop, .mailbox_id = mailbox_id, .fn = fn, .owner = owner };
	mailbox = map_get(w->by_mailbox, key_of(&mailbox_id));
	if (mailbox == NULL) {
		mailbox = xcalloc(1, sizeof *mailbox);
		map_put(w->by_mailbox, key_of(&mailbox_id), mailbox);
	}
	list_append(&mailbox->watches, &watch->node);
	/* in one order with the writer's look at it: it sees the watch, or the watcher's next read sees the commit */
	__atomic_add_fetch(&w->n, 1, __ATOMIC_SEQ_CST);
}

void service_watch_stop(struct service_watch *watch)
{
	struct service_watches *w;
	struct watched *mailbox;

	if (watch->loop == NULL)
		return;
	w = watch->loop->watches;
	if (w->next == &watch->node)
		w->next = watch->node.next;
	mailbox = map_get(w->by_mailbox, key_of(&watch->mailbox_id));
	list_remove(&mailbox->watches, &watch->node);
	if (list_is_empty(&mailbox->watches)) {
		map_remove(w->by_mailbox, key_of(&watch->mailbox_id));
		free(mailbox);
	}
	watch->loop = NULL;
	__atomic_sub_fetch(&w->n, 1, __ATOMIC_SEQ_CST);
}

void service_watches_wake(struct service_watches *w, int64_t mailbox_id, uint64_t modseq)
{
	struct watched *mailbox = map_get(w->by_mailbox, key_of(&mailbox_id));

	/* the queue counts nothing: every hint of it is news */
	if (mailbox == NULL || (mailbox_id != 0 && modseq != 0 && modseq <= mailbox->modseq))
		return;
	if (modseq > mailbox->modseq)
		mailbox->modseq = modseq;
	for (struct list_node *node = mailbox->watches.first; node != NULL; node = w->next) {
		struct service_watch *watch = LIST_OWNER(node, struct service_watch, node);
		w->next = node->next;
		watch->fn(watch->owner, modseq);
	}
	w->next = NULL;
}

int64_t *service_watches_ids(const struct service_watches *w, size_t *n)
{
	int64_t *ids = xcalloc(map_count(w->by_mailbox) + 1, sizeof *ids);
	size_t cursor = 0;
	struct bytes key;
	void *value;

	for (*n = 0; map_next(w->by_mailbox, &cursor, &key, &value); ++*n)
		memcpy(&ids[*n], key.at, sizeof *ids);
	return ids;
}

bool service_watches_any(const struct service_watches *w)
{
	return __atomic_load_n(&w->n, __ATOMIC_SEQ_CST) > 0;
}
