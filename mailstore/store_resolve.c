#include "mailstore/users.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "mailstore/store_account.h"
#include "mailstore/store_address.h"
#include "mailstore/store_request.h"

#define RESULTS_MAX 10000               /* copies of one message for one recipient */
#define DEPTH_MAX 10

struct resolve_request {
	struct store_request request;
	struct bytes text;
	store_resolve_fn *done;
	void *owner;
	enum store_resolution resolution;
	struct store_target *targets;   /* in the arena */
	size_t n, capacity;
	struct map *seen;               /* addresses already expanded or added, lower case */
};

static bool add_target(struct resolve_request *self, struct store_context *context, int64_t user_id, struct bytes address)
{
	struct arena *arena = &self->request.arena;
	struct store_target *target;

	if (self->n == RESULTS_MAX)
		return error_set(&self->request.error, ERROR_LIMIT, "%.*s stands for more than %d recipients",
		                 BYTES_PRINT(self->text), RESULTS_MAX);
	if (self->n == self->capacity) {
		size_t capacity = self->capacity > 0 ? 4 * self->capacity : 1;
		struct store_target *larger = arena_alloc(arena, capacity * sizeof *larger);
		if (self->n > 0)
			memcpy(larger, self->targets, self->n * sizeof *larger);
		self->targets = larger;
		self->capacity = capacity;
	}
	target = &self->targets[self->n++];
	*target = (struct store_target){ .user_id = user_id, .address = arena_bytes(arena, address).at };
	if (user_id > 0)
		store_account_read(context, user_id, target);
	return true;
}

/* False when this kind of target was seen already. */
static bool is_new(struct resolve_request *self, char kind, struct bytes address)
{
	char *key = xprintf("%c%.*s", kind, BYTES_PRINT(address));
	bool is_first = map_put(self->seen, bytes_text(key), self) == NULL;

	free(key);
	return is_first;
}

static bool expand(struct resolve_request *, struct store_context *, struct bytes text, int depth);

/* The alias targets of one address, copied: expanding them uses the same statement. */
static size_t read_aliases(struct resolve_request *self, struct store_context *context, struct bytes address, struct bytes **targets)
{
	struct arena *arena = &self->request.arena;
	struct database_statement *s = database_statement_begin(context->db, "SELECT count(*) FROM alias WHERE address = ?");
	size_t n = 0, room;

	database_statement_bind_bytes(s, 1, address);
	room = (size_t)database_statement_one(s, 0);
	if (room == 0)
		return 0;
	if (room > RESULTS_MAX)
		room = RESULTS_MAX + 1;
	*targets = arena_alloc(arena, room * sizeof **targets);
	s = database_statement_begin(context->db, "SELECT target FROM alias WHERE address = ?");
	database_statement_bind_bytes(s, 1, address);
	while (n < room && database_statement_step(s))
		(*targets)[n++] = arena_bytes(arena, database_statement_bytes(s, 0));
	database_statement_end(s);
	return n;
}

static bool add_user(struct resolve_request *self, struct store_context *context, const struct store_address *address, bool *found)
{
	int64_t state = 0, user_id = store_account_find(context, address->all, &state);

	/* a postmaster@ that mail made gives way to the person who cares for the house */
	*found = user_id != 0 && !((state & STORE_USER_MADE_BY_MAIL) && store_address_is_role(address));
	if (!*found || !is_new(self, 'u', address->all))
		return true;
	return add_target(self, context, user_id, address->all);
}

/* Whoever wrote to an alias learns that somebody behind it is gone. */
static bool add_gone(struct resolve_request *self, struct store_context *context, struct bytes address)
{
	return !is_new(self, 'u', address) || add_target(self, context, STORE_USER_GONE, address);
}

/* bob → bob, carol: bob keeps a copy. */
static bool add_itself(struct resolve_request *self, struct store_context *context, const struct store_address *address)
{
	bool found;

	return add_user(self, context, address, &found) && (found || add_gone(self, context, address->all));
}

/* address: whose aliases they are; NULL for a whole domain's. */
static bool expand_targets(struct resolve_request *self, struct store_context *context, const struct store_address *address,
                           const struct bytes *targets, size_t n, int depth)
{
	if (depth == DEPTH_MAX)
		return error_set(&self->request.error, ERROR_LIMIT, "the aliases of %.*s are nested deeper than %d",
		                 BYTES_PRINT(self->text), DEPTH_MAX);
	for (size_t i = 0; i < n; i++) {
		bool is_itself = address != NULL && bytes_equal_nocase(targets[i], address->all);
		if (is_itself ? !add_itself(self, context, address) : !expand(self, context, targets[i], depth + 1))
			return false;
	}
	return true;
}

/* Aliases first, then a user; *found tells whether there was one. */
static bool expand_exact(struct resolve_request *self, struct store_context *context, const struct store_address *address, int depth, bool *found)
{
	struct bytes *targets = NULL;
	size_t n = read_aliases(self, context, address->all, &targets);

	*found = n > 0;
	return n > 0 ? expand_targets(self, context, address, targets, n, depth) : add_user(self, context, address, found);
}

/* bob+lists goes where bob does. */
static bool expand_without_tag(struct resolve_request *self, struct store_context *context, const struct store_address *plain, int depth, bool *found)
{
	*found = !is_new(self, 'x', plain->all);
	return *found || expand_exact(self, context, plain, depth, found);
}

