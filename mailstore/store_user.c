#include "mailstore/users.h"

#include "mailstore/store_account.h"
#include "mailstore/store_address.h"
#include "mailstore/store_expunge.h"
#include "mailstore/store_index.h"
#include "mailstore/store_mailbox_empty.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"
#include "mailstore/store_send_count.h"

#define MECHANISM "SCRAM-SHA-256"

struct user_request {
	struct store_request request;
	struct store_address address;
	bool has_password;
	struct password_record password;
	struct store_user_change change;
	store_user_fn *users_done;
	store_done_fn *done;
	void *owner;
	struct store_user *users;       /* in the arena */
	size_t n, capacity;
	struct bytes after;             /* list: the last name so far */
	int64_t deleted_id;
};

static struct user_request *create(struct store_client *client, const struct store_request_ops *ops, struct bytes name)
{
	struct user_request *self = store_request_create(client, ops, sizeof *self);

	if (!store_address_parse(name, &self->request.arena, &self->address))
		error_set(&self->request.error, ERROR_SYNTAX, "%.*s is not an address local@domain", BYTES_PRINT(name));
	return self;
}

static void complete_users(struct store_request *request)
{
	struct user_request *self = (struct user_request *)request;
	const struct error *err = request->error.kind != ERROR_NONE ? &request->error : NULL;

	self->users_done(self->owner, err, self->users, err == NULL ? self->n : 0);
}

