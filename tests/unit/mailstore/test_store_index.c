#include <unistd.h>

#include "mailstore/search.h"
#include "mailstore/store_index.h"
#include "mailstore/store_index_build.h"
#include "message/charset.h"
#include "message/summary.h"
#include "tests/unit/mailstore/fixture_requests.h"

#define WAIT_MS 60000

static const char *const letters[] = {
	"Subject: one\r\n\r\nan apple a day\r\n",
	"Subject: two\r\n\r\na pear at night\r\n",
	"Subject: three\r\n\r\nand an apple again\r\n",
};

#define N_LETTERS (sizeof letters / sizeof *letters)

static void append(struct fixture *f, int64_t user_id, struct bytes message)
{
	struct summary summary = { 0 };
	struct summary_builder *builder = summary_builder_create();
	struct store_append_item item = { .body = store_body_create(f->client, on_ready, f), .summary = &summary, .internal_date_s = 1 };
	bool wait;

	summary_builder_feed(builder, message);
	store_body_write(item.body, message, &wait, NULL);
	summary_builder_finish(builder, &summary);
	summary_builder_destroy(builder);
	answer_clear();
	store_append(f->client, user_id, BYTES("INBOX"), &item, 1, on_appended, f);
	CHECK(wait_for(f) == ERROR_NONE);
	summary_release(&summary);
}

static bool go_on(void *owner)
{
	(void)owner;
	return true;
}

static bool build(struct fixture *f, int64_t user_id)
{
	struct store_index_built built = { 0 };
	struct error err = { 0 };

	return store_index_build(f->store, user_id, false, go_on, NULL, &built, &err);
}

static void on_found(void *owner, const struct error *err, const struct ranges *found, size_t n)
{
	on_done(owner, err);
	if (n == 1)
		ranges_copy(&answer.uids, &found[0]);
}

/* Is the apple found where it is, and only there? */
static bool finds_these(struct fixture *f, int64_t inbox, uint32_t first, uint32_t second, uint32_t third)
{
	struct store_needle needle = { STORE_IN_BODY, { 0 }, BYTES("apple") };
	struct ranges uids = { 0 };

	answer_clear();
	ranges_add_range(&uids, 1, UINT32_MAX);
	store_search(f->client, inbox, &uids, &needle, 1, on_found, f);
	ranges_release(&uids);
	return wait_for(f) == ERROR_NONE && ranges_count(&answer.uids) == 2 + (third != 0) && ranges_contains(&answer.uids, first) &&
	       ranges_contains(&answer.uids, second) && (third == 0 || ranges_contains(&answer.uids, third));
}

static bool finds_apples(struct fixture *f, int64_t inbox)
{
	return finds_these(f, inbox, 1, 3, 0);
}

/* -1 also while another has the file, or makes it. */
static int64_t ask_index(struct fixture *f, int64_t user_id, const char *script, const char *question)
{
	char path[STORE_INDEX_PATH_SIZE];

	store_index_path(user_id, path);
	char *whole = xprintf("%s/%s", f->data_dir, path);
	struct database *db = database_open(&(struct database_options){ .path = whole, .mode = DATABASE_WRITE, .busy_ms = 1000 }, NULL);
	int64_t value = -1;

	if (db != NULL && script != NULL)
		database_script(db, script);
	if (db != NULL)
		value = database_statement_one(database_statement_begin(db, question), -1);
	database_close(db);
	free(whole);
	return value;
}

/* Tells whether anything of it was changed; 0 when it is not ours. */
#define WHOLE "SELECT ((SELECT 100000 * count(*) + ifnull(sum(length(numbers)), 0) FROM posting) + (SELECT 1000000000 * (100 * n + length(ids)) FROM segment)) " \
	"* (SELECT store <> 'other' AND user_id < 99 FROM owner)"

/* What lies: as it stands the index would hide the apples. */
static const struct { const char *claim, *lie; bool is_damage; } rows[] = {
	{ "another store's", "UPDATE owner SET store = 'other'; DELETE FROM posting", false },
	{ "another user's", "UPDATE owner SET user_id = 99; DELETE FROM posting", false },
	{ "a segment whose ids end early", "UPDATE segment SET ids = substr(ids, 1, 2); DELETE FROM posting", true },
	{ "one with more ids than messages", "UPDATE segment SET ids = CAST(ids || x'02' AS BLOB); DELETE FROM posting", true },
	{ "one of no messages", "UPDATE segment SET n = 0; DELETE FROM posting", true },
	{ "one of too many", "UPDATE segment SET n = 5000; DELETE FROM posting", true },
	{ "a message that no segment has", "UPDATE posting SET numbers = x'7f7f7f7f7f'", true },
};

