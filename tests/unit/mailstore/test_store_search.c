#include "mailstore/search.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "mailstore/store_index.h"
#include "mailstore/store_indexer.h"
#include "message/charset.h"
#include "message/summary.h"
#include "tests/unit/mailstore/fixture_requests.h"

static struct fixture f;
static int64_t user_id, inbox;
static uint32_t last_uid = UINT32_MAX;  /* that is searched */

/* ---- to fill a mailbox ---- */

static void append_octets(struct bytes message)
{
	struct summary summary = { 0 };
	struct summary_builder *builder = summary_builder_create();
	struct store_append_item item = { .body = store_body_create(f.client, on_ready, &f), .summary = &summary, .internal_date_s = 1 };
	struct error err = { 0 };
	bool wait;

	for (struct bytes rest = message; rest.len > 0; rest = bytes_skip(rest, 65536)) {
		summary_builder_feed(builder, bytes_slice(rest, 0, 65536));
		store_body_write(item.body, bytes_slice(rest, 0, 65536), &wait, &err);
		if (wait)
			store_client_wait(f.client);
	}
	summary_builder_finish(builder, &summary);
	summary_builder_destroy(builder);
	answer_clear();
	store_append(f.client, user_id, BYTES("INBOX"), &item, 1, on_appended, &f);
	CHECK_ROW(wait_for(&f) == ERROR_NONE, "the message is stored");
	summary_release(&summary);
}

static void append(const char *message)
{
	append_octets(bytes_text(message));
}

/* ---- to search it ---- */

static void on_found(void *owner, const struct error *err, const struct ranges *found, size_t n)
{
	struct buffer *out = owner;

	on_done(NULL, err);
	for (size_t i = 0; i < n; i++) {
		uint32_t cursor = 0, uid;
		buffer_add_text(out, i > 0 ? ";" : "");
		while (ranges_next(&found[i], &cursor, &uid))
			buffer_printf(out, " %u", uid);
	}
}

/* " 1 3;" …: the UIDs of each needle; to be freed. */
static char *search(int64_t mailbox_id, const struct store_needle *needles, size_t n)
{
	struct ranges uids = { 0 };
	struct buffer out = { 0 };

	answer_clear();
	buffer_reserve(&out, 1);
	ranges_add_range(&uids, 1, last_uid);
	store_search(f.client, mailbox_id, &uids, needles, n, on_found, &out);
	ranges_release(&uids);
	wait_for(&f);
	return buffer_take(&out, NULL);
}

static void expect(enum store_needle_place place, const char *field, const char *text, const char *want, const char *claim)
{
	struct store_needle needle = { place, bytes_text(field), bytes_text(text) };
	char *got = search(inbox, &needle, 1);

	CHECK_TEXT(got, want, claim);
	free(got);
}

static const char *const letters[] = {
	/* 1 */ "From: \"Ann B.\" <ann@x.test>\r\nTo: ab@y.test (Comment)\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle\r\nX-Colour: Blue\r\n\r\nplain words\r\n",
	/* 2 */ "Subject: two\r\nContent-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n8NLJ18XUIM3J0g==\r\n",
	/* 3 */ "Subject: three\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain; name=\"Blue.txt\"\r\n\r\nfirst\r\n--b\r\n"
	        "Content-Type: message/rfc822\r\n\r\nSubject: hidden\r\n\r\nenclosed words\r\n--b--\r\n",
	/* 4 */ "Subject: four\r\nX-Colour:\r\n\r\n\xe4\xb8\xad\xe6\x96\x87\r\n",
};

