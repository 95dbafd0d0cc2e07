#include "base/budget.h"

#include <pthread.h>
#include <stdint.h>

#include "tests/support/check.h"

static void *take_and_give(void *budget)
{
	for (int i = 0; i < 20000; i++) {
		if (budget_take(budget, 30))
			budget_give(budget, 30);
	}
	return NULL;
}

static const struct step_row {
	const char *claim;
	char verb;                      /* 't' take, 'f' force, 'g' give, 'l' limit */
	size_t size;
	bool taken;
	size_t used;
	bool tight;
} steps[] = {
	{ "work that fits", 't', 80, true, 80, false },
	{ "above 80 % it is tight", 't', 10, true, 90, true },
	{ "too much takes nothing", 't', 11, false, 90, true },
	{ "the last octet", 't', 10, true, 100, true },
	{ "nothing more", 't', 1, false, 100, true },
	{ "a size that would wrap", 't', SIZE_MAX, false, 100, true },
	{ "admitted work goes on", 'f', 50, true, 150, true },
	{ "past the limit new work waits", 't', 0, false, 150, true },
	{ "given back", 'g', 100, true, 50, false },
	{ "a smaller limit", 'l', 50, true, 50, true },
	{ "a larger limit", 'l', 1000, true, 50, false },
	{ "all given back", 'g', 50, true, 0, false },
};

int main(void)
{
	struct budget *budget = budget_create(100);
	pthread_t threads[4];

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		const struct step_row *row = &steps[i];
		bool taken = true;
		if (row->verb == 't')
			taken = budget_take(budget, row->size);
		else if (row->verb == 'f')
			budget_force(budget, row->size);
		else if (row->verb == 'g')
			budget_give(budget, row->size);
		else
			budget_set_limit(budget, row->size);
		CHECK_ROW(taken == row->taken, row->claim);
		CHECK_ROW(budget_used(budget) == row->used, row->claim);
		CHECK_ROW(budget_is_tight(budget) == row->tight, row->claim);
	}
	budget_set_limit(budget, 100);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_and_give, budget);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_ROW(budget_used(budget) == 0, "four threads give back what they took");
	budget_set_limit(budget, 0);
	CHECK(budget_limit(budget) > 0 && budget_limit(budget) <= (size_t)1 << 30);
	budget_destroy(budget);
	budget_destroy(NULL);
	CHECK(budget_take(NULL, 5) && budget_used(NULL) == 0 && !budget_is_tight(NULL));
	budget_force(NULL, 5);
	budget_give(NULL, 5);
	return check_finish();
}
