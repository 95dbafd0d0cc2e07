#include "tests/unit/mailstore/fixture_requests.h"

#include <unistd.h>

#include "mailstore/backup.h"
#include "mailstore/store_body.h"
#include "mailstore/store_packer.h"

static int64_t bob;

static void start(struct fixture *f, const char *name, bool compress)
{
	*f = (struct fixture){ .options = { .ephemeral = true, .compress = compress } };
	fixture_start(f, name);
	bob = add_user(f, "bob@a.test");
}

static void reopen(struct fixture *f, bool compress)
{
	fixture_close(f);
	f->options.compress = compress;
	fixture_open(f);
}

static char found[4000], told[4000];

static void on_found(void *owner, const char *text)
{
	(void)owner;
	size_t len = strlen(found);

	snprintf(found + len, sizeof found - len, "%s\n", text);
}

static void on_told(void *owner, const char *finding, const char *done)
{
	(void)owner, (void)finding;
	size_t len = strlen(told);

	snprintf(told + len, sizeof told - len, "%s\n", done != NULL ? done : "NOT REPAIRED");
}

static const size_t sizes[] = { 1, 20, 300, 4096, 65535, 65536, 65537, 200000, 1048576, 1048577, 3000000 };
#define N_SIZES (sizeof sizes / sizeof *sizes)

static bool reads_range(struct fixture *f, int64_t message_id, size_t size, size_t at, size_t len)
{
	size_t wanted = at >= size ? 0 : len < size - at ? len : size - at;

	if (read_octets(f, message_id, at, len) != ERROR_NONE || answer.octets.len != wanted)
		return false;
	for (size_t i = 0; i < wanted; i++)
		if (answer.octets.at[i] != made_octet(at + i))
			return false;
	return true;
}

static void every_octet_can_be_read(struct fixture *f)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		char claim[80];
		snprintf(claim, sizeof claim, "a message of %zu octets", sizes[i]);
		CHECK_ROW(deliver_to(f, sizes[i], &bob, 1) == ERROR_NONE, claim);
		int64_t id = ask(f, "SELECT max(message_id) FROM message");
		CHECK_ROW(reads_back(f, id, sizes[i]), claim);
		const size_t places[] = { 0, 1, 65535, 65536, sizes[i] / 2, sizes[i] - 1, sizes[i], sizes[i] + 100000 };
		for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
			CHECK_ROW(reads_range(f, id, sizes[i], places[k], 1), claim);
			CHECK_ROW(reads_range(f, id, sizes[i], places[k], 70000), claim);
		}
	}
}

static void sizes_are_those_of_the_messages(struct fixture *f)
{
	int64_t sum = 0;

	for (size_t i = 0; i < N_SIZES; i++)
		sum += (int64_t)sizes[i];
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.used == (uint64_t)sum);
	CHECK(ask(f, "SELECT sum(size) FROM message") == sum && ask(f, "SELECT n_octets FROM mailbox WHERE name = 'INBOX'") == sum);
}

static void what_shrinks_is_packed(void)
{
	struct fixture f;

	start(&f, "packed", true);
	every_octet_can_be_read(&f);
	sizes_are_those_of_the_messages(&f);
	CHECK_ROW(ask(&f, "SELECT min(size) FROM message WHERE codec = 1") == 300, "and what does not is left as it is");
	CHECK(ask(&f, "SELECT max(size) FROM message WHERE codec = 0") == 20);
	CHECK(ask(&f, "SELECT sum(length(data)) FROM chunk") < 200000);
	CHECK(ask(&f, "SELECT count(*) FROM message WHERE file IS NOT NULL AND codec = 1") == 2);
	CHECK(findings(&f) == 0);
	reopen(&f, false);
	every_octet_can_be_read(&f);
	CHECK_ROW(ask(&f, "SELECT count(*) FROM message WHERE codec = 1") == 9, "without the option what comes is plain");
	CHECK_ROW(reads_back(&f, 11, 3000000) && reads_back(&f, 4, 4096), "and what is there reads the same");
	CHECK(findings(&f) == 0);
	fixture_close(&f);
}

