/*
 * REFERENCES in the steps of the RFC: link by ids (1), drop what only holds one (2, 3), order by date (4), join threads of one base
 * subject (5), order again (6).  Trees are parent pointers until the end; children are then appended in the order of dates, which
 * sorts all sets of siblings at once.
 */
#define _GNU_SOURCE                     /* qsort_r */
#include "message/message_thread.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"

#define NONE UINT32_MAX
#define REFERENCES_MAX 2000000          /* of all items */
#define STEPS_EACH 16                   /* of looking for loops, on the average; then links that would need more are left out */

struct node {
	uint64_t id;                    /* 0 = nothing refers to it by id */
	uint32_t item;                  /* NONE = a message that is not here: a dummy */
	uint32_t parent, first, last, next;
	uint32_t n_children;            /* while linking: was ever a parent */
};

/* For the order of dates; of equal ones the smaller index comes first. */
struct dated {
	int64_t sent_s;
	uint32_t index;
};

struct forest {
	const struct message_thread_item *items;
	size_t n_items;
	struct node *nodes;
	size_t n;
	uint32_t *table;                /* open addressing: node, NONE = free */
	size_t mask;
	size_t steps_left;
	struct dated *order;            /* nodes with items */
	uint32_t *roots;
	size_t n_roots;
};

void message_threads_release(struct message_threads *threads)
{
	free(threads->at);
	*threads = (struct message_threads){ 0 };
}

size_t message_thread_octets(size_t n_items, size_t n_references)
{
	/* the table has two to four places a node */
	size_t a_node = sizeof(struct node) + 4 * sizeof(uint32_t);

	return (n_references + 2 * n_items) * a_node + n_items * (sizeof(struct dated) + 2 * sizeof(struct message_thread_node) + 2 * sizeof(uint32_t));
}

static uint32_t *make_table(size_t n, size_t *mask)
{
	size_t size = 16;

	while (size < 2 * n)
		size *= 2;
	uint32_t *table = xmalloc(size * sizeof *table);
	for (size_t i = 0; i < size; i++)
		table[i] = NONE;
	*mask = size - 1;
	return table;
}

/* ---- step 1: links ---- */

static uint32_t new_node(struct forest *f, uint64_t id)
{
	f->nodes[f->n] = (struct node){ .id = id, .item = NONE, .parent = NONE, .first = NONE, .last = NONE, .next = NONE };
	return (uint32_t)f->n++;
}

static uint32_t node_of(struct forest *f, uint64_t id)
{
	size_t at = map_hash(bytes_of(&id, sizeof id)) & f->mask;

	while (f->table[at] != NONE && f->nodes[f->table[at]].id != id)
		at = (at + 1) & f->mask;
	if (f->table[at] == NONE)
		f->table[at] = new_node(f, id);
	return f->table[at];
}

/* Also when it would take too long to find out. */
static bool would_loop(struct forest *f, uint32_t parent, uint32_t child)
{
	if (parent == child)
		return true;
	if (f->nodes[child].n_children == 0)
		return false;
	for (uint32_t at = f->nodes[parent].parent; at != NONE; at = f->nodes[at].parent) {
		if (at == child || f->steps_left == 0)
			return true;
		f->steps_left--;
	}
	return false;
}

static void link_nodes(struct forest *f, uint32_t parent, uint32_t child)
{
	if (would_loop(f, parent, child))
		return;
	f->nodes[child].parent = parent;
	f->nodes[parent].n_children++;
}

static void link_item(struct forest *f, uint32_t index, size_t n_max)
{
	const struct message_thread_item *item = &f->items[index];
	uint32_t node = item->message_id != 0 ? node_of(f, item->message_id) : new_node(f, 0), before = NONE;

	/* the same Message-ID twice: the later one can be nobody's parent */
	if (f->nodes[node].item != NONE)
		node = new_node(f, 0);
	f->nodes[node].item = index;
	for (size_t i = item->n_references > n_max ? item->n_references - n_max : 0; i < item->n_references; i++) {
		if (item->references[i] == 0)
			continue;
		uint32_t at = node_of(f, item->references[i]);
		if (before != NONE && f->nodes[at].parent == NONE)
			link_nodes(f, before, at);
		before = at;
	}
	if (before != NONE && f->nodes[node].parent == before)
		return;                 /* as others said before */
	f->nodes[node].parent = NONE;
	if (before != NONE)
		link_nodes(f, before, node);
}

