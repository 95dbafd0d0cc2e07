#include "tests/unit/mailstore/fixture.h"

#include <sys/stat.h>

#include "mailstore/store_schema.h"
#include "tests/unit/mailstore/fixture_schema.h"

static struct database *open_new(const char *name)
{
	char path[600];
	struct database_options options = { .path = path, .mode = DATABASE_CREATE, .synchronous_off = true };
	struct error err = { 0 };

	snprintf(path, sizeof path, "%s/%s", check_folder(), name);
	struct database *db = database_open(&options, &err);
	if (db == NULL)
		give_up(path, &err);
	return db;
}

static char *read_architecture(void)
{
	FILE *file = open_of_project("ARCHITECTURE.md");
	char *text = xcalloc(1, 200000);

	if (file == NULL || fread(text, 1, 199999, file) == 0)
		text[0] = '\0';
	if (file != NULL)
		fclose(file);
	return text;
}

static void architecture_shows_the_schema_that_is_created(void)
{
	struct database *made = open_new("made.db"), *shown = open_new("shown.db");
	struct buffer made_text = { 0 }, shown_text = { 0 };
	unsigned char secret[32] = { 0 };
	char *text = read_architecture(), *block = strstr(text, "```sql\n");

	CHECK_ROW(block != NULL, "the page lies above the program, or where it runs");
	if (block != NULL) {
		block += 7;
		*strstr(block, "```") = '\0';
		database_script(shown, block);
	}
	describe_schema(shown, &shown_text);
	store_schema_create(made, "uuid", secret, NULL, 0);
	describe_schema(made, &made_text);
	CHECK_TEXT(shown_text.at, made_text.at, "ARCHITECTURE.md shows the schema that is created");
	buffer_release(&made_text);
	buffer_release(&shown_text);
	free(text);
}

static void a_store_is_made_once(struct fixture *f)
{
	struct error err = { 0 };

	CHECK(!store_create(&f->options, &err));
	CHECK(err.kind == ERROR_EXISTS);
	CHECK(strlen(store_uuid(f->store)) == STORE_UUID_LEN);
	CHECK_ROW(ask(f, "PRAGMA user_version") == STORE_SCHEMA_VERSION, "steps to a later version begin behind this one");
}

static void files_are_private(struct fixture *f)
{
	char path[600];
	struct stat st;

	CHECK(stat(f->data_dir, &st) == 0 && (st.st_mode & 0777) == 0700);
	static const char *const names[] = { "shard0.db", "shard0.db-wal", "turnstile", "leases" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", f->data_dir, names[i]);
		CHECK_ROW(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, names[i]);
	}
}

static void a_newer_schema_is_refused_and_left_alone(struct fixture *f)
{
	struct error err = { 0 };
	char path[600];
	struct stat before, after;

	fixture_close(f);
	ask(f, "UPDATE meta SET v = v + 1 WHERE k = 'schema'");
	snprintf(path, sizeof path, "%s/shard0.db", f->data_dir);
	stat(path, &before);
	CHECK(store_open(&f->options, &err) == NULL);
	CHECK(err.kind == ERROR_DENIED);
	stat(path, &after);
	CHECK(before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	ask(f, "UPDATE meta SET v = v - 1 WHERE k = 'schema'");
	fixture_open(f);
	CHECK(f->store != NULL);
}

static void what_is_no_store_is_refused(void)
{
	struct store_options options = { .data_dir = "/nonexistent/posta" };
	struct error err = { 0 };

	CHECK(store_open(&options, &err) == NULL && err.kind == ERROR_SYSTEM);
	options.data_dir = check_folder();
	err = (struct error){ 0 };
	CHECK(store_open(&options, &err) == NULL && err.kind == ERROR_NOT_FOUND);
}

/* What a disk that filled, or a copy that was cut, leaves under the store's name. */
static void an_empty_file_is_no_store(void)
{
	struct store_options options = { .data_dir = check_folder() };
	struct error err = { 0 };
	char path[600];

	snprintf(path, sizeof path, "%s/shard0.db", check_folder());
	FILE *file = fopen(path, "w");
	CHECK(file != NULL && fclose(file) == 0);
	CHECK(store_open(&options, &err) == NULL && err.kind == ERROR_CORRUPT);
	CHECK_ROW(strstr(err.text, "not a store") != NULL && strstr(err.text, "restore") != NULL, err.text);
	CHECK(unlink(path) == 0);
}

int main(void)
{
	struct fixture f = { 0 };

	architecture_shows_the_schema_that_is_created();
	fixture_start(&f, "schema");
	a_store_is_made_once(&f);
	files_are_private(&f);
	a_newer_schema_is_refused_and_left_alone(&f);
	what_is_no_store_is_refused();
	an_empty_file_is_no_store();
	fixture_close(&f);
	return check_finish();
}