/* The alias @domain. */
static bool expand_domain(struct resolve_request *self, struct store_context *context, struct bytes domain, int depth, bool *found)
{
	struct bytes address = bytes_text(arena_printf(&self->request.arena, "@%.*s", BYTES_PRINT(domain))), *targets = NULL;
	size_t n = read_aliases(self, context, address, &targets);

	*found = n > 0;
	return n == 0 || !is_new(self, 'x', address) || expand_targets(self, context, NULL, targets, n, depth);
}

static struct bytes role_holder(struct store_context *context, struct arena *arena)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT coalesce((SELECT v FROM meta WHERE k = 'postmaster'), "
		"(SELECT name FROM user WHERE state & 3 = 0 ORDER BY user_id LIMIT 1))");
	struct bytes holder = { 0 };

	if (database_statement_step(s) && !database_statement_is_null(s, 0))
		holder = arena_bytes(arena, database_statement_bytes(s, 0));
	database_statement_end(s);
	return holder;
}

/* Is there anybody from that target on who takes mail? */
static bool is_somebody_there(const struct resolve_request *self, size_t from)
{
	for (size_t i = from; i < self->n; i++)
		if (self->targets[i].user_id != STORE_USER_GONE && !self->targets[i].disabled)
			return true;
	return false;
}

static bool expand_role(struct resolve_request *self, struct store_context *context, const struct store_address *address, int depth)
{
	struct bytes holder = role_holder(context, &self->request.arena);
	size_t before = self->n;

	if (holder.len > 0 && !bytes_equal_nocase(holder, address->all) && depth < DEPTH_MAX) {
		if (!expand(self, context, holder, depth + 1))
			return false;
		/* nothing new below an alias: the holder has a copy already */
		if (is_somebody_there(self, before) || (depth > 0 && self->n == before))
			return true;
		self->n = before;
	}
	/* never refused: RFC 5321 4.5.1 */
	int64_t user_id = store_account_find(context, address->all, NULL);
	return !is_new(self, 'u', address->all) || add_target(self, context, user_id != 0 ? user_id : STORE_USER_NEW, address->all);
}

static bool expand_ours(struct resolve_request *self, struct store_context *context, const struct store_address *address, bool catch_all, int depth)
{
	struct store_address plain = *address;
	bool found = false;

	if (!is_new(self, 'x', address->all))
		return true;
	if (!expand_exact(self, context, address, depth, &found))
		return false;
	if (!found && store_address_without_tag(address, &self->request.arena, &plain) && !expand_without_tag(self, context, &plain, depth, &found))
		return false;
	if (found)
		return true;
	if (store_address_is_role(&plain))
		return expand_role(self, context, &plain, depth);
	if (!expand_domain(self, context, plain.domain, depth, &found))
		return false;
	if (found)
		return true;
	if (catch_all)
		return !is_new(self, 'u', plain.all) || add_target(self, context, STORE_USER_NEW, plain.all);
	return add_gone(self, context, address->all);
}

static bool expand(struct resolve_request *self, struct store_context *context, struct bytes text, int depth)
{
	struct store_address address;
	bool catch_all = false;

	if (!store_address_parse(text, &self->request.arena, &address))
		return depth > 0 || error_set(&self->request.error, ERROR_SYNTAX, "%.*s is not an address local@domain", BYTES_PRINT(text));
	if (store_account_domain(context, address.domain, &catch_all))
		return expand_ours(self, context, &address, catch_all, depth);
	if (depth == 0)
		self->resolution = STORE_FOREIGN;
	else if (is_new(self, 'r', address.all))
		return add_target(self, context, 0, text);
	return true;
}

/* <postmaster> without a domain is the postmaster of our first domain: RFC 5321 4.5.1. */
static struct bytes first_postmaster(struct resolve_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT name FROM domain ORDER BY domain_id LIMIT 1");
	struct bytes address = self->text;

	if (database_statement_step(s))
		address = bytes_text(arena_printf(&self->request.arena, "postmaster@%.*s", BYTES_PRINT(database_statement_bytes(s, 0))));
	database_statement_end(s);
	return address;
}

static bool is_all_gone(const struct resolve_request *self)
{
	for (size_t i = 0; i < self->n; i++)
		if (self->targets[i].user_id != STORE_USER_GONE)
			return false;
	return true;
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct resolve_request *self = (struct resolve_request *)request;
	struct bytes text = self->text;

	self->resolution = STORE_LOCAL;
	self->seen = map_create();
	if (bytes_equal_nocase(text, BYTES("postmaster")))
		text = first_postmaster(self, context);
	bool ok = expand(self, context, text, 0);
	if (ok && self->resolution == STORE_LOCAL && is_all_gone(self)) {
		self->resolution = STORE_UNKNOWN_USER;
		self->n = 0;
	}
	map_destroy(self->seen);
	return ok ? STORE_RUN_DONE : STORE_RUN_FAILED;
}

static void complete(struct store_request *request)
{
	struct resolve_request *self = (struct resolve_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, failed ? STORE_UNKNOWN_USER : self->resolution,
	           self->targets, failed ? 0 : self->n);
}

static const struct store_request_ops ops = {
	.name = "resolve", .thread = STORE_IN_READER, .run = run, .complete = complete,
};

struct store_request *store_resolve(struct store_client *client, struct bytes address, store_resolve_fn *done, void *owner)
{
	struct resolve_request *self = store_request_create(client, &ops, sizeof *self);

	self->text = arena_bytes(&self->request.arena, address);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
