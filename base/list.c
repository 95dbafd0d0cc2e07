#include "base/list.h"

#include <assert.h>

/* where: NULL is the front. */
static void insert_after(struct list *list, struct list_node *where, struct list_node *node)
{
	struct list_node *next = where != NULL ? where->next : list->first;

	assert(node->next == NULL && node->prev == NULL && list->first != node);
	node->prev = where;
	node->next = next;
	*(where != NULL ? &where->next : &list->first) = node;
	*(next != NULL ? &next->prev : &list->last) = node;
	list->n++;
}

void list_append(struct list *list, struct list_node *node)
{
	insert_after(list, list->last, node);
}

void list_prepend(struct list *list, struct list_node *node)
{
	insert_after(list, NULL, node);
}

void list_remove(struct list *list, struct list_node *node)
{
	bool alone = node->next == NULL && node->prev == NULL;

	if (alone && list->first != node)
		return;
	*(node->prev != NULL ? &node->prev->next : &list->first) = node->next;
	*(node->next != NULL ? &node->next->prev : &list->last) = node->prev;
	node->next = node->prev = NULL;
	list->n--;
}

struct list_node *list_take_first(struct list *list)
{
	struct list_node *node = list->first;

	if (node != NULL)
		list_remove(list, node);
	return node;
}
