#include "mailstore/care.h"

#include "base/clock.h"
#include "mailstore/store_ballast.h"
#include "mailstore/store_context.h"
#include "mailstore/store_expiry.h"
#include "mailstore/store_file.h"
#include "mailstore/store_journal_row.h"
#include "mailstore/store_lease.h"
#include "mailstore/store_log.h"
#include "mailstore/store_open.h"
#include "mailstore/store_reaper.h"
#include "mailstore/store_received.h"
#include "mailstore/store_request.h"
#include "mailstore/store_thread_id.h"
#include "mailstore/store_vacuum.h"

#define BEHIND_FACTOR 5                 /* more time while the last call left old messages */

struct maintain_request {
	struct store_request request;
	unsigned budget_ms;
	int64_t deadline_ms;
	size_t step;
	bool step_is_over;              /* of the part that runs */
	struct store_reaped reaped;
	store_done_fn *done;
	void *owner;
};

static bool forget_threads(struct store_context *context, struct store_reaped *reaped)
{
	(void)reaped;
	store_thread_id_prune(context);
	return true;
}

static bool free_dead_leases(struct store_context *context, struct store_reaped *reaped)
{
	(void)reaped;
	store_lease_release_dead(&context->store->lease, context->db, context->now_s);
	return true;
}

static bool forget_received(struct store_context *context, struct store_reaped *reaped)
{
	(void)reaped;
	store_received_prune(context);
	return true;
}

static bool forget_journal(struct store_context *context, struct store_reaped *reaped)
{
	(void)reaped;
	return store_journal_row_prune(context);
}

static bool expire(struct store_context *context, struct store_reaped *reaped)
{
	(void)reaped;
	return store_expiry_run(context);
}

static bool vacuum(struct store_context *context, struct store_reaped *reaped)
{
	(void)reaped;
	return store_vacuum_run(context);
}

/* True: nothing is left to do for now. */
static bool (*const steps[])(struct store_context *, struct store_reaped *) = {
	free_dead_leases, expire, store_reaper_messages, store_reaper_tombstones, forget_received, forget_journal, forget_threads, store_reaper_strays, vacuum,
};

#define N_STEPS (sizeof steps / sizeof *steps)

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct maintain_request *self = (struct maintain_request *)request;
	struct store *store = context->store;
	int64_t now_ms = clock_monotonic_ms();

	if (self->deadline_ms == 0)
		self->deadline_ms = now_ms + self->budget_ms * (store->is_behind ? BEHIND_FACTOR : 1);
	self->reaped.n_files = 0;
	self->step_is_over = steps[self->step](context, &self->reaped);
	if (steps[self->step] == store_reaper_messages)
		store->is_behind = !self->step_is_over;
	bool is_last = self->step_is_over && self->step + 1 == N_STEPS;
	return is_last || clock_monotonic_ms() >= self->deadline_ms ? STORE_RUN_DONE : STORE_RUN_MORE;
}

static void committed(struct store_request *request, struct store_context *context)
{
	struct maintain_request *self = (struct maintain_request *)request;

	self->step += self->step_is_over;
	for (size_t i = 0; i < self->reaped.n_files; i++)
		store_file_remove(context->store->dir_fd, self->reaped.files[i]);
}

static void complete(struct store_request *request)
{
	struct maintain_request *self = (struct maintain_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

/* What must not lie in a transaction. */
static enum store_run run_beside(struct store_request *request, struct store_context *context)
{
	(void)request;
	store_ballast_keep(context->store);
	store_log_rest(context);
	return STORE_RUN_DONE;
}

static const struct store_request_ops beside_ops = {
	.name = "maintain-beside", .thread = STORE_BESIDE_WRITER, .run = run_beside, .complete = complete,
};

static const struct store_request_ops ops = {
	.name = "maintain", .thread = STORE_IN_WRITER, .run = run, .next = &beside_ops, .committed = committed, .complete = complete,
};

struct store_request *store_maintain(struct store_client *client, unsigned budget_ms, store_done_fn *done, void *owner)
{
	struct maintain_request *self = store_request_create(client, &ops, sizeof *self);

	self->budget_ms = budget_ms;
	self->reaped.files = arena_alloc(&self->request.arena, STORE_REAPER_PART_ROWS * sizeof *self->reaped.files);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
