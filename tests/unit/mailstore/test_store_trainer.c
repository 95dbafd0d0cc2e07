#include "mailstore/store_trainer.h"

#include "base/budget.h"
#include "mailstore/backup.h"
#include "mailstore/search.h"
#include "mailstore/store_dictionary.h"
#include "message/summary.h"
#include "tests/unit/mailstore/fixture_requests.h"

#define LETTER_SIZE 1200
#define FEW 40
/* The two lowest bits of a frame's fifth octet say that it names a dictionary. */
#define PACKED_WITH "SELECT count(*) FROM chunk WHERE id & 4095 = 0 AND hex(substr(data, 1, 4)) = '28B52FFD' AND substr(hex(data), 10, 1) NOT IN ('0', '4', '8', 'C')"

static int64_t bob;

/* What letters of one house have in common, words in an order of their own, and what no other letter has. */
static size_t make_letter(unsigned n, char *to)
{
	static const char *const words[] = { "schedule", "answer", "yesterday", "partition", "contract", "message", "airport", "question", "window", "station",
	                                     "lawyer", "tomorrow", "password", "memory", "office", "coffee" };
	uint32_t seed = n * 2654435761u + 12345;
	int len = snprintf(to, LETTER_SIZE,
		"Received: from mx%u.example.net (mx%u.example.net [192.0.2.%u])\r\n\tby in.a.test (Posta) with ESMTPS id %08x\r\n\tfor <bob@a.test>\r\n"
		"From: Somebody Else <somebody%u@example.net>\r\nTo: Bob <bob@a.test>\r\nSubject: letter %u\r\nMessage-ID: <%08x.%u@mx.example.net>\r\n"
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nneedle%u\r\n", n % 20, n % 20, n % 250, seed, n % 50, n, seed, n, n);

	while (len < LETTER_SIZE - 40) {
		seed = seed * 1664525u + 1013904223u;
		len += snprintf(to + len, (size_t)(LETTER_SIZE - len), "%s ", words[seed >> 28]);
	}
	return (size_t)len;
}

static void deliver_letter(struct fixture *f, unsigned n)
{
	struct store_recipient recipient = { .user_id = bob, .address = "bob@a.test" };
	struct store_delivery delivery = a_delivery(f, 0, &recipient, 1);
	struct summary_builder *builder = summary_builder_create();
	struct summary summary = { 0 };
	char letter[LETTER_SIZE];
	struct bytes octets = bytes_of(letter, make_letter(n, letter));
	bool wait;

	summary_builder_feed(builder, octets);
	summary_builder_finish(builder, &summary);
	summary_builder_destroy(builder);
	delivery.summary = &summary;
	CHECK(store_body_write(delivery.body, octets, &wait, NULL));
	CHECK(deliver(f, &delivery) == ERROR_NONE);
	summary_release(&summary);
}

static int64_t last_id(struct fixture *f)
{
	return ask(f, "SELECT max(message_id) FROM message");
}

static bool letter_reads_back(struct fixture *f, int64_t message_id, unsigned n)
{
	char letter[LETTER_SIZE];
	size_t len = make_letter(n, letter);

	return read_octets(f, message_id, 0, STORE_READ_MAX) == ERROR_NONE && bytes_equal(buffer_bytes(&answer.octets), bytes_of(letter, len)) &&
	       read_octets(f, message_id, 500, 20) == ERROR_NONE && bytes_equal(buffer_bytes(&answer.octets), bytes_of(letter + 500, 20));
}

static void start(struct fixture *f, const char *name)
{
	*f = (struct fixture){ .options = { .ephemeral = true, .compress = true } };
	fixture_start(f, name);
	bob = add_user(f, "bob@a.test");
}

/* Letters until there is a dictionary, then some that are packed with it; how many letters that makes. */
static unsigned fill(struct fixture *f)
{
	unsigned n = 0;

	for (; n < 20000 && ask(f, "SELECT count(*) FROM dictionary") == 0; n++)
		deliver_letter(f, n);
	for (unsigned tries = 0; n < 40000 && ask(f, PACKED_WITH) == 0 && tries < 20000; tries++)
		deliver_letter(f, n++);
	for (unsigned i = 0; i < FEW; i++)
		deliver_letter(f, n++);
	return n;
}

static int64_t packed_octets(struct fixture *f, int64_t message_id)
{
	char sql[100];

	snprintf(sql, sizeof sql, "SELECT sum(length(data)) FROM chunk WHERE id >> 12 = %lld", (long long)message_id);
	return ask(f, sql);
}

static char found[8000], told[8000];

static void on_found(void *owner, const char *text)
{
	(void)owner;
	size_t len = strlen(found);

	snprintf(found + len, sizeof found - len, "%s\n", text);
}

static void on_told(void *owner, const char *finding, const char *done)
{
	(void)owner;
	size_t len = strlen(told);

	snprintf(told + len, sizeof told - len, "%s: %s\n", finding, done != NULL ? done : "NOT REPAIRED");
}

/* ---- claims ---- */

static void letters_are_packed_with_what_they_have_in_common(void)
{
	struct fixture f;

	start(&f, "trained");
	deliver_letter(&f, 0);
	int64_t first = last_id(&f);
	unsigned n = fill(&f);
	CHECK(n > 200 && ask(&f, "SELECT max(dictionary_id) FROM dictionary") == STORE_DICTIONARY_FIRST);
	CHECK(ask(&f, "SELECT count(*) FROM dictionary") == 2 && ask(&f, "SELECT count(DISTINCT octets) FROM dictionary") == 1);
	CHECK(ask(&f, PACKED_WITH) >= FEW);
	CHECK_ROW(2 * packed_octets(&f, last_id(&f)) < packed_octets(&f, first), "half of what they took without");
	CHECK(letter_reads_back(&f, last_id(&f), n - 1) && letter_reads_back(&f, first, 0));
	CHECK(findings(&f) == 0);

	fixture_close(&f);
	fixture_open(&f);
	deliver_letter(&f, n);
	CHECK_ROW(2 * packed_octets(&f, last_id(&f)) < packed_octets(&f, first), "the next process packs with it from its first letter on");
	CHECK(letter_reads_back(&f, last_id(&f), n));
	fixture_close(&f);
	f.options.compress = false;
	fixture_open(&f);
	CHECK_ROW(letter_reads_back(&f, last_id(&f), n), "and one that packs nothing reads it");
	CHECK(findings(&f) == 0);
	fixture_close(&f);
}

/* As where two processes write in turns: each gives up the block of ids that it reserved. */
static void ids_that_nobody_has_are_no_messages(void)
{
	struct fixture f;

	start(&f, "sparse");
	deliver_letter(&f, 0);
	ask(&f, "UPDATE sqlite_sequence SET seq = 300000 WHERE name = 'message'");
	CHECK(fill(&f) >= 200 && last_id(&f) > 300000);
	CHECK_ROW(ask(&f, "SELECT max(dictionary_id) FROM dictionary") == STORE_DICTIONARY_FIRST, "the first one, not that of 262,144 messages");
	fixture_close(&f);
}

static void memory_is_counted(void)
{
	struct fixture f = { .options = { .ephemeral = true, .compress = true, .budget = budget_create(0) } };

	fixture_start(&f, "counted");
	bob = add_user(&f, "bob@a.test");
	fill(&f);
	CHECK(budget_used(f.options.budget) > 100000);
	fixture_close(&f);
	CHECK_ROW(budget_used(f.options.budget) == 0, "all of it was given back");
	budget_destroy(f.options.budget);
}

static void a_lost_row_is_made_again_from_the_other(void)
{
	static const char *const damages[] = {
		"DELETE FROM dictionary WHERE dictionary_id > 0",
		"DELETE FROM dictionary WHERE dictionary_id < 0",
		"UPDATE dictionary SET octets = CAST(substr(octets, 1, 9000) || 'X' || substr(octets, 9002) AS BLOB) WHERE dictionary_id > 0",
		"UPDATE dictionary SET octets = x'00' WHERE dictionary_id < 0",
	};
	struct fixture f;
	struct error err = { 0 };

	start(&f, "copies");
	unsigned n = fill(&f);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		fixture_close(&f);
		fixture_open(&f);
		ask(&f, damages[i]);
		CHECK_ROW(letter_reads_back(&f, last_id(&f), n - 1), damages[i]);
		found[0] = told[0] = '\0';
		CHECK_ROW(store_check(f.data_dir, on_found, NULL, &err) == 1 && strstr(found, "dictionary 32768: one of its two rows") != NULL, damages[i]);
		CHECK_ROW(store_repair(f.data_dir, on_told, NULL, &err) && strstr(told, "copied from its other row") != NULL, damages[i]);
		CHECK_ROW(findings(&f) == 0 && ask(&f, "SELECT count(DISTINCT octets) = 1 AND count(*) = 2 FROM dictionary") == 1, damages[i]);
	}
	fixture_close(&f);
}

