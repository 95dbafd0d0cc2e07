#include "base/list.h"

#include "tests/support/check.h"

struct word {
	char letter;
	struct list_node node;
};

/* The letters forward, and that the way back is the same. */
static const char *letters(const struct list *list)
{
	static char text[16];
	size_t n = 0;

	for (struct list_node *at = list->first; at != NULL; at = at->next)
		text[n++] = LIST_OWNER(at, struct word, node)->letter;
	text[n] = '\0';
	CHECK(n == list->n);
	for (struct list_node *at = list->last; at != NULL; at = at->prev)
		CHECK(LIST_OWNER(at, struct word, node)->letter == text[--n]);
	CHECK(n == 0);
	return text;
}

int main(void)
{
	struct list list = { 0 };
	struct word a = { .letter = 'a' }, b = { .letter = 'b' }, c = { .letter = 'c' }, d = { .letter = 'd' };

	CHECK(list_is_empty(&list) && list_take_first(&list) == NULL);
	list_append(&list, &b.node);
	list_prepend(&list, &a.node);
	list_append(&list, &c.node);
	list_append(&list, &d.node);
	CHECK_TEXT(letters(&list), "abcd", "append and prepend");
	list_remove(&list, &b.node);
	list_remove(&list, &b.node);
	CHECK_TEXT(letters(&list), "acd", "a second removal does nothing");
	list_remove(&list, &d.node);
	CHECK_TEXT(letters(&list), "ac", "the last goes");
	CHECK(list_take_first(&list) == &a.node);
	CHECK_TEXT(letters(&list), "c", "the first goes");
	CHECK(list_take_first(&list) == &c.node && list_is_empty(&list) && list.last == NULL);
	list_append(&list, &b.node);
	CHECK_TEXT(letters(&list), "b", "a removed node may come back");
	return check_finish();
}
