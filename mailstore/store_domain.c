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
	store_domain_fn *domains_done;
	void *owner;
	struct store_domain *domains;   /* list: in the arena */
	size_t n, capacity;
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

static struct domain_request *create(struct store_client *client, const struct store_request_ops *ops, struct bytes domain,
                                     store_done_fn *done, void *owner)
{
	struct domain_request *self = store_request_create(client, ops, sizeof *self);
	char *text = arena_printf(&self->request.arena, "%.*s", BYTES_PRINT(domain));

	text_lower_bytes(text, strlen(text));
	self->domain = bytes_text(text);
	self->done = done;
	self->owner = owner;
	if (!is_domain(domain))
		error_set(&self->request.error, ERROR_SYNTAX, "\"%s\" is not a domain", text);
	return self;
}

static void complete(struct store_request *request)
{
	struct domain_request *self = (struct domain_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static enum store_run not_found(struct domain_request *self)
{
	error_set(&self->request.error, ERROR_NOT_FOUND, "%s is not a domain of this store", self->domain.at);
	return STORE_RUN_FAILED;
}

static enum store_run run_add(struct store_request *request, struct store_context *context)
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

static const struct store_request_ops add_ops = {
	.name = "domain-add", .thread = STORE_IN_WRITER, .grows = true, .run = run_add, .complete = complete,
};

struct store_request *store_domain_add(struct store_client *client, struct bytes domain, bool catch_all, store_done_fn *done, void *owner)
{
	struct domain_request *self = create(client, &add_ops, domain, done, owner);

	if (self->request.error.kind == ERROR_NONE && !text_is_host_name(self->domain))
		error_set(&self->request.error, ERROR_SYNTAX, "\"%s\" is not a domain (letters, digits, hyphens, dots; other scripts in their xn-- form)",
		          self->domain.at);
	self->catch_all = catch_all;
	return store_request_submit(&self->request);
}

static enum store_run run_set(struct store_request *request, struct store_context *context)
{
	struct domain_request *self = (struct domain_request *)request;
	struct database_statement *s = database_statement_begin(context->db, "UPDATE domain SET catch_all = ? WHERE name = ?");

	database_statement_bind_int(s, 1, self->catch_all);
	database_statement_bind_bytes(s, 2, self->domain);
	if (database_statement_run(s) == 0 && !database_failed(context->db))
		return not_found(self);
	return STORE_RUN_DONE;
}

static const struct store_request_ops set_ops = {
	.name = "domain-set", .thread = STORE_IN_WRITER, .run = run_set, .complete = complete,
};

struct store_request *store_domain_set(struct store_client *client, struct bytes domain, bool catch_all, store_done_fn *done, void *owner)
{
	struct domain_request *self = create(client, &set_ops, domain, done, owner);

	self->catch_all = catch_all;
	return store_request_submit(&self->request);
}

/* ---- what lives there ---- */

/* Is column in the domain d? */
#define IN_DOMAIN(column, d) "lower(substr(" column ", -length(" d ") - 1)) = '@' || lower(" d ")"

static int64_t count(struct store_context *context, const char *literal, struct bytes domain)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_bytes(s, 1, domain);
	return database_statement_one(s, 0);
}

static const char *plural(int64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

static enum store_run run_delete(struct store_request *request, struct store_context *context)
{
	struct domain_request *self = (struct domain_request *)request;
	struct database_statement *s;

	if (!store_account_domain(context, self->domain, NULL))
		return not_found(self);
	int64_t n_users = count(context, "SELECT count(*) FROM user WHERE " IN_DOMAIN("name", "?1"), self->domain);
	int64_t n_aliases = count(context, "SELECT count(DISTINCT address) FROM alias WHERE " IN_DOMAIN("address", "?1") " OR " IN_DOMAIN("target", "?1"), self->domain);
	if (n_users > 0 || n_aliases > 0) {
		error_set(&request->error, ERROR_EXISTS, "%s still has %lld %s, and %lld %s in it or to it: delete them first", self->domain.at,
		          (long long)n_users, plural(n_users, "user", "users"), (long long)n_aliases, plural(n_aliases, "alias", "aliases"));
		return STORE_RUN_FAILED;
	}
	s = database_statement_begin(context->db, "DELETE FROM domain WHERE name = ?");
	database_statement_bind_bytes(s, 1, self->domain);
	database_statement_run(s);
	return STORE_RUN_DONE;
}

static const struct store_request_ops delete_ops = {
	.name = "domain-delete", .thread = STORE_IN_WRITER, .run = run_delete, .complete = complete,
};

struct store_request *store_domain_delete(struct store_client *client, struct bytes domain, store_done_fn *done, void *owner)
{
	return store_request_submit(&create(client, &delete_ops, domain, done, owner)->request);
}

static void add_row(struct domain_request *self, struct database_statement *s)
{
	struct arena *arena = &self->request.arena;

	if (self->n == self->capacity) {
		size_t capacity = self->capacity > 0 ? 4 * self->capacity : 16;
		struct store_domain *larger = arena_alloc(arena, capacity * sizeof *larger);
		if (self->n > 0)
			memcpy(larger, self->domains, self->n * sizeof *larger);
		self->domains = larger;
		self->capacity = capacity;
	}
	self->domains[self->n++] = (struct store_domain){
		.name = database_statement_text(s, 0, arena), .catch_all = database_statement_int(s, 1) != 0,
	};
}

/* All of them, then what each has: few domains, and nobody waits for this. */
static enum store_run run_list(struct store_request *request, struct store_context *context)
{
	struct domain_request *self = (struct domain_request *)request;
	struct database_statement *s = database_statement_begin(context->db, "SELECT name, catch_all FROM domain ORDER BY name");

	while (database_statement_step(s))
		add_row(self, s);
	for (size_t i = 0; i < self->n; i++) {
		struct store_domain *domain = &self->domains[i];
		domain->n_users = (uint64_t)count(context, "SELECT count(*) FROM user WHERE " IN_DOMAIN("name", "?1"), bytes_text(domain->name));
		domain->n_aliases = (uint64_t)count(context, "SELECT count(DISTINCT address) FROM alias WHERE " IN_DOMAIN("address", "?1"), bytes_text(domain->name));
	}
	return database_failed(context->db) ? STORE_RUN_FAILED : STORE_RUN_DONE;
}

static void complete_list(struct store_request *request)
{
	struct domain_request *self = (struct domain_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->domains_done(self->owner, failed ? &request->error : NULL, self->domains, failed ? 0 : self->n);
}

static const struct store_request_ops list_ops = {
	.name = "domain-list", .thread = STORE_IN_READER, .run = run_list, .complete = complete_list,
};

struct store_request *store_domain_list(struct store_client *client, store_domain_fn *done, void *owner)
{
	struct domain_request *self = store_request_create(client, &list_ops, sizeof *self);

	self->domains_done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