static void without_its_dictionary_a_body_is_left_as_it_is(void)
{
	struct fixture f;
	struct error err = { 0 };

	start(&f, "lost");
	unsigned n = fill(&f);
	ask(&f, "CREATE TABLE elsewhere AS SELECT * FROM dictionary");
	ask(&f, "DELETE FROM dictionary");
	int64_t octets = ask(&f, "SELECT sum(length(data)) FROM chunk");
	fixture_close(&f);
	fixture_open(&f);
	CHECK(read_octets(&f, last_id(&f), 0, 10) == ERROR_CORRUPT && strstr(answer.error.text, "dictionary 32768 is missing") != NULL);
	found[0] = told[0] = '\0';
	CHECK(store_check(f.data_dir, on_found, NULL, &err) >= FEW && strstr(found, "its dictionary 32768 is missing or damaged; UID ") != NULL);
	CHECK(store_repair(f.data_dir, on_told, NULL, &err) && strstr(told, "NOT REPAIRED") != NULL && strstr(told, "stand where") == NULL);
	CHECK(ask(&f, "SELECT sum(length(data)) FROM chunk") == octets);
	ask(&f, "INSERT INTO dictionary SELECT * FROM elsewhere");
	CHECK(findings(&f) == 0 && letter_reads_back(&f, last_id(&f), n - 1));

	ask(&f, "UPDATE chunk SET data = CAST(substr(data, 1, 5) || x'ffff' || substr(data, 8) AS BLOB) WHERE id = (SELECT max(message_id) FROM message) << 12");
	told[0] = '\0';
	CHECK(store_repair(f.data_dir, on_told, NULL, &err) && strstr(told, "no dictionary has the number 65535") != NULL && strstr(told, "stand where") != NULL);
	CHECK_ROW(findings(&f) == 0, "a number that none has is damage");
	fixture_close(&f);
}

