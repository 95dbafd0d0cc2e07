#include "mailstore/store_context.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

void store_context_start(struct store_context *context, unsigned budget_ms)
{
	context->now_s = clock_now_s();
	context->deadline_ms = clock_monotonic_ms() + budget_ms;
}

bool store_context_is_late(const struct store_context *context, size_t n_rows)
{
	return n_rows % 64 == 63 && clock_monotonic_ms() >= context->deadline_ms;
}

void store_context_touch(struct store_context *context, int64_t mailbox_id, uint64_t modseq)
{
	if (context->n_hints == context->hints_capacity) {
		context->hints_capacity = context->hints_capacity > 0 ? 2 * context->hints_capacity : 64;
		context->hints = xreallocarray(context->hints, context->hints_capacity, sizeof *context->hints);
	}
	context->hints[context->n_hints++] = (struct store_hint){ mailbox_id, modseq };
}

static int compare_hints(const void *a, const void *b)
{
	const struct store_hint *x = a, *y = b;

	if (x->mailbox_id != y->mailbox_id)
		return x->mailbox_id < y->mailbox_id ? -1 : 1;
	return x->modseq < y->modseq ? 1 : x->modseq > y->modseq ? -1 : 0;
}

void store_context_coalesce(struct store_context *context)
{
	size_t n = 0;

	if (context->n_hints > 0)
		qsort(context->hints, context->n_hints, sizeof *context->hints, compare_hints);
	for (size_t i = 0; i < context->n_hints; i++)
		if (n == 0 || context->hints[n - 1].mailbox_id != context->hints[i].mailbox_id)
			context->hints[n++] = context->hints[i];
	context->n_hints = n;
}

void store_context_release(struct store_context *context)
{
	store_stored_release(&context->stored);
	free(context->hints);
	context->hints = NULL;
	context->n_hints = context->hints_capacity = 0;
}
