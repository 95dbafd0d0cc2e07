/*
 * budget: how much memory the work of peers may take in this process (limits.memory).
 * Counts staged bodies, literals, input and output buffers, and what SORT and THREAD hold.  Thread-safe.  One per process,
 * handed around as a parameter; NULL means "not counted".
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct budget;

/* limit in octets; 0 chooses the lesser of 1 GiB and a quarter of RAM. */
struct budget *budget_create(size_t limit);
void budget_destroy(struct budget *);
void budget_set_limit(struct budget *, size_t limit);

/* Take size octets for new work: false (nothing taken) when the sum would pass 100 %. */
bool budget_take(struct budget *, size_t size);
/* Take for work already admitted, past the limit if need be: it must end to give memory back. */
void budget_force(struct budget *, size_t size);
void budget_give(struct budget *, size_t size);

size_t budget_used(const struct budget *);
size_t budget_limit(const struct budget *);
/* Above 80 %: bodies spill to files and reading pauses. */
bool budget_is_tight(const struct budget *);

#endif
