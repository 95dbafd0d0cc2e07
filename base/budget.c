#include "base/budget.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

#define DEFAULT_LIMIT (UINT64_C(1) << 30)

struct budget {
	_Atomic size_t used, limit;
};

static size_t choose_limit(size_t limit)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (limit > 0)
		return limit;
	if (pages <= 0 || page <= 0)
		return DEFAULT_LIMIT;
	uint64_t quarter = (uint64_t)pages * (uint64_t)page / 4;
	return (size_t)(quarter < DEFAULT_LIMIT ? quarter : DEFAULT_LIMIT);
}

struct budget *budget_create(size_t limit)
{
	struct budget *budget = xcalloc(1, sizeof *budget);

	budget_set_limit(budget, limit);
	return budget;
}

void budget_destroy(struct budget *budget)
{
	free(budget);
}

void budget_set_limit(struct budget *budget, size_t limit)
{
	if (budget != NULL)
		atomic_store(&budget->limit, choose_limit(limit));
}

bool budget_take(struct budget *budget, size_t size)
{
	if (budget == NULL)
		return true;
	size_t limit = atomic_load(&budget->limit), used = atomic_load(&budget->used);
	do {
		if (used > limit || size > limit - used)
			return false;
	} while (!atomic_compare_exchange_weak(&budget->used, &used, used + size));
	return true;
}

void budget_force(struct budget *budget, size_t size)
{
	if (budget != NULL)
		atomic_fetch_add(&budget->used, size);
}

void budget_give(struct budget *budget, size_t size)
{
	if (budget == NULL)
		return;
	size_t before = atomic_fetch_sub(&budget->used, size);
	assert(before >= size);
}

size_t budget_used(const struct budget *budget)
{
	return budget != NULL ? atomic_load(&budget->used) : 0;
}

size_t budget_limit(const struct budget *budget)
{
	return budget != NULL ? atomic_load(&budget->limit) : SIZE_MAX;
}

bool budget_is_tight(const struct budget *budget)
{
	return budget != NULL && budget_used(budget) > budget_limit(budget) / 5 * 4;
}
