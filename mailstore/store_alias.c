#include "mailstore/users.h"

#include "base/text.h"
#include "mailstore/store_account.h"
#include "mailstore/store_address.h"
#include "mailstore/store_request.h"

struct alias_request {
	struct store_request request;
	struct bytes address, domain;   /* lower case; @domain has no local part */
	struct bytes *targets;          /* add: as given; delete: none or one */
	size_t n_targets;
	bool is_forced;
	store_done_fn *done;
	store_alias_fn *aliases_done;
	void *owner;
	struct store_alias *aliases;    /* list: in the arena */
	size_t n, capacity;
};

/* Lower case, in the arena. */
static struct bytes lower(struct arena *arena, struct bytes text)
{
	char *copy = arena_printf(arena, "%.*s", BYTES_PRINT(text));

	text_lower_bytes(copy, text.len);
	return bytes_of(copy, text.len);
}

/* local@domain, or @domain. */
static bool parse_address(struct alias_request *self, struct bytes text)
{
	struct store_address address;
	struct arena *arena = &self->request.arena;

	if (text.len > 1 && text.at[0] == '@' && bytes_find(bytes_skip(text, 1), '@') == text.len - 1) {
		/* what holds of any local part holds of this one */
		char *somebody = arena_printf(arena, "x%.*s", BYTES_PRINT(text));
		if (!store_address_parse(bytes_text(somebody), arena, &address))
			return false;
		self->address = lower(arena, text);
		self->domain = address.domain;
		return true;
	}
	if (!store_address_parse(text, arena, &address))
		return false;
	self->address = address.all;
	self->domain = address.domain;
	return true;
}

static struct alias_request *create(struct store_client *client, const struct store_request_ops *ops, struct bytes address,
                                    store_done_fn *done, void *owner)
{
	struct alias_request *self = store_request_create(client, ops, sizeof *self);

	self->done = done;
	self->owner = owner;
	if (!parse_address(self, address))
		error_set(&self->request.error, ERROR_SYNTAX, "%.*s is not an address local@domain or @domain", BYTES_PRINT(address));
	return self;
}

