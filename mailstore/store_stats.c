#include "mailstore/care.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "mailstore/store_ballast.h"
#include "mailstore/store_context.h"
#include "mailstore/store_file.h"
#include "mailstore/store_lease.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

struct stats_request {
	struct store_request request;
	struct store_stats stats;
	store_stats_fn *done;
	void *owner;
};

static uint64_t one(struct store_context *context, const char *literal)
{
	return (uint64_t)database_statement_one(database_statement_begin(context->db, literal), 0);
}

/* Above so many the time that the first and the last of them took tells. */
static uint64_t journal_entries(struct store_context *context)
{
	uint64_t n = one(context, "SELECT count(*) FROM (SELECT 1 FROM journal LIMIT 50000)");

	return n < 50000 ? n : one(context,
		"SELECT max(50000, CAST(100000.0 * (b.last - a.first) / (a.past - a.first + b.last - b.before) AS INTEGER)) "
		"FROM (SELECT min(entry_id) AS first, max(entry_id) AS past FROM (SELECT entry_id FROM journal ORDER BY entry_id LIMIT 50000)) a, "
		"(SELECT min(entry_id) AS before, max(entry_id) AS last FROM (SELECT entry_id FROM journal ORDER BY entry_id DESC LIMIT 50000)) b");
}

static void count_queue(struct store_stats *stats, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT token, hold, count(*), sum(next_at <= ?), min(next_at) FROM qrcpt GROUP BY token, hold");

	database_statement_bind_int(s, 1, context->now_s);
	while (database_statement_step(s)) {
		int64_t token = database_statement_int(s, 0), next_at_s = database_statement_int(s, 4);
		uint64_t n = (uint64_t)database_statement_int(s, 2);
		bool is_abandoned = token != 0 && !store_lease_is_held(&context->store->lease, token);
		if (token != 0 && !is_abandoned) {
			stats->n_in_transit += n;
		} else if (database_statement_int(s, 1) != 0) {
			stats->n_held += n;
		} else {
			stats->n_waiting += n;
			stats->n_due += is_abandoned ? n : (uint64_t)database_statement_int(s, 3);
			if (is_abandoned)
				next_at_s = context->now_s;
			if (stats->next_at_s == 0 || next_at_s < stats->next_at_s)
				stats->next_at_s = next_at_s;
		}
	}
}

/* Looked at by name: opening the file and closing it again would drop SQLite's locks. */
static uint64_t size_of(const struct store *store, const char *name)
{
	struct stat st;

	return fstatat(store->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct store_stats *stats = &((struct stats_request *)request)->stats;

	*stats = (struct store_stats){
		.n_users = one(context, "SELECT count(*) FROM user"),
		.n_mailboxes = one(context, "SELECT count(*) FROM mailbox"),
		.n_messages = one(context, "SELECT sum(used_messages) FROM user"),
		.n_octets = one(context, "SELECT sum(used_octets) FROM user"),
		.n_queue_messages = one(context, "SELECT count(*) FROM qmsg"),
		.n_held_domains = one(context, "SELECT count(*) FROM destination WHERE hold <> 0"),
		/* queue ids begin with the time */
		.oldest_s = (int64_t)one(context, "SELECT arrived FROM qmsg ORDER BY queue_id LIMIT 1"),
		.n_journal = journal_entries(context),
		.n_domains = one(context, "SELECT count(*) FROM domain"),
		.n_aliases = one(context, "SELECT count(*) FROM alias"),
		.n_expunged = one(context, "SELECT count(*) FROM tomb"),
		.n_garbage = one(context, "SELECT count(*) FROM gc"),
		.n_files = one(context, "SELECT count(*) FROM message WHERE file IS NOT NULL"),
		.file_octets = one(context, "SELECT sum(size) FROM message WHERE file IS NOT NULL"),
		.free_octets = one(context, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size"),
		.schema = (unsigned)one(context, "SELECT v FROM meta WHERE k = 'schema'"),
		.created_s = (int64_t)one(context, "SELECT v FROM meta WHERE k = 'created'"),
		.ballast_octets = store_ballast_octets(context->store),
		.reserve_octets = store_ballast_reserve(context->store),
		.database_octets = size_of(context->store, "shard0.db"), .wal_octets = size_of(context->store, "shard0.db-wal"),
		.room_octets = store_file_room(context->store->dir_fd),
	};
	count_queue(stats, context);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct stats_request *self = (struct stats_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, &self->stats);
}

static const struct store_request_ops ops = {
	.name = "stats", .thread = STORE_IN_READER, .run = run, .complete = complete,
};

struct store_request *store_stats(struct store_client *client, store_stats_fn *done, void *owner)
{
	struct stats_request *self = store_request_create(client, &ops, sizeof *self);

	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