static void complete_done(struct store_request *request)
{
	struct user_request *self = (struct user_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static enum store_run outcome(const struct store_context *context)
{
	return database_failed(context->db) ? STORE_RUN_FAILED : STORE_RUN_DONE;
}

static enum store_run not_found(struct user_request *self)
{
	error_set(&self->request.error, ERROR_NOT_FOUND, "no user %s", self->address.all.at);
	return STORE_RUN_FAILED;
}

/* ---- reading ---- */

/* ?1 is today */
#define COLUMNS "u.user_id, u.name, u.state, u.quota_octets, u.used_octets, u.used_messages, " \
	"c.iterations, c.salt, c.stored_key, c.server_key, u.over_quota_since, u.created, n.messages, n.recipients FROM user u LEFT JOIN credential c " \
	"ON c.user_id = u.user_id AND c.label = '' AND c.mechanism = '" MECHANISM "' " \
	"LEFT JOIN send_count n ON n.user_id = u.user_id AND n.day = ?1 "

static void copy_octets(unsigned char *to, size_t size, struct bytes from)
{
	if (from.len == size)
		memcpy(to, from.at, size);
}

static void add_row(struct user_request *self, struct database_statement *s)
{
	struct arena *arena = &self->request.arena;

	if (self->n == self->capacity) {
		size_t capacity = self->capacity > 0 ? 4 * self->capacity : 1;
		struct store_user *larger = arena_alloc(arena, capacity * sizeof *larger);
		if (self->n > 0)
			memcpy(larger, self->users, self->n * sizeof *larger);
		self->users = larger;
		self->capacity = capacity;
	}
	struct store_user *user = &self->users[self->n++];
	*user = (struct store_user){
		.user_id = database_statement_int(s, 0), .name = database_statement_text(s, 1, arena), .disabled = (database_statement_int(s, 2) & STORE_USER_DISABLED) != 0,
		.quota = (uint64_t)database_statement_int(s, 3), .used = (uint64_t)database_statement_int(s, 4), .n_messages = (uint64_t)database_statement_int(s, 5),
		.has_password = !database_statement_is_null(s, 6), .full_since_s = database_statement_int(s, 10), .created_s = database_statement_int(s, 11),
		.n_sent = (uint64_t)database_statement_int(s, 12), .n_sent_to = (uint64_t)database_statement_int(s, 13),
	};
	if (user->has_password) {
		user->password.iterations = (uint32_t)database_statement_int(s, 6);
		copy_octets(user->password.salt, sizeof user->password.salt, database_statement_bytes(s, 7));
		copy_octets(user->password.stored_key, sizeof user->password.stored_key, database_statement_bytes(s, 8));
		copy_octets(user->password.server_key, sizeof user->password.server_key, database_statement_bytes(s, 9));
	}
}

static void read_one(struct user_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT " COLUMNS "WHERE u.name = ?2");

	self->n = 0;
	database_statement_bind_int(s, 1, store_send_count_day(context->now_s));
	database_statement_bind_bytes(s, 2, self->address.all);
	if (database_statement_step(s))
		add_row(self, s);
	database_statement_end(s);
}

static enum store_run run_get(struct store_request *request, struct store_context *context)
{
	struct user_request *self = (struct user_request *)request;

	read_one(self, context);
	if (self->n == 0 && !database_failed(context->db))
		return not_found(self);
	return outcome(context);
}

static const struct store_request_ops get_ops = {
	.name = "user-get", .thread = STORE_IN_READER, .run = run_get, .complete = complete_users,
};

struct store_request *store_user_get(struct store_client *client, struct bytes name, store_user_fn *done, void *owner)
{
	struct user_request *self = create(client, &get_ops, name);

	self->users_done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

static enum store_run run_list(struct store_request *request, struct store_context *context)
{
	struct user_request *self = (struct user_request *)request;
	struct database_statement *s = database_statement_begin(context->db, "SELECT " COLUMNS "WHERE u.name > ?2 ORDER BY u.name LIMIT ?3");
	size_t before = self->n;

	database_statement_bind_int(s, 1, store_send_count_day(context->now_s));
	database_statement_bind_bytes(s, 2, self->after);
	database_statement_bind_int(s, 3, STORE_BATCH_ROWS);
	while (database_statement_step(s))
		add_row(self, s);
	if (self->n > before)
		self->after = bytes_text(self->users[self->n - 1].name);
	if (self->n - before == STORE_BATCH_ROWS)
		return STORE_RUN_MORE;
	return outcome(context);
}

static const struct store_request_ops list_ops = {
	.name = "user-list", .thread = STORE_IN_READER, .run = run_list, .complete = complete_users,
};

struct store_request *store_user_list(struct store_client *client, store_user_fn *done, void *owner)
{
	struct user_request *self = store_request_create(client, &list_ops, sizeof *self);

	self->users_done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

/* ---- writing ---- */

static void write_password(struct user_request *self, struct store_context *context, int64_t user_id)
{
	const struct password_record *record = &self->password;
	struct database_statement *s;

	s = database_statement_begin(context->db, "INSERT OR REPLACE INTO credential(user_id, label, mechanism, iterations, salt, stored_key, server_key, created) "
	                                "VALUES(?, '', '" MECHANISM "', ?, ?, ?, ?, ?)");
	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_int(s, 2, record->iterations);
	database_statement_bind_blob(s, 3, bytes_of(record->salt, sizeof record->salt));
	database_statement_bind_blob(s, 4, bytes_of(record->stored_key, sizeof record->stored_key));
	database_statement_bind_blob(s, 5, bytes_of(record->server_key, sizeof record->server_key));
	database_statement_bind_int(s, 6, context->now_s);
	database_statement_run(s);
}

static enum store_run run_create(struct store_request *request, struct store_context *context)
{
	struct user_request *self = (struct user_request *)request;
	int64_t state = 0, user_id = store_account_find(context, self->address.all, &state);

	if (!store_account_domain(context, self->address.domain, NULL)) {
		error_set(&request->error, ERROR_NOT_FOUND, "%s is not a domain of this store", self->address.domain.at);
		return STORE_RUN_FAILED;
	}
	if (user_id != 0 && !(state & STORE_USER_MADE_BY_MAIL)) {
		error_set(&request->error, ERROR_EXISTS, "user %s exists", self->address.all.at);
		return STORE_RUN_FAILED;
	}
	if (user_id != 0) {
		/* mail came before the administrator did: the mailbox is adopted */
		struct database_statement *s = database_statement_begin(context->db, "UPDATE user SET state = state & ~2 WHERE user_id = ?");
		database_statement_bind_int(s, 1, user_id);
		database_statement_run(s);
	} else {
		user_id = store_account_make(context, self->address.all, 0);
	}
	if (self->has_password)
		write_password(self, context, user_id);
	read_one(self, context);
	return outcome(context);
}

static const struct store_request_ops create_ops = {
	.name = "user-create", .thread = STORE_IN_WRITER, .grows = true, .run = run_create, .complete = complete_users,
};

struct store_request *store_user_create(struct store_client *client, struct bytes name, const struct password_record *password,
                                        store_user_fn *done, void *owner)
{
	struct user_request *self = create(client, &create_ops, name);

	if (self->request.error.kind == ERROR_NONE)
		store_address_check(&self->address, &self->request.error);
	self->users_done = done;
	self->owner = owner;
	self->has_password = password != NULL;
	if (password != NULL)
		self->password = *password;
	return store_request_submit(&self->request);
}

static enum store_run run_set_password(struct store_request *request, struct store_context *context)
{
	struct user_request *self = (struct user_request *)request;
	int64_t user_id = store_account_find(context, self->address.all, NULL);

	if (user_id == 0)
		return not_found(self);
	write_password(self, context, user_id);
	return outcome(context);
}

static const struct store_request_ops set_password_ops = {
	.name = "user-set-password", .thread = STORE_IN_WRITER, .run = run_set_password, .complete = complete_done,
};

struct store_request *store_user_set_password(struct store_client *client, struct bytes name, const struct password_record *password,
                                              store_done_fn *done, void *owner)
{
	struct user_request *self = create(client, &set_password_ops, name);

	self->done = done;
	self->owner = owner;
	self->password = *password;
	return store_request_submit(&self->request);
}

static enum store_run run_set(struct store_request *request, struct store_context *context)
{
	struct user_request *self = (struct user_request *)request;
	const struct store_user_change *change = &self->change;
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE user SET state = CASE WHEN ?2 THEN (state & ~1) | ?3 ELSE state END, quota_octets = CASE WHEN ?4 THEN ?5 ELSE quota_octets END, "
		"over_quota_since = CASE WHEN ?4 THEN 0 ELSE over_quota_since END WHERE name = ?1");

	database_statement_bind_bytes(s, 1, self->address.all);
	database_statement_bind_int(s, 2, change->sets_disabled);
	database_statement_bind_int(s, 3, change->disabled ? STORE_USER_DISABLED : 0);
	database_statement_bind_int(s, 4, change->sets_quota);
	database_statement_bind_int(s, 5, (int64_t)change->quota);
	if (database_statement_run(s) == 0 && !database_failed(context->db))
		return not_found(self);
	return outcome(context);
}

static const struct store_request_ops set_ops = {
	.name = "user-set", .thread = STORE_IN_WRITER, .run = run_set, .complete = complete_done,
};

struct store_request *store_user_set(struct store_client *client, struct bytes name, const struct store_user_change *change,
                                     store_done_fn *done, void *owner)
{
	struct user_request *self = create(client, &set_ops, name);

	self->done = done;
	self->owner = owner;
	self->change = *change;
	if (change->quota > INT64_MAX)
		error_set(&self->request.error, ERROR_SYNTAX, "a quota has at most %lld octets", (long long)INT64_MAX);
	return store_request_submit(&self->request);
}

/* Nobody comes in and no mail comes to it while it is emptied; whoever asked does so again after a crash. */
static void disable(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db, "UPDATE user SET state = state | ?2 WHERE user_id = ?1 AND state & ?2 = 0");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_int(s, 2, STORE_USER_DISABLED);
	database_statement_run(s);
}

/* False: some may be left. */
static bool remove_messages(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT mailbox_id FROM mailbox WHERE user_id = ? AND n_messages > 0 LIMIT 1");

	database_statement_bind_int(s, 1, user_id);
	int64_t mailbox_id = database_statement_one(s, 0);
	if (mailbox_id != 0)
		store_mailbox_empty_part(context, user_id, mailbox_id);
	return mailbox_id == 0;
}

static enum store_run run_delete(struct store_request *request, struct store_context *context)
{
	static const char *const statements[] = {
		"DELETE FROM credential WHERE user_id = ?",
		"DELETE FROM subscription WHERE user_id = ?",
		"DELETE FROM send_count WHERE user_id = ?",
		"DELETE FROM keyword WHERE mailbox_id IN (SELECT mailbox_id FROM mailbox WHERE user_id = ?)",
		"DELETE FROM mailbox WHERE user_id = ?",
		"DELETE FROM user WHERE user_id = ?",
	};
	struct user_request *self = (struct user_request *)request;
	int64_t user_id = store_account_find(context, self->address.all, NULL);

	if (user_id == 0)
		return not_found(self);
	self->deleted_id = user_id;
	disable(context, user_id);
	if (!remove_messages(context, user_id))
		return STORE_RUN_MORE;
	store_expunge_all(context, user_id);
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		struct database_statement *s = database_statement_begin(context->db, statements[i]);
		database_statement_bind_int(s, 1, user_id);
		database_statement_run(s);
	}
	return outcome(context);
}

static void committed_delete(struct store_request *request, struct store_context *context)
{
	store_index_remove(context->store->dir_fd, ((struct user_request *)request)->deleted_id);
}

static const struct store_request_ops delete_ops = {
	.name = "user-delete", .thread = STORE_IN_WRITER, .run = run_delete, .committed = committed_delete, .complete = complete_done,
};

struct store_request *store_user_delete(struct store_client *client, struct bytes name, store_done_fn *done, void *owner)
{
	struct user_request *self = create(client, &delete_ops, name);

	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