static void check_places(const char *how)
{
	last_uid = sizeof letters / sizeof *letters;
	expect(STORE_IN_BODY, "", "WORDS", " 1 3", how);
	expect(STORE_IN_BODY, "", "hidden", "", "a body has no headers, not even those of enclosed messages");
	expect(STORE_IN_TEXT, "", "hidden", " 3", "a text has the headers of enclosed messages");
	expect(STORE_IN_TEXT, "", "blue", " 1 3", "a text has all headers, of parts too");
	expect(STORE_IN_TEXT, "", "preamble", "", "what stands between parts is no text");
	expect(STORE_IN_BODY, "", "\xd0\x9f\xd0\xa0\xd0\x98\xd0\x92\xd0\x95\xd0\xa2 \xd0\xbc", " 2", "base64 and KOI8-R");
	expect(STORE_IN_BODY, "", "\xe4\xb8\xad", " 4", "one character of three octets");
	expect(STORE_IN_BODY, "", "o", " 1 3", "one letter");
	expect(STORE_IN_BODY, "", "", " 1 2 3 4", "nothing is in every message");
	expect(STORE_IN_FIELD, "x-colour", "blue", " 1", "a field by name");
	expect(STORE_IN_FIELD, "X-Colour", "", " 1 4", "a field that is there");
	expect(STORE_IN_FIELD, "X-Col", "", "", "its whole name");
	expect(STORE_IN_FIELD, "Subject", "GR\xc3\x9cSSE AN", " 1", "the subject, decoded and folded");
	expect(STORE_IN_FIELD, "From", "ann b. <ann@x", " 1", "an address as its parts, however it was written");
	expect(STORE_IN_FIELD, "To", "comment <ab@y.test>", " 1", "a comment as a name");
	struct store_needle three[] = { { STORE_IN_BODY, { 0 }, BYTES("words") }, { STORE_IN_TEXT, { 0 }, BYTES("hidden") }, { STORE_IN_FIELD, BYTES("Subject"), BYTES("o") } };
	char *got = search(inbox, three, 3);
	CHECK_TEXT(got, " 1 3; 3; 2 4", "several needles in one go");
	free(got);
	last_uid = UINT32_MAX;
}

static void check_refusals(void)
{
	static struct store_needle needles[STORE_NEEDLES_MAX + 1];

	free(search(inbox + 1000, needles, 1));
	CHECK_ROW(answer.error.kind == ERROR_NOT_FOUND, "no such mailbox");
	free(search(inbox, needles, STORE_NEEDLES_MAX + 1));
	CHECK_ROW(answer.error.kind == ERROR_LIMIT, "too many needles");
	for (size_t i = 0; i < STORE_NEEDLES_MAX; i++)
		needles[i] = (struct store_needle){ STORE_IN_BODY, { 0 }, BYTES("plain") };
	char *got = search(inbox, needles, STORE_NEEDLES_MAX);
	CHECK_ROW(strncmp(got, " 1; 1; 1", 8) == 0 && strlen(got) == 3 * STORE_NEEDLES_MAX - 1, "as many as may be");
	free(got);
}

/* A text over every kind of border of a body that is rows, and of one that is a file. */
static void check_borders(size_t size, const char *uid)
{
	struct buffer message = { 0 };

	buffer_add_text(&message, "Subject: long\r\n\r\n");
	while (message.len < size)
		buffer_add_octet(&message, message.len % 80 == 79 ? '\n' : 'x');
	for (size_t at = 65536; at < size; at += 65536) {
		char text[64];
		int n = snprintf(text, sizeof text, "<Here%zu of %s>", at / 65536, uid);
		memcpy(message.at + at - 3, text, (size_t)n);
	}
	memcpy(message.at + size - 5, uid, 5);
	append_octets(buffer_bytes(&message));
	char text[64];
	snprintf(text, sizeof text, "<here1 of %s>", uid);
	expect(STORE_IN_BODY, "", text, uid, "a text over the border of two chunks");
	snprintf(text, sizeof text, "<here%zu of %s>", (size - 1) / 65536, uid);
	expect(STORE_IN_BODY, "", text, uid, "and over the last border");
	snprintf(text, sizeof text, "x%s", uid);
	expect(STORE_IN_BODY, "", text, uid, "at the very end");
	buffer_release(&message);
}

static void check_expunged(void)
{
	append("Subject: gone\r\n\r\nvanishing\r\n");
	uint32_t uid = ranges_first(&answer.uids);
	char want[16];
	snprintf(want, sizeof want, " %u", uid);
	add_flags(&f, inbox, uid, uid, STORE_DELETED);
	expunge(&f, inbox);
	expect(STORE_IN_BODY, "", "vanishing", want, "who was not told yet still finds what was expunged");
}

