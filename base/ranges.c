#include "base/ranges.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void ranges_release(struct ranges *set)
{
	free(set->at);
	*set = (struct ranges){ 0 };
}

void ranges_clear(struct ranges *set)
{
	set->n = 0;
}

static void make_room(struct ranges *set, size_t n)
{
	if (n <= set->capacity)
		return;
	size_t capacity = set->capacity * 2 > n ? set->capacity * 2 : n;
	if (capacity < 4)
		capacity = 4;
	set->at = xreallocarray(set->at, capacity, sizeof *set->at);
	set->capacity = capacity;
}

void ranges_copy(struct ranges *to, const struct ranges *from)
{
	if (to == from)
		return;
	make_room(to, from->n);
	if (from->n > 0)
		memcpy(to->at, from->at, from->n * sizeof *from->at);
	to->n = from->n;
}

/* Index of the first range whose last is not below number; set->n when there is none. */
static size_t find(const struct ranges *set, uint32_t number)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->at[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Put n new ranges in the place of at[from..to). */
static void replace(struct ranges *set, size_t from, size_t to, const struct range *with, size_t n)
{
	make_room(set, set->n - (to - from) + n);
	if (set->n > to)
		memmove(set->at + from + n, set->at + to, (set->n - to) * sizeof *set->at);
	if (n > 0)
		memcpy(set->at + from, with, n * sizeof *with);
	set->n = set->n - (to - from) + n;
}

void ranges_add(struct ranges *set, uint32_t number)
{
	ranges_add_range(set, number, number);
}

void ranges_add_range(struct ranges *set, uint32_t first, uint32_t last)
{
	struct range joined = { first, last };

	assert(first <= last);
	/* a neighbour that only touches is joined too: none adjacent */
	size_t from = find(set, first > 0 ? first - 1 : 0), to = from;
	while (to < set->n && (last == UINT32_MAX || set->at[to].first <= last + 1))
		to++;
	if (from < to) {
		if (set->at[from].first < first)
			joined.first = set->at[from].first;
		if (set->at[to - 1].last > last)
			joined.last = set->at[to - 1].last;
	}
	replace(set, from, to, &joined, 1);
}

/* Append to a set that is built in rising order. */
static void append(struct ranges *set, struct range r)
{
	struct range *tail = set->n > 0 ? &set->at[set->n - 1] : NULL;

	if (tail != NULL && (tail->last == UINT32_MAX || r.first <= tail->last + 1)) {
		if (r.last > tail->last)
			tail->last = r.last;
		return;
	}
	make_room(set, set->n + 1);
	set->at[set->n++] = r;
}

void ranges_add_all(struct ranges *set, const struct ranges *other)
{
	struct ranges sum = { 0 };
	size_t i = 0, j = 0;

	make_room(&sum, set->n + other->n);
	while (i < set->n || j < other->n) {
		if (j == other->n || (i < set->n && set->at[i].first <= other->at[j].first))
			append(&sum, set->at[i++]);
		else
			append(&sum, other->at[j++]);
	}
	free(set->at);
	*set = sum;
}

void ranges_remove(struct ranges *set, uint32_t number)
{
	ranges_remove_range(set, number, number);
}

void ranges_remove_range(struct ranges *set, uint32_t first, uint32_t last)
{
	struct range kept[2];
	size_t n_kept = 0, from = find(set, first), to = from;

	assert(first <= last);
	while (to < set->n && set->at[to].first <= last)
		to++;
	if (from == to)
		return;
	if (set->at[from].first < first)
		kept[n_kept++] = (struct range){ set->at[from].first, first - 1 };
	if (set->at[to - 1].last > last)
		kept[n_kept++] = (struct range){ last + 1, set->at[to - 1].last };
	replace(set, from, to, kept, n_kept);
}

void ranges_remove_all(struct ranges *set, const struct ranges *other)
{
	struct ranges left = { 0 };
	size_t j = 0;

	if (set == other) {
		ranges_clear(set);
		return;
	}
	for (size_t i = 0; i < set->n; i++) {
		struct range r = set->at[i];
		bool gone = false;
		while (j < other->n && other->at[j].last < r.first)
			j++;
		for (size_t k = j; k < other->n && other->at[k].first <= r.last && !gone; k++) {
			if (other->at[k].first > r.first)
				append(&left, (struct range){ r.first, other->at[k].first - 1 });
			gone = other->at[k].last >= r.last;
			if (!gone)
				r.first = other->at[k].last + 1;
		}
		if (!gone)
			append(&left, r);
	}
	free(set->at);
	*set = left;
}

void ranges_intersect(struct ranges *set, const struct ranges *other)
{
	struct ranges common = { 0 };
	size_t i = 0, j = 0;

	while (i < set->n && j < other->n) {
		struct range a = set->at[i], b = other->at[j];
		uint32_t first = a.first > b.first ? a.first : b.first, last = a.last < b.last ? a.last : b.last;
		if (first <= last)
			append(&common, (struct range){ first, last });
		if (a.last < b.last)
			i++;
		else
			j++;
	}
	free(set->at);
	*set = common;
}

bool ranges_contains(const struct ranges *set, uint32_t number)
{
	size_t i = find(set, number);

	return i < set->n && set->at[i].first <= number;
}

bool ranges_is_empty(const struct ranges *set)
{
	return set->n == 0;
}

static uint64_t length(struct range r)
{
	return (uint64_t)r.last - r.first + 1;
}

uint64_t ranges_count(const struct ranges *set)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < set->n; i++)
		sum += length(set->at[i]);
	return sum;
}

uint32_t ranges_first(const struct ranges *set)
{
	return set->n > 0 ? set->at[0].first : 0;
}

uint32_t ranges_last(const struct ranges *set)
{
	return set->n > 0 ? set->at[set->n - 1].last : 0;
}

uint32_t ranges_position(const struct ranges *set, uint32_t number)
{
	size_t found = find(set, number);
	uint64_t before = 0;

	if (found == set->n || set->at[found].first > number)
		return 0;
	for (size_t i = 0; i < found; i++)
		before += length(set->at[i]);
	return (uint32_t)(before + number - set->at[found].first + 1);
}

bool ranges_next(const struct ranges *set, uint32_t *cursor, uint32_t *number)
{
	/* the cursor is the last number given: it must not run over at the largest */
	if (*cursor == UINT32_MAX)
		return false;
	uint32_t next = *cursor + 1;
	size_t i = find(set, next);
	if (i == set->n)
		return false;
	*cursor = *number = set->at[i].first > next ? set->at[i].first : next;
	return true;
}