static void link_all(struct forest *f)
{
	size_t sum = 0, n_max = SIZE_MAX;

	for (size_t i = 0; i < f->n_items; i++)
		sum += f->items[i].n_references;
	if (sum > REFERENCES_MAX) {
		n_max = f->n_items < REFERENCES_MAX ? REFERENCES_MAX / f->n_items : 1;
		sum = n_max * f->n_items;
	}
	/* each root may get a dummy above it in step 5 */
	f->nodes = xmalloc((sum + 2 * f->n_items + 1) * sizeof *f->nodes);
	f->table = make_table(sum + f->n_items, &f->mask);
	f->steps_left = STEPS_EACH * (sum + f->n_items);
	for (size_t i = 0; i < f->n_items; i++)
		link_item(f, (uint32_t)i, n_max);
	free(f->table);
}

/* ---- steps 2 and 3: dummies ---- */

static bool is_dummy(const struct forest *f, uint32_t node)
{
	return f->nodes[node].item == NONE;
}

/* The nearest ancestor that is here, else the topmost dummy, else NONE; the way there is short afterwards. */
static uint32_t find_parent(struct forest *f, uint32_t node)
{
	uint32_t found = f->nodes[node].parent;

	while (found != NONE && is_dummy(f, found) && f->nodes[found].parent != NONE)
		found = f->nodes[found].parent;
	for (uint32_t at = f->nodes[node].parent; at != found;) {
		uint32_t next = f->nodes[at].parent;
		f->nodes[at].parent = found;
		at = next;
	}
	return found;
}

static void drop_dummies(struct forest *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		f->nodes[i].n_children = 0;
	for (uint32_t i = 0; i < f->n; i++) {
		if (is_dummy(f, i))
			continue;
		uint32_t parent = f->nodes[i].parent = find_parent(f, i);
		if (parent != NONE)
			f->nodes[parent].n_children++;
	}
	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t parent = f->nodes[i].parent;
		if (!is_dummy(f, i) && parent != NONE && is_dummy(f, parent) && f->nodes[parent].n_children == 1)
			f->nodes[i].parent = NONE;
	}
}

/* ---- steps 4 and 6: the order of dates ---- */