/* ---- the index ---- */

#define MANY 1200

static bool has_index(void)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof path, "%s/index/%lld.db", f.data_dir, (long long)user_id);
	return stat(path, &st) == 0;
}

static void on_never(void *owner, const struct error *err, const struct ranges *found, size_t n)
{
	(void)owner, (void)err, (void)found, (void)n;
	CHECK_ROW(false, "a search that was forgotten completes for nobody");
}

/* How many messages of the user the index knows; -1 = it is not good. */
static int count_indexed(void)
{
	struct store_needle needle = { STORE_IN_BODY, { 0 }, BYTES("abc") };
	struct store_finder finder;
	struct arena arena = { 0 };
	bool is_damaged = false, is_indexed;
	int n = 0;

	store_finder_init(&finder, &needle, &arena);
	struct store_index_filter *filter = store_index_filter_create(f.store, user_id, &finder, 1, &is_damaged);
	while (filter != NULL && !store_index_filter_fill(filter, 0, &is_damaged))
		;
	if (is_damaged) {
		store_index_filter_destroy(filter);
		filter = NULL;
	}
	for (int64_t id = 1; filter != NULL && id < 3000; id++) {
		store_index_filter_ask(filter, id, &is_indexed);
		n += is_indexed;
	}
	bool is_good = filter != NULL;
	store_index_filter_destroy(filter);
	buffer_release(&finder.tail);
	arena_reset(&arena);
	return is_good ? n : -1;
}

static bool wait_for_index(int at_least)
{
	for (int i = 0; i < 3000; i++) {
		if (count_indexed() >= at_least)
			return true;
		usleep(10000);
	}
	return false;
}

/* late: the UID of number 1777. */
static void check_many(const char *how, const char *late)
{
	expect(STORE_IN_BODY, "", "number 777.", " 782", how);
	expect(STORE_IN_BODY, "", "number 1777.", late, how);
	expect(STORE_IN_FIELD, "From", "sender77@", " 82", "an address in its stored form, by the index");
	expect(STORE_IN_FIELD, "To", "comment <ab@y.test>", " 1", "which no header has octet by octet");
}

static void check_index(void)
{
	append("Subject: too varied\r\n\r\n");
	for (int i = 1; i < MANY - 4; i++) {
		char text[200];
		snprintf(text, sizeof text, "From: S <sender%d@x.test>\r\nSubject: Letter %d\r\n\r\nThis is number %d.\r\n", i, i, i);
		append(text);
	}
	check_many("without an index", "");
	CHECK_ROW(wait_for_index(MANY), "a search of many messages has the index built");
	check_many("with the index", "");
	check_places("with the index");
	append("Subject: late\r\n\r\nThis is number 1777.\r\n");
	char want[16];
	snprintf(want, sizeof want, " %u", ranges_first(&answer.uids));
	expect(STORE_IN_BODY, "", "number 1777.", want, "what is not in the index yet is read");
}

static void overwrite(const char *name, off_t from, size_t n)
{
	char path[600], rubbish[4096];
	struct stat st;

	snprintf(path, sizeof path, "%s/index/%lld.db%s", f.data_dir, (long long)user_id, name);
	int fd = open(path, O_RDWR);
	memset(rubbish, 0x5a, sizeof rubbish);
	if (fd < 0)
		return;
	fstat(fd, &st);
	lseek(fd, from, SEEK_SET);
	for (off_t at = from; at < st.st_size && n > 0; at += (off_t)sizeof rubbish, n--)
		CHECK(file_write(fd, bytes_of(rubbish, sizeof rubbish)));
	close(fd);
}

/* Pages are well, what is in them is not. */
static void meddle(const char *script)
{
	struct error err = { 0 };
	char path[600];

	snprintf(path, sizeof path, "%s/index/%lld.db", f.data_dir, (long long)user_id);
	struct database *db = database_open(&(struct database_options){ .path = path, .mode = DATABASE_CREATE }, &err);
	CHECK(db != NULL);
	database_script(db, script);
	CHECK(!database_failed(db));
	database_close(db);
}