static void complete(struct store_request *request)
{
	struct alias_request *self = (struct alias_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static bool exists(struct store_context *context, const char *literal, struct bytes a, struct bytes b)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_bytes(s, 1, a);
	database_statement_bind_bytes(s, 2, b);
	return database_statement_one(s, 0) != 0;
}

/* ---- adding ---- */

static bool is_user_or_alias(struct store_context *context, struct bytes name)
{
	return exists(context, "SELECT EXISTS(SELECT 1 FROM user WHERE name = ?1) OR EXISTS(SELECT 1 FROM alias WHERE address = ?2)", name, name);
}

/* Would mail for this address of ours be taken? */
static bool leads_somewhere(struct alias_request *self, struct store_context *context, const struct store_address *target, bool catch_all)
{
	struct store_address plain;
	struct bytes domain = bytes_text(arena_printf(&self->request.arena, "@%.*s", BYTES_PRINT(target->domain)));

	return catch_all || store_address_is_role(target) || is_user_or_alias(context, target->all) ||
	       (store_address_without_tag(target, &self->request.arena, &plain) && is_user_or_alias(context, plain.all)) ||
	       is_user_or_alias(context, domain);
}

static bool check_target(struct alias_request *self, struct store_context *context, struct bytes *text)
{
	struct error *err = &self->request.error;
	struct store_address target;
	bool catch_all;

	if (!store_address_parse(*text, &self->request.arena, &target))
		return error_set(err, ERROR_SYNTAX, "%.*s is not an address local@domain", BYTES_PRINT(*text));
	if (!store_address_check(&target, err))
		return false;
	if (store_account_domain(context, target.domain, &catch_all)) {
		*text = target.all;
		if (!self->is_forced && !leads_somewhere(self, context, &target, catch_all))
			return error_set(err, ERROR_NOT_FOUND, "%s is neither a user nor an alias here", target.all.at);
	}
	if (exists(context, "SELECT count(*) FROM alias WHERE address = ? AND target = ?", self->address, *text))
		return error_set(err, ERROR_EXISTS, "%.*s leads to %.*s already", BYTES_PRINT(self->address), BYTES_PRINT(*text));
	return true;
}

static bool check_count(struct alias_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT count(*) FROM alias WHERE address = ?");

	database_statement_bind_bytes(s, 1, self->address);
	return (size_t)database_statement_one(s, 0) + self->n_targets <= STORE_ALIAS_TARGETS_MAX ||
	       error_set(&self->request.error, ERROR_LIMIT, "an alias leads to at most %d addresses", STORE_ALIAS_TARGETS_MAX);
}

static enum store_run run_add(struct store_request *request, struct store_context *context)
{
	struct alias_request *self = (struct alias_request *)request;

	if (!store_account_domain(context, self->domain, NULL)) {
		error_set(&request->error, ERROR_NOT_FOUND, "%.*s is not a domain of this store", BYTES_PRINT(self->domain));
		return STORE_RUN_FAILED;
	}
	if (!check_count(self, context))
		return STORE_RUN_FAILED;
	for (size_t i = 0; i < self->n_targets; i++)
		if (!check_target(self, context, &self->targets[i]))
			return STORE_RUN_FAILED;
	for (size_t i = 0; i < self->n_targets; i++) {
		struct database_statement *s = database_statement_begin(context->db, "INSERT OR IGNORE INTO alias(address, target) VALUES(?, ?)");
		database_statement_bind_bytes(s, 1, self->address);
		database_statement_bind_bytes(s, 2, self->targets[i]);
		database_statement_run(s);
	}
	return STORE_RUN_DONE;
}

static const struct store_request_ops add_ops = {
	.name = "alias-add", .thread = STORE_IN_WRITER, .grows = true, .run = run_add, .complete = complete,
};

struct store_request *store_alias_add(struct store_client *client, struct bytes address, const struct bytes *targets, size_t n, bool is_forced,
                                      store_done_fn *done, void *owner)
{
	struct alias_request *self = create(client, &add_ops, address, done, owner);

	struct store_address parsed;
	if (self->request.error.kind == ERROR_NONE && store_address_parse(self->address, &self->request.arena, &parsed))
		store_address_check(&parsed, &self->request.error);
	self->is_forced = is_forced;
	self->targets = arena_alloc(&self->request.arena, (n + 1) * sizeof *self->targets);
	for (; self->n_targets < n; self->n_targets++)
		self->targets[self->n_targets] = arena_bytes(&self->request.arena, targets[self->n_targets]);
	return store_request_submit(&self->request);
}

/* ---- deleting ---- */

static enum store_run run_delete(struct store_request *request, struct store_context *context)
{
	struct alias_request *self = (struct alias_request *)request;
	struct bytes target = self->n_targets > 0 ? self->targets[0] : (struct bytes){ 0 };
	struct database_statement *s = database_statement_begin(context->db, "DELETE FROM alias WHERE address = ?1 AND (?2 = '' OR target = ?2)");

	database_statement_bind_bytes(s, 1, self->address);
	database_statement_bind_bytes(s, 2, target);
	if (database_statement_run(s) > 0 || database_failed(context->db))
		return STORE_RUN_DONE;
	if (target.len > 0)
		error_set(&request->error, ERROR_NOT_FOUND, "no alias leads from %.*s to %.*s", BYTES_PRINT(self->address), BYTES_PRINT(target));
	else
		error_set(&request->error, ERROR_NOT_FOUND, "no alias %.*s", BYTES_PRINT(self->address));
	return STORE_RUN_FAILED;
}

static const struct store_request_ops delete_ops = {
	.name = "alias-delete", .thread = STORE_IN_WRITER, .run = run_delete, .complete = complete,
};

struct store_request *store_alias_delete(struct store_client *client, struct bytes address, struct bytes target, store_done_fn *done, void *owner)
{
	struct alias_request *self = create(client, &delete_ops, address, done, owner);

	if (target.len > 0) {
		self->targets = arena_alloc(&self->request.arena, sizeof *self->targets);
		self->targets[self->n_targets++] = arena_bytes(&self->request.arena, target);
	}
	return store_request_submit(&self->request);
}

/* ---- listing ---- */

static void add_row(struct alias_request *self, struct database_statement *s)
{
	struct arena *arena = &self->request.arena;

	if (self->n == self->capacity) {
		size_t capacity = self->capacity > 0 ? 4 * self->capacity : 16;
		struct store_alias *larger = arena_alloc(arena, capacity * sizeof *larger);
		if (self->n > 0)
			memcpy(larger, self->aliases, self->n * sizeof *larger);
		self->aliases = larger;
		self->capacity = capacity;
	}
	self->aliases[self->n++] = (struct store_alias){ database_statement_text(s, 0, arena), database_statement_text(s, 1, arena) };
}

static enum store_run run_list(struct store_request *request, struct store_context *context)
{
	struct alias_request *self = (struct alias_request *)request;
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT address, target FROM alias WHERE (address, target) > (?1, ?2) AND (?3 = '' OR lower(substr(address, -length(?3) - 1)) = '@' || ?3) "
		"ORDER BY address, target LIMIT ?4");
	const struct store_alias *last = self->n > 0 ? &self->aliases[self->n - 1] : NULL;
	size_t before = self->n;

	database_statement_bind_bytes(s, 1, bytes_text(last != NULL ? last->address : ""));
	database_statement_bind_bytes(s, 2, bytes_text(last != NULL ? last->target : ""));
	database_statement_bind_bytes(s, 3, self->domain);
	database_statement_bind_int(s, 4, STORE_BATCH_ROWS);
	while (database_statement_step(s))
		add_row(self, s);
	if (self->n - before == STORE_BATCH_ROWS)
		return STORE_RUN_MORE;
	return database_failed(context->db) ? STORE_RUN_FAILED : STORE_RUN_DONE;
}

static void complete_list(struct store_request *request)
{
	struct alias_request *self = (struct alias_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->aliases_done(self->owner, failed ? &request->error : NULL, self->aliases, failed ? 0 : self->n);
}

static const struct store_request_ops list_ops = {
	.name = "alias-list", .thread = STORE_IN_READER, .run = run_list, .complete = complete_list,
};

struct store_request *store_alias_list(struct store_client *client, struct bytes domain, store_alias_fn *done, void *owner)
{
	struct alias_request *self = store_request_create(client, &list_ops, sizeof *self);

	self->domain = lower(&self->request.arena, domain);
	self->aliases_done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
