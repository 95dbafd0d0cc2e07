#include "mailstore/users.h"

#include "mailstore/store_account.h"
#include "mailstore/store_request.h"

enum error_kind store_target_judge(const struct store_target *target, uint64_t octets, int64_t now_s)
{
	if (target->user_id == STORE_USER_GONE)
		return ERROR_NOT_FOUND;
	if (target->user_id <= 0)
		return ERROR_NONE;
	if (target->disabled)
		return ERROR_DENIED;
	if (target->quota == 0 || (target->used <= target->quota && octets <= target->quota - target->used))
		return ERROR_NONE;
	return target->full_since_s != 0 && now_s - target->full_since_s >= STORE_QUOTA_GRACE_S ? ERROR_LIMIT : ERROR_FULL;
}

struct grace_request {
	struct store_request request;
	int64_t user_id;
	store_done_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	store_account_start_grace(context, ((struct grace_request *)request)->user_id);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct grace_request *self = (struct grace_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static const struct store_request_ops ops = {
	.name = "start-grace", .thread = STORE_IN_WRITER, .run = run, .complete = complete,
};

struct store_request *store_user_start_grace(struct store_client *client, int64_t user_id, store_done_fn *done, void *owner)
{
	struct grace_request *self = store_request_create(client, &ops, sizeof *self);

	self->user_id = user_id;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