static int compare_dates(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	if (x->sent_s != y->sent_s)
		return x->sent_s < y->sent_s ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* By the items' index, which is the order of their UIDs; the node takes its place afterwards. */
static void order_nodes(struct forest *f)
{
	uint32_t *node_of_item = xcalloc(f->n_items + 1, sizeof *node_of_item);

	f->order = xcalloc(f->n_items + 1, sizeof *f->order);
	for (uint32_t i = 0; i < f->n; i++)
		if (!is_dummy(f, i))
			node_of_item[f->nodes[i].item] = i;
	for (size_t i = 0; i < f->n_items; i++)
		f->order[i] = (struct dated){ f->items[i].sent_s, (uint32_t)i };
	qsort(f->order, f->n_items, sizeof *f->order, compare_dates);
	for (size_t i = 0; i < f->n_items; i++)
		f->order[i].index = node_of_item[f->order[i].index];
	free(node_of_item);
}

static void append_child(struct forest *f, uint32_t parent, uint32_t child)
{
	struct node *p = &f->nodes[parent];

	if (p->first == NONE)
		p->first = child;
	else
		f->nodes[p->last].next = child;
	p->last = child;
}

/* Children and roots from parent pointers: a dummy stands where its first child would. */
static void plant(struct forest *f)
{
	f->n_roots = 0;
	for (uint32_t i = 0; i < f->n; i++)
		f->nodes[i].first = f->nodes[i].last = f->nodes[i].next = NONE;
	for (size_t i = 0; i < f->n_items; i++) {
		uint32_t node = f->order[i].index, parent = find_parent(f, node);
		f->nodes[node].parent = parent;
		if (parent == NONE) {
			f->roots[f->n_roots++] = node;
			continue;
		}
		if (is_dummy(f, parent) && f->nodes[parent].first == NONE)
			f->roots[f->n_roots++] = parent;
		append_child(f, parent, node);
	}
}

/* ---- step 5: threads of one base subject ---- */

static const struct message_thread_item *spokesman(const struct forest *f, uint32_t node)
{
	if (is_dummy(f, node))
		node = f->nodes[node].first;
	return &f->items[f->nodes[node].item];
}

static bool is_reply(const struct forest *f, uint32_t node)
{
	return !is_dummy(f, node) && f->items[f->nodes[node].item].is_reply;
}

/* Where the subject of this root stands in the table, or would. */
static uint32_t *slot_of(struct forest *f, struct bytes subject)
{
	size_t at = map_hash(subject) & f->mask;

	while (f->table[at] != NONE && !bytes_equal(spokesman(f, f->table[at])->base_subject, subject))
		at = (at + 1) & f->mask;
	return &f->table[at];
}

static void merge(struct forest *f, uint32_t *slot, uint32_t current)
{
	uint32_t known = *slot;

	if (is_dummy(f, known) || (is_reply(f, current) && !is_reply(f, known))) {
		f->nodes[current].parent = known;       /* two dummies: find_parent passes over the lower one */
		return;
	}
	uint32_t above = new_node(f, 0);
	f->nodes[above].first = known;                  /* its subject is theirs */
	f->nodes[known].parent = f->nodes[current].parent = above;
	*slot = above;
}

static void merge_subjects(struct forest *f)
{
	f->table = make_table(f->n_roots, &f->mask);
	for (size_t i = 0; i < f->n_roots; i++) {
		uint32_t current = f->roots[i];
		struct bytes subject = spokesman(f, current)->base_subject;
		uint32_t *slot = subject.len > 0 ? slot_of(f, subject) : NULL;
		if (slot == NULL)
			continue;
		bool is_better = *slot == NONE || (is_dummy(f, current) && !is_dummy(f, *slot)) || (is_reply(f, *slot) && !is_reply(f, current));
		if (is_better)
			*slot = current;
	}
	for (size_t i = 0; i < f->n_roots; i++) {
		uint32_t current = f->roots[i];
		struct bytes subject = spokesman(f, current)->base_subject;
		uint32_t *slot = subject.len > 0 ? slot_of(f, subject) : NULL;
		if (slot != NULL && *slot != current && f->nodes[current].parent == NONE)
			merge(f, slot, current);
	}
	free(f->table);
}

/* ---- the result ---- */

static void add_node(struct message_threads *threads, uint32_t uid, uint32_t depth, bool is_branch)
{
	threads->at[threads->n++] = (struct message_thread_node){ uid, depth, is_branch };
}

static void write_tree(const struct forest *f, uint32_t root, struct message_threads *threads)
{
	uint32_t at = root, depth = 0;

	for (;;) {
		const struct node *node = &f->nodes[at];
		bool is_branch = at == root || f->nodes[node->parent].first != f->nodes[node->parent].last;
		add_node(threads, node->item == NONE ? 0 : f->items[node->item].uid, depth, is_branch);
		if (node->first != NONE) {
			at = node->first;
			depth++;
			continue;
		}
		while (at != root && f->nodes[at].next == NONE) {
			at = f->nodes[at].parent;
			depth--;
		}
		if (at == root)
			return;
		at = f->nodes[at].next;
	}
}

void message_thread_by_references(const struct message_thread_item *items, size_t n, struct message_threads *threads)
{
	struct forest f = { .items = items, .n_items = n };

	link_all(&f);
	drop_dummies(&f);
	order_nodes(&f);
	f.roots = xcalloc(n + 1, sizeof *f.roots);
	plant(&f);
	merge_subjects(&f);
	plant(&f);
	*threads = (struct message_threads){ .at = xcalloc(2 * n + 1, sizeof *threads->at) };
	for (size_t i = 0; i < f.n_roots; i++)
		write_tree(&f, f.roots[i], threads);
	free(f.nodes);
	free(f.order);
	free(f.roots);
}

/* ---- ORDEREDSUBJECT ---- */

static int compare_subjects(const void *a, const void *b, void *owner)
{
	const struct message_thread_item *items = owner;
	const struct dated *x = a, *y = b;
	int order = bytes_compare(items[x->index].base_subject, items[y->index].base_subject);

	return order != 0 ? order : compare_dates(a, b);
}

static bool is_same_subject(const struct message_thread_item *items, const struct dated *x, const struct dated *y)
{
	return bytes_equal(items[x->index].base_subject, items[y->index].base_subject);
}

void message_thread_by_subject(const struct message_thread_item *items, size_t n, struct message_threads *threads)
{
	struct dated *all = xcalloc(n + 1, sizeof *all), *starts = xcalloc(n + 1, sizeof *starts);
	uint32_t *place = xcalloc(n + 1, sizeof *place);        /* of an item in all */
	size_t n_starts = 0;

	for (size_t i = 0; i < n; i++)
		all[i] = (struct dated){ items[i].sent_s, (uint32_t)i };
	qsort_r(all, n, sizeof *all, compare_subjects, (void *)items);
	for (size_t i = 0; i < n; i++) {
		place[all[i].index] = (uint32_t)i;
		if (i == 0 || !is_same_subject(items, &all[i - 1], &all[i]))
			starts[n_starts++] = all[i];
	}
	qsort(starts, n_starts, sizeof *starts, compare_dates);
	*threads = (struct message_threads){ .at = xcalloc(n + 1, sizeof *threads->at) };
	for (size_t i = 0; i < n_starts; i++) {
		size_t first = place[starts[i].index], end = first + 1;
		while (end < n && is_same_subject(items, &all[first], &all[end]))
			end++;
		for (size_t k = first; k < end; k++)
			add_node(threads, items[all[k].index].uid, k > first, k == first || end - first > 2);
	}
	free(all);
	free(starts);
	free(place);
}
