#include "base/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "tests/support/check.h"

#define NUMBERS 64                      /* the model below knows 1..NUMBERS */

static const char *text_of(const struct ranges *set)
{
	static struct buffer text;

	buffer_clear(&text);
	buffer_add_text(&text, "");
	for (size_t i = 0; i < set->n; i++)
		buffer_printf(&text, "%s%u-%u", i > 0 ? " " : "", set->at[i].first, set->at[i].last);
	return text.at;
}

static const struct range_row {
	const char *claim;
	char verb;                      /* '+' or '-' */
	uint32_t first, last;
	const char *want;
} steps[] = {
	{ "the first", '+', 10, 19, "10-19" },
	{ "apart and above", '+', 30, 39, "10-19 30-39" },
	{ "apart and below", '+', 1, 5, "1-5 10-19 30-39" },
	{ "already there", '+', 12, 15, "1-5 10-19 30-39" },
	{ "touching the end joins", '+', 20, 20, "1-5 10-20 30-39" },
	{ "touching the front joins", '+', 9, 9, "1-5 9-20 30-39" },
	{ "one over several joins them", '+', 4, 29, "1-39" },
	{ "the largest number", '+', UINT32_MAX, UINT32_MAX, "1-39 4294967295-4294967295" },
	{ "touching the largest joins", '+', UINT32_MAX - 1, UINT32_MAX - 1, "1-39 4294967294-4294967295" },
	{ "a hole", '-', 10, 20, "1-9 21-39 4294967294-4294967295" },
	{ "nothing there", '-', 12, 15, "1-9 21-39 4294967294-4294967295" },
	{ "two ends", '-', 9, 21, "1-8 22-39 4294967294-4294967295" },
	{ "the front", '-', 1, 1, "2-8 22-39 4294967294-4294967295" },
	{ "over several", '-', 8, 4294967294, "2-7 4294967295-4294967295" },
	{ "all of it", '-', 1, UINT32_MAX, "" },
};

/* A set and the same as a table of booleans: after every step they must agree. */
struct model {
	struct ranges set;
	bool has[NUMBERS + 1];
};

static bool is_canonical(const struct ranges *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->at[i].first > set->at[i].last || (i > 0 && set->at[i].first <= set->at[i - 1].last + 1))
			return false;
	}
	return true;
}

static bool agrees(const struct model *m)
{
	uint32_t position = 0, cursor = 0, number = 0;

	if (!is_canonical(&m->set))
		return false;
	for (uint32_t i = 1; i <= NUMBERS; i++) {
		if (ranges_contains(&m->set, i) != m->has[i])
			return false;
		position += m->has[i];
		if (ranges_position(&m->set, i) != (m->has[i] ? position : 0))
			return false;
		if (m->has[i] && (!ranges_next(&m->set, &cursor, &number) || number != i))
			return false;
	}
	return ranges_count(&m->set) == position && !ranges_next(&m->set, &cursor, &number);
}

static void check_against_model(void)
{
	struct model a = { 0 }, b = { 0 };
	bool held = true;

	srand(1);
	for (int round = 0; round < 20000 && held; round++) {
		uint32_t first = 1 + (uint32_t)rand() % NUMBERS, last = first + (uint32_t)rand() % 12;
		if (last > NUMBERS)
			last = NUMBERS;
		struct model *m = rand() % 2 ? &a : &b;
		int verb = rand() % 24;
		if (verb < 12) {
			verb < 6 ? ranges_add_range(&m->set, first, last) : ranges_remove_range(&m->set, first, last);
			for (uint32_t i = first; i <= last; i++)
				m->has[i] = verb < 6;
		} else if (verb < 21) {
			static void (*const all[])(struct ranges *, const struct ranges *) = {
				ranges_add_all, ranges_remove_all, ranges_intersect,
			};
			all[verb % 3](&a.set, &b.set);
			for (uint32_t i = 1; i <= NUMBERS; i++)
				a.has[i] = verb % 3 == 0 ? a.has[i] || b.has[i] : verb % 3 == 1 ? a.has[i] && !b.has[i] : a.has[i] && b.has[i];
		} else {
			ranges_copy(&a.set, &b.set);
			memcpy(a.has, b.has, sizeof a.has);
		}
		held = agrees(&a) && agrees(&b);
	}
	CHECK_ROW(held, "20,000 random steps agree with a table of booleans");
	ranges_release(&a.set);
	ranges_release(&b.set);
}

int main(void)
{
	struct ranges set = { 0 };
	uint32_t cursor = 0, number = 0;

	CHECK(ranges_is_empty(&set) && ranges_first(&set) == 0 && ranges_last(&set) == 0);
	CHECK(!ranges_contains(&set, 1) && ranges_position(&set, 1) == 0);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (steps[i].verb == '+')
			ranges_add_range(&set, steps[i].first, steps[i].last);
		else
			ranges_remove_range(&set, steps[i].first, steps[i].last);
		CHECK_TEXT(text_of(&set), steps[i].want, steps[i].claim);
	}
	ranges_add_range(&set, 1, UINT32_MAX);
	CHECK(ranges_count(&set) == UINT32_MAX && ranges_position(&set, UINT32_MAX) == UINT32_MAX);
	CHECK(ranges_first(&set) == 1 && ranges_last(&set) == UINT32_MAX);
	cursor = UINT32_MAX - 1;
	CHECK(ranges_next(&set, &cursor, &number) && number == UINT32_MAX && !ranges_next(&set, &cursor, &number));
	ranges_remove_all(&set, &set);
	CHECK(ranges_is_empty(&set));
	ranges_add(&set, 7);
	ranges_remove(&set, 8);
	ranges_add_all(&set, &set);
	CHECK_TEXT(text_of(&set), "7-7", "a set added to itself");
	ranges_clear(&set);
	CHECK(ranges_is_empty(&set));
	ranges_release(&set);
	check_against_model();
	return check_finish();
}