/* Digits shrink to about half: frames of one piece, of several, of a row too long for pieces. */
static void frames_are_cut_into_rows(void)
{
	static const struct { size_t size; int64_t n_rows; } rows[] = { { 1400, 1 }, { 2800, 2 }, { 4200, 3 }, { 5600, 4 }, { 9000, 1 }, { 140000, 3 } };
	static char digits[140000];
	struct fixture f;
	bool wait;

	start(&f, "rows", true);
	for (size_t i = 0; i < sizeof digits; i++)
		digits[i] = "0123456789abcdef"[random_below(16)];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_recipient recipient = { .user_id = bob, .address = "bob@a.test" };
		struct store_delivery delivery = a_delivery(&f, 0, &recipient, 1);
		char claim[60], sql[120];
		snprintf(claim, sizeof claim, "%zu digits", rows[i].size);
		snprintf(sql, sizeof sql, "SELECT count(*) FROM chunk WHERE id >> 12 = %zu AND length(data) > 400", i + 1);
		CHECK(store_body_write(delivery.body, bytes_of(digits, rows[i].size), &wait, NULL));
		CHECK_ROW(deliver(&f, &delivery) == ERROR_NONE && ask(&f, sql) == rows[i].n_rows, claim);
		CHECK_ROW(read_octets(&f, (int64_t)i + 1, 0, rows[i].size) == ERROR_NONE &&
		          bytes_equal(buffer_bytes(&answer.octets), bytes_of(digits, rows[i].size)), claim);
	}
	CHECK(findings(&f) == 0);
	ask(&f, "DELETE FROM chunk WHERE id = 3 << 12 | 1");
	CHECK_ROW(read_octets(&f, 3, 0, 10) == ERROR_CORRUPT, "a piece is missing");
	ask(&f, "DELETE FROM message WHERE message_id IN (4, 6)");
	struct error err = { 0 };
	told[0] = '\0';
	CHECK(store_repair(f.data_dir, on_told, NULL, &err) && strstr(told, "NOT REPAIRED") == NULL && findings(&f) == 0);
	CHECK_ROW(read_octets(&f, 6, 0, sizeof digits) == ERROR_NONE && bytes_equal(buffer_bytes(&answer.octets), bytes_of(digits, sizeof digits)),
	          "rows are put together again without the message's own");
	fixture_close(&f);
}

static void noise_stays_plain(void)
{
	static char noise[1500000];
	static const size_t lens[] = { 5000, 150000, sizeof noise };
	struct fixture f;
	bool wait;

	start(&f, "noise", true);
	random_octets(noise, sizeof noise);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct store_recipient recipient = { .user_id = bob, .address = "bob@a.test" };
		struct store_delivery delivery = a_delivery(&f, 0, &recipient, 1);
		CHECK(store_body_write(delivery.body, bytes_of(noise, lens[i]), &wait, NULL));
		CHECK(deliver(&f, &delivery) == ERROR_NONE);
		CHECK(read_octets(&f, (int64_t)i + 1, lens[i] - 1000, 1000) == ERROR_NONE &&
		      bytes_equal(buffer_bytes(&answer.octets), bytes_of(noise + lens[i] - 1000, 1000)));
	}
	CHECK(ask(&f, "SELECT count(*) FROM message WHERE codec <> 0") == 0 && findings(&f) == 0);
	fixture_close(&f);
}

