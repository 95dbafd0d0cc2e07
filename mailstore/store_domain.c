#include "mailstore/users.h"

#include "base/text.h"
#include "mailstore/store_account.h"
#include "mailstore/store_request.h"

#define DOMAIN_MAX 255

struct domain_request {
	struct store_request request;
	struct bytes domain;            /* lower case, in the arena */
	bool catch_all;
	store_done_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct domain_request *self = (struct domain_request *)request;
	struct database_statement *s;

	if (store_account_domain(context, self->domain, NULL)) {
		error_set(&request->error, ERROR_EXISTS, "domain %s exists", self->domain.at);
		return STORE_RUN_FAILED;
	}
	s = database_statement_begin(context->db, "INSERT INTO domain(name, catch_all) VALUES(?, ?)");
	database_statement_bind_bytes(s, 1, self->domain);
	database_statement_bind_int(s, 2, self->catch_all);
	database_statement_run(s);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct domain_request *self = (struct domain_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static const struct store_request_ops ops = {
	.name = "domain-add", .thread = STORE_IN_WRITER, .grows = true, .run = run, .complete = complete,
};

static bool is_domain(struct bytes text)
{
	if (text.len == 0 || text.len > DOMAIN_MAX || !text_is_utf8(text))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == '@' || text.at[i] == 0x7f)
			return false;
	return true;
}

struct store_request *store_domain_add(struct store_client *client, struct bytes domain, bool catch_all, store_done_fn *done, void *owner)
{
	struct domain_request *self = store_request_create(client, &ops, sizeof *self);
	char *text = arena_printf(&self->request.arena, "%.*s", BYTES_PRINT(domain));

	text_lower_bytes(text, strlen(text));
	self->domain = bytes_text(text);
	self->catch_all = catch_all;
	self->done = done;
	self->owner = owner;
	if (!is_domain(domain))
		error_set(&self->request.error, ERROR_SYNTAX, "\"%s\" is not a domain", text);
	return store_request_submit(&self->request);
}
