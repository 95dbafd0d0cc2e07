#include "tests/unit/mailstore/fixture_requests.h"

#include <stdatomic.h>

static void a_user_has_the_first_mailboxes(struct fixture *f)
{
	static const char *const names[] = { "INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash" };
	static const unsigned uses[] = { 0, STORE_USE_ARCHIVE, STORE_USE_DRAFTS, STORE_USE_JUNK, STORE_USE_SENT, STORE_USE_TRASH };
	int64_t bob = add_user(f, "Bob@A.test");

	CHECK(bob > 0);
	CHECK_TEXT(answer.names[0], "bob@a.test", "names are kept in lower case");
	answer_clear();
	store_mailbox_list(f->client, bob, on_mailboxes, f);
	CHECK(wait_for(f) == ERROR_NONE && answer.n == 6);
	for (size_t i = 0; i < 6; i++) {
		CHECK_TEXT(answer.names[i], names[i], "INBOX first, then by name");
		CHECK(answer.mailboxes[i].special_use == uses[i] && answer.mailboxes[i].subscribed);
		CHECK(answer.mailboxes[i].uidnext == 1 && answer.mailboxes[i].uidvalidity > 1 && answer.mailboxes[i].modseq >= 1);
	}
	answer_clear();
	store_mailbox_get(f->client, bob, BYTES("inBox"), on_mailboxes, f);
	CHECK(wait_for(f) == ERROR_NONE && answer.n == 1);
	CHECK_TEXT(answer.names[0], "INBOX", "INBOX in any case");
	answer_clear();
	store_mailbox_get(f->client, bob, BYTES("sent"), on_mailboxes, f);
	CHECK_ROW(wait_for(f) == ERROR_NOT_FOUND, "other names keep their case");
	answer_clear();
	store_mailbox_list(f->client, 999, on_mailboxes, f);
	CHECK(wait_for(f) == ERROR_NOT_FOUND);
}

static void bad_names_are_refused(struct fixture *f)
{
	static const struct { const char *name; enum error_kind kind; } rows[] = {
		{ "bob@a.test", ERROR_EXISTS }, { "BOB@a.TEST", ERROR_EXISTS }, { "bob@elsewhere.test", ERROR_NOT_FOUND },
		{ "bob", ERROR_SYNTAX }, { "@a.test", ERROR_SYNTAX }, { "bob@", ERROR_SYNTAX }, { "b ob@a.test", ERROR_SYNTAX }, { "", ERROR_SYNTAX },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		add_user(f, rows[i].name);
		CHECK_ROW(answer.error.kind == rows[i].kind, rows[i].name);
	}
}

static void passwords_are_kept_as_records(struct fixture *f)
{
	struct password_record record = { .iterations = 120000, .salt = "sixteen octets..", .stored_key = "stored", .server_key = "server" };

	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && !answer.user.has_password);
	answer_clear();
	store_user_set_password(f->client, BYTES("BOB@a.test"), &record, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.has_password);
	CHECK(memcmp(&answer.user.password, &record, sizeof record) == 0);
	answer_clear();
	store_user_set_password(f->client, BYTES("nobody@a.test"), &record, on_done, f);
	CHECK(wait_for(f) == ERROR_NOT_FOUND);
	answer_clear();
	store_user_create(f->client, BYTES("carol@a.test"), &record, on_users, f);
	CHECK(wait_for(f) == ERROR_NONE && answer.user.has_password && memcmp(&answer.user.password, &record, sizeof record) == 0);
}

static void users_are_listed_by_name(struct fixture *f)
{
	add_user(f, "alice@a.test");
	answer_clear();
	store_user_list(f->client, on_users, f);
	CHECK(wait_for(f) == ERROR_NONE && answer.n == 3);
	CHECK_TEXT(answer.names[0], "alice@a.test", "first");
	CHECK_TEXT(answer.names[2], "carol@a.test", "last");
}

static void a_deleted_user_leaves_nothing(struct fixture *f)
{
	int64_t dave = add_user(f, "dave@a.test");

	deliver_to(f, 5000, &dave, 1);
	answer_clear();
	store_user_delete(f->client, BYTES("dave@a.test"), on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	CHECK(get_user(f, "dave@a.test") == ERROR_NOT_FOUND);
	CHECK(open_mailbox(f, dave, "INBOX", false) == ERROR_NOT_FOUND);
	CHECK(findings(f) == 0);
	CHECK(ask(f, "SELECT count(*) FROM msg") == 0 && ask(f, "SELECT count(*) FROM gc") == 1);
	int64_t again = add_user(f, "dave@a.test");
	CHECK_ROW(again > dave, "ids are never used again");
}

static atomic_uint n_commits;

static void on_commit(void *owner, const struct store_hint *hints, size_t n)
{
	(void)owner, (void)hints, (void)n;
	atomic_fetch_add(&n_commits, 1);
}

static void one_with_much_mail_goes_in_parts(struct fixture *f)
{
	int64_t fred = add_user(f, "fred@a.test");

	deliver_to(f, 100, &fred, 1);
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
	       "INSERT INTO msg SELECT (g.id >> 32) << 32 | n.i, modseq, flags, internal_date, saved_after, size, sent, thread_back, message_id FROM n, msg g");
	ask(f, "UPDATE mailbox SET uidnext = 12001, n_messages = 12000, n_unseen = 12000, n_octets = 1200000 WHERE n_messages = 1");
	ask(f, "UPDATE user SET used_messages = 12000, used_octets = 1200000 WHERE used_messages = 1");
	CHECK(findings(f) == 0);
	atomic_store(&n_commits, 0);
	answer_clear();
	store_user_delete(f->client, BYTES("fred@a.test"), on_done, f);
	CHECK(wait_for(f) == ERROR_NONE && get_user(f, "fred@a.test") == ERROR_NOT_FOUND);
	CHECK_ROW(atomic_load(&n_commits) >= 3, "others have their turn between them");
	CHECK(findings(f) == 0 && ask(f, "SELECT count(*) FROM msg") == 0);
}

static void uidvalidity_rises_when_an_address_is_made_again(struct fixture *f)
{
	int64_t erin = add_user(f, "erin@a.test");
	open_mailbox(f, erin, "Trash", false);
	uint32_t before = answer.snapshot->mailbox.uidvalidity;

	answer_clear();
	store_user_delete(f->client, BYTES("erin@a.test"), on_done, f);
	wait_for(f);
	erin = add_user(f, "erin@a.test");
	open_mailbox(f, erin, "INBOX", false);
	CHECK(answer.snapshot->mailbox.uidvalidity > before);
}

static void domains_are_added_once(struct fixture *f)
{
	static const struct { const char *domain; enum error_kind kind; } rows[] = {
		{ "C.test", ERROR_NONE }, { "c.TEST", ERROR_EXISTS }, { "", ERROR_SYNTAX }, { "a@b", ERROR_SYNTAX }, { "a b", ERROR_SYNTAX },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		answer_clear();
		store_domain_add(f->client, bytes_text(rows[i].domain), false, on_done, f);
		CHECK_ROW(wait_for(f) == rows[i].kind, rows[i].domain);
	}
}

int main(void)
{
	struct fixture f = { .options = { .on_commit = on_commit } };

	fixture_start(&f, "user");
	a_user_has_the_first_mailboxes(&f);
	bad_names_are_refused(&f);
	passwords_are_kept_as_records(&f);
	users_are_listed_by_name(&f);
	a_deleted_user_leaves_nothing(&f);
	one_with_much_mail_goes_in_parts(&f);
	uidvalidity_rises_when_an_address_is_made_again(&f);
	domains_are_added_once(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
