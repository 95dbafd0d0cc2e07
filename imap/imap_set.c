#include "imap/imap_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "imap/imap_argument.h"

/* *number 0 stands for "*". */
static bool take_number(struct bytes *rest, uint32_t *number)
{
	*number = 0;
	return imap_argument_octet(rest, '*') || (imap_argument_number(rest, number) && *number > 0);
}

static bool take_element(struct bytes *rest, uint32_t star, struct range *range)
{
	uint32_t first, last;

	if (!take_number(rest, &first))
		return false;
	last = first;
	if (imap_argument_octet(rest, ':') && !take_number(rest, &last))
		return false;
	if (first == 0)
		first = star > 0 ? star : last;
	if (last == 0)
		last = star > 0 ? star : first;
	*range = first <= last ? (struct range){ first, last } : (struct range){ last, first };
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Sort and join: a set written in any order costs no more than its length times the logarithm of it. */
static size_t normalize(struct range *at, size_t n)
{
	size_t kept = 0;

	if (n > 1)
		qsort(at, n, sizeof *at, compare);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && (at[kept - 1].last == UINT32_MAX || at[i].first <= at[kept - 1].last + 1)) {
			if (at[i].last > at[kept - 1].last)
				at[kept - 1].last = at[i].last;
		} else {
			at[kept++] = at[i];
		}
	}
	return kept;
}

bool imap_set_parse(struct bytes *rest, uint32_t star, struct arena *arena, struct ranges *set)
{
	struct bytes at = *rest;
	struct range *found = NULL;
	size_t n = 0, capacity = 0;

	do {
		struct range range;
		if (!take_element(&at, star, &range)) {
			free(found);
			return false;
		}
		if (range.first == 0)
			continue;
		if (n == capacity) {
			capacity = capacity ? 2 * capacity : 16;
			found = xreallocarray(found, capacity, sizeof *found);
		}
		found[n++] = range;
	} while (imap_argument_octet(&at, ','));

	n = normalize(found, n);
	*set = (struct ranges){ 0 };
	if (found) {
		set->at = arena_alloc(arena, n * sizeof *found);
		memcpy(set->at, found, n * sizeof *found);
		set->n = set->capacity = n;
	}
	free(found);
	*rest = at;
	return true;
}

void imap_set_format(const struct ranges *set, struct buffer *out)
{
	for (size_t i = 0; i < set->n; i++) {
		if (i > 0)
			buffer_add_octet(out, ',');
		buffer_add_u64(out, set->at[i].first);
		if (set->at[i].last == set->at[i].first)
			continue;
		buffer_add_octet(out, ':');
		buffer_add_u64(out, set->at[i].last);
	}
}