static void every_backup_has_it(bool is_folder)
{
	struct fixture f, copy = { .options = { .reserve = 1 } };
	struct store_backup_result result;
	struct error err = { 0 };
	char path[600];

	start(&f, is_folder ? "saved.folder" : "saved.file");
	deliver_letter(&f, 0);
	snprintf(path, sizeof path, "%s/%s", check_folder(), is_folder ? "backup.folder" : "backup.file");
	struct store_backup_options options = { .data_dir = f.data_dir, .path = path, .is_folder = is_folder };
	if (is_folder)
		CHECK_ROW(store_backup(&options, &result, &err), "a run before there was one");
	unsigned n = fill(&f);
	int64_t last = last_id(&f);
	CHECK_ROW(store_backup(&options, &result, &err) && result.n_missing == 0, err.text);
	if (is_folder) {
		ask(&f, "DELETE FROM dictionary");
		CHECK_ROW(store_backup(&options, &result, &err), "what a store lost its backup keeps");
	}
	snprintf(copy.data_dir, sizeof copy.data_dir, "%s/%s", check_folder(), is_folder ? "restored.folder" : "restored.file");
	options.data_dir = copy.data_dir;
	CHECK_ROW(store_restore(&options, &result, &err) && result.n_missing == 0, err.text);
	fixture_open(&copy);
	CHECK(letter_reads_back(&copy, last, n - 1) && findings(&copy) == 0);
	fixture_close(&copy);
	fixture_close(&f);
}

static uint32_t match;

static void on_search(void *owner, const struct error *err, const struct ranges *uids, size_t n)
{
	(void)owner;
	match = err == NULL && n == 1 && uids->n == 1 && uids->at[0].first == uids->at[0].last ? uids->at[0].first : 0;
}

static void a_search_reads_them(void)
{
	struct fixture f;
	char text[32];

	start(&f, "searched");
	unsigned n = fill(&f);
	struct ranges all = { 0 };
	ranges_add_range(&all, 1, UINT32_MAX);
	snprintf(text, sizeof text, "needle%u", n - 1);
	struct store_needle needle = { .place = STORE_IN_BODY, .text = bytes_text(text) };
	store_search(f.client, inbox_of(&f, bob), &all, &needle, 1, on_search, NULL);
	store_client_wait(f.client);
	CHECK(match == n);
	ranges_release(&all);
	fixture_close(&f);
}

int main(void)
{
	letters_are_packed_with_what_they_have_in_common();
	ids_that_nobody_has_are_no_messages();
	memory_is_counted();
	a_lost_row_is_made_again_from_the_other();
	without_its_dictionary_a_body_is_left_as_it_is();
	every_backup_has_it(true);
	every_backup_has_it(false);
	a_search_reads_them();
	return check_finish();
}