static void check_damage(void)
{
	static const struct { const char *claim; off_t from; size_t n; } cases[] = {
		{ "the first page is rubbish", 0, 1 },
		{ "every page but the first is rubbish", 4096, 100000 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fixture_close(&f);
		overwrite("", cases[i].from, cases[i].n);
		fixture_open(&f);
		check_many(cases[i].claim, " 1201");
		CHECK_ROW(wait_for_index(MANY), cases[i].claim);
		check_many("built anew", " 1201");
	}
	static const struct { const char *claim, *script; } silent[] = {
		{ "numbers are others", "UPDATE posting SET numbers = CAST(x'7f' || substr(numbers, 2) AS BLOB)" },
		{ "numbers are gone", "UPDATE posting SET numbers = x''" },
		{ "ids are others", "UPDATE segment SET ids = CAST(x'7f' || substr(ids, 2) AS BLOB)" },
		{ "the form is an older one", "PRAGMA user_version=1" },
	};
	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
		fixture_close(&f);
		meddle(silent[i].script);
		fixture_open(&f);
		check_many(silent[i].claim, " 1201");
		CHECK_ROW(wait_for_index(MANY), silent[i].claim);
		check_many("built anew", " 1201");
	}
	fixture_close(&f);
	char path[600];
	snprintf(path, sizeof path, "%s/index/%lld.db", f.data_dir, (long long)user_id);
	unlink(path);
	fixture_open(&f);
	check_many("without its file", " 1201");
	CHECK_ROW(wait_for_index(MANY), "a missing index is built");
}

static void check_pack(void)
{
	static const size_t sizes[] = { 1, 7, 8, 9, 64, 65, 1000, 4096 };

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		for (size_t step = 1; step < 600; step = step * 3 / 2 + 1) {
			uint16_t numbers[4096];
			uint64_t bits[64];
			struct buffer packed = { 0 };
			size_t n = 0;
			bool same = true;
			for (size_t i = step / 2; i < sizes[s]; i += step)
				numbers[n++] = (uint16_t)i;
			buffer_reserve(&packed, 1);
			store_index_pack(numbers, n, sizes[s], &packed);
			memset(bits, 0xff, sizeof bits);
			CHECK_ROW(store_index_intersect(buffer_bytes(&packed), sizes[s], bits), "packed numbers are read");
			for (size_t i = 0; i < sizes[s]; i++)
				same = same && (bits[i / 64] >> i % 64 & 1) == (i >= step / 2 && (i - step / 2) % step == 0);
			CHECK_ROW(same && packed.len <= (sizes[s] + 7) / 8, "and are the same, in a bit each at most");
			buffer_release(&packed);
		}
	}
}

static void check_forgotten(void)
{
	struct ranges uids = { 0 };
	struct store_needle needle = { STORE_IN_BODY, { 0 }, BYTES("x") };

	ranges_add_range(&uids, 1, UINT32_MAX);
	struct store_request *request = store_search(f.client, inbox, &uids, &needle, 1, on_never, NULL);
	store_request_forget(request);
	ranges_release(&uids);
	store_client_wait(f.client);
}

static void check_user_gone(void)
{
	answer_clear();
	store_user_delete(f.client, BYTES("bob@a.test"), on_done, &f);
	wait_for(&f);
	CHECK_ROW(!has_index(), "an index goes with its user");
}

int main(void)
{
	charset_prepare();
	check_pack();
	fixture_start(&f, "search");
	user_id = add_user(&f, "bob@a.test");
	inbox = inbox_of(&f, user_id);
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
		append(letters[i]);
	check_places("without an index");
	check_refusals();
	check_index();
	check_damage();
	check_borders((size_t)300 << 10, " 1202");
	check_borders((size_t)1500 << 10, " 1203");
	check_expunged();
	check_forgotten();
	check_user_gone();
	fixture_close(&f);
	return check_finish();
}
