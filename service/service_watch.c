#include "service/service_watch.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "service/service_server.h"

struct service_watches {
	struct map *by_mailbox;         /* struct list of one mailbox's watches; gone with its last */
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
	struct list *list;

	service_watch_stop(watch);
	*watch = (struct service_watch){ .loop = loop, .mailbox_id = mailbox_id, .fn = fn, .owner = owner };
	list = map_get(w->by_mailbox, key_of(&mailbox_id));
	if (list == NULL) {
		list = xcalloc(1, sizeof *list);
		map_put(w->by_mailbox, key_of(&mailbox_id), list);
	}
	list_append(list, &watch->node);
	/* in one order with the writer's look at it: it sees the watch, or the watcher's next read sees the commit */
	__atomic_add_fetch(&w->n, 1, __ATOMIC_SEQ_CST);
}

void service_watch_stop(struct service_watch *watch)
{
	struct service_watches *w;
	struct list *list;

	if (watch->loop == NULL)
		return;
	w = watch->loop->watches;
	if (w->next == &watch->node)
		w->next = watch->node.next;
	list = map_get(w->by_mailbox, key_of(&watch->mailbox_id));
	list_remove(list, &watch->node);
	if (list_is_empty(list)) {
		map_remove(w->by_mailbox, key_of(&watch->mailbox_id));
		free(list);
	}
	watch->loop = NULL;
	__atomic_sub_fetch(&w->n, 1, __ATOMIC_SEQ_CST);
}

void service_watches_wake(struct service_watches *w, int64_t mailbox_id, uint64_t modseq)
{
	const struct list *list = map_get(w->by_mailbox, key_of(&mailbox_id));
	struct list_node *node = list != NULL ? list->first : NULL;

	for (; node != NULL; node = w->next) {
		struct service_watch *watch = LIST_OWNER(node, struct service_watch, node);
		w->next = node->next;
		watch->fn(watch->owner, modseq);
	}
	w->next = NULL;
}

void service_watches_wake_all(struct service_watches *w)
{
	size_t n = map_count(w->by_mailbox), cursor = 0, i = 0;
	int64_t *ids = xcalloc(n + 1, sizeof *ids);
	struct bytes key;
	void *value;

	/* a callback may change the map: the ids are taken first */
	while (i < n && map_next(w->by_mailbox, &cursor, &key, &value))
		memcpy(&ids[i++], key.at, sizeof *ids);
	for (size_t j = 0; j < i; j++)
		service_watches_wake(w, ids[j], 0);
	free(ids);
}

bool service_watches_any(const struct service_watches *w)
{
	return __atomic_load_n(&w->n, __ATOMIC_SEQ_CST) > 0;
}
