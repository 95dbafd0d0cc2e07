#include "tests/unit/mailstore/fixture_requests.h"

/* In this program the second write to a body's file fails for want of space, see main. */
static void a_body_that_cannot_be_written_fails_its_delivery_only(struct fixture *f, int64_t bob)
{
	CHECK(deliver_to(f, 3000000, &bob, 1) == ERROR_FULL);
	CHECK_ROW(answer.n == 0, "nobody's fault among the recipients");
	CHECK_ROW(budget_used(f->options.budget) == 0, "and its memory is given back");
	CHECK(deliver_to(f, 3000000, &bob, 1) == ERROR_NONE);
	open_mailbox(f, bob, "INBOX", false);
	CHECK(answer.snapshot->mailbox.n_messages == 1);
}

static unsigned n_ready;

static void count_ready(void *owner)
{
	(void)owner;
	n_ready++;
}

static void a_fast_writer_is_told_to_wait_and_when_to_go_on(struct fixture *f)
{
	struct store_body *body = store_body_create(f->client, count_ready, NULL);
	static const char block[256 * 1024];
	struct error err = { 0 };
	unsigned n_waits = 0;
	bool wait = false;

	for (int i = 0; i < 64; i++) {
		CHECK(store_body_write(body, bytes_of(block, sizeof block), &wait, &err));
		if (!wait)
			continue;
		n_waits++;
		store_client_wait(f->client);
		CHECK(n_ready == n_waits);
	}
	CHECK(n_waits > 0 && store_body_size(body) == 64 * sizeof block);
	CHECK_ROW(budget_used(f->options.budget) <= 2u << 20, "what is under way is bounded");
	/* gone while it waits: ready is not called any more */
	while (!wait && store_body_write(body, bytes_of(block, sizeof block), &wait, &err))
		;
	store_body_destroy(body);
	unsigned before = n_ready;
	store_client_wait(f->client);
	CHECK(n_ready == before);
}

static void a_body_without_a_listener_never_waits(struct fixture *f)
{
	struct store_body *body = store_body_create(f->client, NULL, NULL);
	static const char block[256 * 1024];
	bool wait = false, waited = false;

	for (int i = 0; i < 16; i++) {
		store_body_write(body, bytes_of(block, sizeof block), &wait, NULL);
		waited |= wait;
	}
	CHECK(!waited);
	store_body_destroy(body);
}

static struct store_pieces *pieces;

static void on_pieces(void *owner, const struct error *err, struct store_pieces *found)
{
	on_done(owner, err);
	pieces = found;
}

static void several_pieces_are_read_by_one_request(struct fixture *f)
{
	int64_t eve = add_user(f, "eve@a.test"), inbox = inbox_of(f, eve);

	deliver_to(f, 100, &eve, 1);
	deliver_to(f, 150000, &eve, 1);
	deliver_to(f, 1500000, &eve, 1);
	scan(f, inbox, 1, 3, 0, false);
	int64_t small = answer.messages->at[0].message_id, chunks = answer.messages->at[1].message_id, file = answer.messages->at[2].message_id;
	const struct { const char *name; struct store_piece wanted; size_t len; } rows[] = {
		{ "a whole message", { .message_id = small, .len = 100 }, 100 },
		{ "past its end", { .message_id = small, .offset = 90, .len = 100 }, 10 },
		{ "behind its end", { .message_id = small, .offset = 100, .len = 1 }, 0 },
		{ "over chunks", { .message_id = chunks, .offset = 65000, .len = 70000 }, 70000 },
		{ "a message that is not there", { .message_id = file + 1000, .len = 10 }, 0 },
		{ "of a file", { .message_id = file, .offset = 1400000, .len = 5000 }, 5000 },
		{ "again", { .message_id = small, .offset = 7, .len = 3 }, 3 },
	};
	struct store_piece wanted[sizeof rows / sizeof *rows];
	size_t n = sizeof rows / sizeof *rows;

	for (size_t i = 0; i < n; i++)
		wanted[i] = rows[i].wanted;
	answer_clear();
	store_read_pieces(f->client, wanted, n, on_pieces, f);
	CHECK(wait_for(f) == ERROR_NONE && pieces->n == n);
	for (size_t i = 0; i < n; i++) {
		const struct store_piece *piece = &pieces->at[i];
		CHECK_ROW(piece->octets.len == rows[i].len && piece->message_id == rows[i].wanted.message_id, rows[i].name);
		size_t right = 0;
		while (right < piece->octets.len && piece->octets.at[right] == made_octet(piece->offset + right))
			right++;
		CHECK_ROW(right == piece->octets.len, rows[i].name);
	}
	store_pieces_destroy(pieces);
}

int main(void)
{
	struct fixture f = { .options = { .budget = budget_create(64 << 20) } };

	setenv("POSTA_TEST_FAULT", "fail:store.write:2", 1);
	fixture_start(&f, "body");
	int64_t bob = add_user(&f, "bob@a.test");
	a_body_that_cannot_be_written_fails_its_delivery_only(&f, bob);
	a_fast_writer_is_told_to_wait_and_when_to_go_on(&f);
	a_body_without_a_listener_never_waits(&f);
	several_pieces_are_read_by_one_request(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	CHECK(budget_used(f.options.budget) == 0);
	budget_destroy(f.options.budget);
	return check_finish();
}
