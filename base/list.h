/* list: intrusive doubly linked list.  Zero cost when empty; the owner embeds struct list_node. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *next, *prev;  /* both NULL while in no list */
};

struct list {
	struct list_node *first, *last; /* zero-initialise */
	size_t n;
};

/* The object that embeds node as `member`. */
#define LIST_OWNER(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

void list_append(struct list *, struct list_node *);
void list_prepend(struct list *, struct list_node *);
/* Legal also for a node in no list (does nothing). */
void list_remove(struct list *, struct list_node *);
/* Remove and return the first node, NULL when empty. */
struct list_node *list_take_first(struct list *);
static inline bool list_is_empty(const struct list *l)
{
	return l->first == NULL;
}

#endif