/* Memory is so tight that bodies become files that end as rows, or as files. */
static void what_spills_is_read_back(void)
{
	struct fixture f = { .options = { .ephemeral = true, .compress = true, .budget = budget_create(300000) } };

	fixture_start(&f, "spilled");
	bob = add_user(&f, "bob@a.test");
	budget_force(f.options.budget, 150000);
	for (size_t i = 0; i < N_SIZES; i++) {
		CHECK(deliver_to(&f, sizes[i], &bob, 1) == ERROR_NONE);
		CHECK(reads_back(&f, (int64_t)i + 1, sizes[i]));
	}
	budget_force(f.options.budget, 140000);
	CHECK(budget_is_tight(f.options.budget));
	CHECK_ROW(deliver_to(&f, 200000, &bob, 1) == ERROR_LIMIT || reads_back(&f, 12, 200000), "at the limit, too");
	CHECK(findings(&f) == 0);
	answer_clear();
	fixture_close(&f);
	CHECK_ROW(budget_used(f.options.budget) == 290000, "all of it was given back");
	budget_destroy(f.options.budget);
}

/* ---- damage ---- */

/* Messages of bob: 1 (4,096 octets), 2 (200,000: four rows), 3 (2,000,000: a file). */
static const struct damage {
	const char *name, *sql, *command;
	int64_t message_id;
	uint64_t at;                    /* lost … */
	uint64_t kept;                  /* … and not lost: octets there */
	const char *finding;
} damages[] = {
	{ "a damaged frame", "UPDATE chunk SET data = CAST(substr(data, 1, 20) || '!' || substr(data, 22) AS BLOB) WHERE id = 2 << 12 | 256", NULL, 2, 70000, 140000, "message 2, chunk 1: " },
	{ "a frame cut off", "UPDATE chunk SET data = substr(data, 1, length(data) - 1) WHERE id = 2 << 12 | 768", NULL, 2, 199990, 0, "message 2, chunk 3: " },
	{ "a frame of another chunk", "UPDATE chunk SET data = (SELECT data FROM chunk WHERE id = 1 << 12) WHERE id = 2 << 12 | 512", NULL, 2, 140000, 0, "message 2, chunk 2: " },
	{ "a frame that is none", "UPDATE chunk SET data = CAST('what is this' AS BLOB) WHERE id = 1 << 12", NULL, 1, 0, UINT64_MAX, "message 1, chunk 0: " },
	{ "a frame that is gone", "DELETE FROM chunk WHERE id = 2 << 12", NULL, 2, 0, 70000, "message 2, chunk 0: it is missing; UID 2 of INBOX of bob@a.test" },
	{ "more than its octets", "INSERT INTO chunk(id, data) VALUES(2 << 12 | 2000, x'00')", NULL, 2, UINT64_MAX, 70000, "message 2: more is stored than its 200000 octets" },
	{ "a codec not known", "UPDATE message SET codec = 7 WHERE message_id = 1", NULL, 1, 0, UINT64_MAX, "codec 7 is not known" },
	{ "octets changed in a file", NULL, "printf XXXX | dd of=$(ls %s/bodies/*/*) bs=1 seek=60 conv=notrunc status=none", 3, 0, 1999000, "message 3, chunk 0: " },
	{ "a file without its index", NULL, "f=$(ls %s/bodies/*/*); truncate -s $(($(stat -c %%s $f) - 248)) $f", 3, UINT64_MAX, 1999000, "message 3, chunk 0: " },
	{ "a file that is too long", NULL, "printf XXXXXXXX >> $(ls %s/bodies/*/*)", 3, UINT64_MAX, 70000, "message 3, chunk 0: the index of its file is damaged" },
};

