#include "tests/unit/mailstore/fixture_turn.h"

#include "mailstore/store_context.h"
#include "mailstore/store_request.h"

/* A request of this test: counts up a number of the store, and then may fail. */
struct halfway {
	struct store_request request;
	bool fails;
	unsigned n_bad_batches;         /* that it still spoils for all that share them */
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct halfway *self = (struct halfway *)request;

	database_script(context->db, "UPDATE meta SET v = v + 1 WHERE k = 'created'");
	bool spoils = self->n_bad_batches > 0 && self->n_bad_batches-- > 0;
	if (spoils)
		database_fail(context->db, ERROR_SYSTEM, "a bad moment");
	if (!self->fails && !spoils)
		return STORE_RUN_DONE;
	error_set(&request->error, ERROR_LIMIT, "not this one");
	return STORE_RUN_FAILED;
}

static void complete(struct store_request *request)
{
	on_done(NULL, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static void submit(struct fixture *f, bool fails, unsigned n_bad_batches)
{
	static const struct store_request_ops ops = {
		.name = "halfway", .thread = STORE_IN_WRITER, .can_fail_halfway = true, .run = run, .complete = complete,
	};
	struct halfway *halfway = store_request_create(f->client, &ops, sizeof *halfway);

	halfway->fails = fails;
	halfway->n_bad_batches = n_bad_batches;
	store_request_submit(&halfway->request);
}

static int64_t number(struct fixture *f)
{
	return ask(f, "SELECT v FROM meta WHERE k = 'created'");
}

static void what_fails_halfway_leaves_nothing(struct fixture *f)
{
	int64_t before = number(f);

	answer_clear();
	submit(f, true, 0);
	CHECK(wait_for(f) == ERROR_LIMIT && number(f) == before);
	answer_clear();
	submit(f, false, 0);
	CHECK(wait_for(f) == ERROR_NONE && number(f) == before + 1);
}

static void on_counted(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	(void)results, (void)n;
	store_queue_items_destroy(items);
	*(unsigned *)owner += err == NULL;
}

static void send(struct fixture *f, int64_t user, unsigned *n_done)
{
	struct store_recipient recipient = { .user_id = user, .address = "bob@a.test" };
	struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);

	store_deliver(f->client, &delivery, on_counted, n_done);
}

static void what_was_said_in_a_failed_batch_is_forgotten(struct fixture *f)
{
	int64_t user = add_user(f, "bob@a.test"), before = number(f);
	unsigned n_done = 0;
	int fd = hold_turn(f);

	answer_clear();
	send(f, user, &n_done);
	submit(f, false, 1);
	send(f, user, &n_done);
	close(fd);
	CHECK_ROW(wait_for(f) == ERROR_NONE, "alone it went well");
	CHECK_ROW(n_done == 2 && ask(f, "SELECT count(*) FROM msg") == 2, "and so did those beside it");
	CHECK(number(f) == before + 1 && findings(f) == 0);
}

/* ---- requests that take long ---- */

struct slow {
	struct store_request request;
	struct fixture *f;
	unsigned us;
	int queue_fd;                   /* >= 0: another process begins to wait meanwhile, and gives up after the commit */
	int64_t seen;                   /* by others, when it ran */
};

static void set_queue_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };

	if (fd >= 0)
		CHECK(fcntl(fd, F_OFD_SETLK, &lock) == 0);
}

static enum store_run run_slow(struct store_request *request, struct store_context *context)
{
	struct slow *self = (struct slow *)request;

	self->seen = number(self->f);
	database_script(context->db, "UPDATE meta SET v = v + 1 WHERE k = 'created'");
	set_queue_lock(self->queue_fd, F_WRLCK);
	usleep(self->us);
	return STORE_RUN_DONE;
}

static void committed_slow(struct store_request *request, struct store_context *context)
{
	(void)context;
	set_queue_lock(((struct slow *)request)->queue_fd, F_UNLCK);
}

static int64_t seen[3];
static size_t n_seen;

static void complete_slow(struct store_request *request)
{
	CHECK(request->error.kind == ERROR_NONE);
	seen[n_seen++ % 3] = ((struct slow *)request)->seen;
}

/* Of two that lie in one batch, was the first committed before the second one ran?  The writer took another alone, and then both. */
static bool go_apart(struct fixture *f, unsigned us, int queue_fd)
{
	static const struct store_request_ops slow_ops = {
		.name = "slow", .thread = STORE_IN_WRITER, .run = run_slow, .committed = committed_slow, .complete = complete_slow,
	};
	int fd = hold_turn(f);

	for (int i = 0; i < 3; i++) {
		struct slow *slow = store_request_create(f->client, &slow_ops, sizeof *slow);
		slow->f = f;
		slow->us = i == 1 ? us : 0;
		slow->queue_fd = i == 1 ? queue_fd : -1;
		store_request_submit(&slow->request);
	}
	close(fd);
	n_seen = 0;
	wait_for(f);
	return n_seen == 3 && seen[2] == seen[0] + 2;
}

static void long_requests_are_not_one_transaction(struct fixture *f)
{
	char path[600];

	CHECK_ROW(go_apart(f, 110000, -1), "a tenth of a second ends it");
	snprintf(path, sizeof path, "%s/turnstile", f->data_dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK_ROW(fd >= 0 && go_apart(f, 10000, fd), "four milliseconds do while another process waits");
	close(fd);
}

/* ---- a read in batches ---- */

#define BATCH_MS_MAX 50                 /* of a read transaction: the log is not emptied before its end */

struct long_read {
	struct store_request request;
	struct fixture *f;
	int64_t first, again, next;     /* what the number was at the beginning of the first batch, at its end, in the next one */
	bool is_short;
};

static enum store_run run_read(struct store_request *request, struct store_context *context)
{
	struct long_read *self = (struct long_read *)request;
	static const char question[] = "SELECT v FROM meta WHERE k = 'created'";

	if (self->first != 0) {
		self->next = database_statement_one(database_statement_begin(context->db, question), 0);
		return STORE_RUN_DONE;
	}
	self->is_short = context->deadline_ms - clock_monotonic_ms() <= BATCH_MS_MAX;
	self->first = database_statement_one(database_statement_begin(context->db, question), 0);
	ask(self->f, "UPDATE meta SET v = v + 1 WHERE k = 'created'");
	self->again = database_statement_one(database_statement_begin(context->db, question), 0);
	return STORE_RUN_MORE;
}

static void complete_read(struct store_request *request)
{
	struct long_read *self = (struct long_read *)request;

	CHECK_ROW(self->is_short, "a batch is short");
	CHECK_ROW(self->first != 0 && self->again == self->first, "and sees one state");
	CHECK_ROW(self->next == self->first + 1, "the next one sees what was written meanwhile: it is a transaction of its own");
	answer.n++;
}

static void a_read_that_goes_on_holds_no_state(struct fixture *f)
{
	static const struct store_request_ops read_ops = { .name = "long-read", .thread = STORE_IN_READER, .run = run_read, .complete = complete_read };
	struct long_read *read = store_request_create(f->client, &read_ops, sizeof *read);

	read->f = f;
	answer_clear();
	store_request_submit(&read->request);
	CHECK(wait_for(f) == ERROR_NONE && answer.n == 1);
}

int main(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "request");
	what_fails_halfway_leaves_nothing(&f);
	what_was_said_in_a_failed_batch_is_forgotten(&f);
	long_requests_are_not_one_transaction(&f);
	a_read_that_goes_on_holds_no_state(&f);
	fixture_close(&f);
	return check_finish();
}