static void what_the_index_says_wrongly_is_not_believed(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture f = { 0 };
		char name[16];
		snprintf(name, sizeof name, "lie%zu", i);
		fixture_start(&f, name);
		int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
		for (size_t k = 0; k < N_LETTERS; k++)
			append(&f, bob, bytes_text(letters[k]));
		CHECK(build(&f, bob) && finds_apples(&f, inbox));
		int64_t whole = ask_index(&f, bob, NULL, WHOLE);
		CHECK_ROW(whole > 0 && ask_index(&f, bob, rows[i].lie, WHOLE) != whole, rows[i].claim);
		CHECK_ROW(finds_apples(&f, inbox), rows[i].claim);
		/* of a few messages only damage has it built anew: no index at all would not be missed */
		for (int ms = 0; rows[i].is_damage && ms < WAIT_MS && ask_index(&f, bob, NULL, WHOLE) != whole; ms += 10)
			usleep(10000);
		CHECK_ROW(rows[i].is_damage || build(&f, bob), rows[i].claim);
		CHECK_ROW(ask_index(&f, bob, NULL, WHOLE) == whole && finds_apples(&f, inbox), "it is built anew");
		fixture_close(&f);
	}
}

/* Says, sealed, that each of the three messages holds whatever one of them does. */
static void say_all_of_each(struct fixture *f, int64_t user_id)
{
	char path[STORE_INDEX_PATH_SIZE];
	int64_t ids[1000];
	size_t n = 0;

	store_index_path(user_id, path);
	char *whole = xprintf("%s/%s", f->data_dir, path);
	struct database *db = database_open(&(struct database_options){ .path = whole, .mode = DATABASE_WRITE, .busy_ms = 1000 }, NULL);
	CHECK(db != NULL);
	struct database_statement *s = database_statement_begin(db, "SELECT id FROM posting");
	while (n < 1000 && database_statement_step(s))
		ids[n++] = database_statement_int(s, 0);
	database_statement_end(s);
	for (size_t i = 0; i < n; i++) {
		struct buffer numbers = { 0 };
		buffer_add_octet(&numbers, 7);
		store_index_seal(ids[i], &numbers);
		s = database_statement_begin(db, "UPDATE posting SET numbers = ? WHERE id = ?");
		database_statement_bind_blob(s, 1, buffer_bytes(&numbers));
		database_statement_bind_int(s, 2, ids[i]);
		CHECK(database_statement_run(s) == 1);
		buffer_release(&numbers);
	}
	CHECK(n > 10 && !database_failed(db));
	database_close(db);
	free(whole);
}

static void what_the_index_says_is_only_a_hint(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "hint");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	for (size_t k = 0; k < N_LETTERS; k++)
		append(&f, bob, bytes_text(letters[k]));
	CHECK(build(&f, bob));
	say_all_of_each(&f, bob);
	int64_t said = ask_index(&f, bob, NULL, WHOLE);
	CHECK_ROW(finds_apples(&f, inbox), "all three may hold it: each is read");
	CHECK_ROW(ask_index(&f, bob, NULL, WHOLE) == said, "no damage was seen");
	fixture_close(&f);
}

/* Of more kinds of three octets than the index keeps of a message. */
static void what_is_too_varied_for_the_index_is_read(void)
{
	static const char octets[] = "abcdefghijklmnopqrstuvwxyz0123456789+/.,;:!?()[]{}<>#%&*";
	struct fixture f = { 0 };
	struct buffer text = { 0 };
	uint64_t number = 1;

	fixture_start(&f, "varied");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	for (size_t k = 0; k < N_LETTERS; k++)
		append(&f, bob, bytes_text(letters[k]));
	buffer_add_text(&text, "Subject: varied\r\n\r\n");
	for (size_t i = 1; i < 400000; i++) {
		number = number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		buffer_add_octet(&text, i % 70 == 0 ? '\n' : octets[(number >> 40) % (sizeof octets - 1)]);
	}
	buffer_add_text(&text, "\r\nan apple at last\r\n");
	append(&f, bob, buffer_bytes(&text));
	buffer_release(&text);
	CHECK(build(&f, bob) && ask_index(&f, bob, NULL, "SELECT count(*) FROM posting WHERE id & 16777215 = 0") == 1);
	CHECK_ROW(finds_these(&f, inbox, 1, 3, 4), "it may hold anything");
	fixture_close(&f);
}

int main(void)
{
	charset_prepare();
	what_the_index_says_wrongly_is_not_believed();
	what_the_index_says_is_only_a_hint();
	what_is_too_varied_for_the_index_is_read();
	return check_finish();
}