static void damage_is_named_and_mended(void)
{
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		const struct damage *d = &damages[i];
		struct fixture f;
		struct error err = { 0 };
		char name[32], command[1200];
		snprintf(name, sizeof name, "damage%zu", i);
		start(&f, name, true);
		deliver_to(&f, 4096, &bob, 1);
		deliver_to(&f, 200000, &bob, 1);
		deliver_to(&f, 2000000, &bob, 1);
		snprintf(command, sizeof command, d->command != NULL ? d->command : "true", f.data_dir);
		CHECK_ROW(system(command) == 0, d->name);
		if (d->sql != NULL)
			ask(&f, d->sql);
		if (d->at != UINT64_MAX) {
			CHECK_ROW(read_octets(&f, d->message_id, d->at, 10) == ERROR_CORRUPT, d->name);
			snprintf(name, sizeof name, "message %lld", (long long)d->message_id);
			CHECK_ROW(strstr(answer.error.text, name) != NULL, answer.error.text);
			CHECK_ROW(d->kept == UINT64_MAX || reads_range(&f, d->message_id, 2000000, d->kept, 10), "octets beside it can be read");
		}
		found[0] = told[0] = '\0';
		CHECK_ROW(store_check(f.data_dir, on_found, NULL, &err) == 1 && strstr(found, d->finding) != NULL, d->name);
		if (strstr(found, d->finding) == NULL)
			fprintf(stderr, "%s", found);
		bool is_ok = store_repair(f.data_dir, on_told, NULL, &err);
		if (strstr(d->name, "codec") != NULL) {
			CHECK_ROW(is_ok && strstr(told, "NOT REPAIRED") != NULL, "what a later version may know is left alone");
		} else {
			CHECK_ROW(is_ok && strstr(told, "stand where octets are lost") != NULL && findings(&f) == 0, d->name);
			CHECK_ROW(d->kept == UINT64_MAX || reads_range(&f, d->message_id, 2000000, d->kept, 10), "what is not lost is there");
			CHECK_ROW(read_octets(&f, d->message_id, d->at != UINT64_MAX ? d->at : 0, 10) == ERROR_NONE && answer.octets.len == 10, d->name);
		}
		fixture_close(&f);
	}
}

static void a_row_is_made_again_from_frames(void)
{
	struct fixture f;
	struct error err = { 0 };

	start(&f, "rowless", true);
	deliver_to(&f, 200000, &bob, 1);
	ask(&f, "DELETE FROM message");
	told[0] = '\0';
	CHECK(store_repair(f.data_dir, on_told, NULL, &err) && strstr(told, "read again") != NULL && findings(&f) == 0);
	CHECK(ask(&f, "SELECT size = 200000 AND codec = 1 FROM message") == 1 && reads_back(&f, 1, 200000));
	fixture_close(&f);
}

/* ---- copies ---- */

static void a_backup_keeps_the_form(bool is_folder)
{
	struct fixture f, copy = { .options = { .reserve = 1 } };
	struct store_backup_result result;
	struct error err = { 0 };
	char path[600];

	start(&f, is_folder ? "saved.folder" : "saved.file", true);
	deliver_to(&f, 4096, &bob, 1);
	deliver_to(&f, 2000000, &bob, 1);
	reopen(&f, false);
	deliver_to(&f, 2000000, &bob, 1);
	int64_t last = ask(&f, "SELECT max(message_id) FROM message");
	snprintf(path, sizeof path, "%s/%s", check_folder(), is_folder ? "backup.folder" : "backup.file");
	struct store_backup_options options = { .data_dir = f.data_dir, .path = path, .is_folder = is_folder };
	CHECK_ROW(store_backup(&options, &result, &err) && result.n_missing == 0, err.text);
	if (is_folder)
		CHECK_ROW(store_backup(&options, &result, &err) && result.n_octets == 0, "a second run copies no body again");
	snprintf(copy.data_dir, sizeof copy.data_dir, "%s/%s", check_folder(), is_folder ? "restored.folder" : "restored.file");
	options.data_dir = copy.data_dir;
	CHECK_ROW(store_restore(&options, &result, &err) && result.n_missing == 0, err.text);
	fixture_open(&copy);
	CHECK(reads_back(&copy, 1, 4096) && reads_back(&copy, 2, 2000000) && reads_back(&copy, last, 2000000));
	CHECK(ask(&copy, "SELECT sum(codec) FROM message") == 2 && findings(&copy) == 0);
	fixture_close(&copy);
	fixture_close(&f);
}

int main(void)
{
	what_shrinks_is_packed();
	frames_are_cut_into_rows();
	noise_stays_plain();
	what_spills_is_read_back();
	damage_is_named_and_mended();
	a_row_is_made_again_from_frames();
	a_backup_keeps_the_form(true);
	a_backup_keeps_the_form(false);
	return check_finish();
}
