#include "mailstore/store_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_ballast.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_ephemeral.h"
#include "mailstore/store_indexer.h"
#include "mailstore/store_migrate.h"
#include "mailstore/store_reader.h"
#include "mailstore/store_schema.h"
#include "mailstore/store_stager.h"
#include "mailstore/store_trainer.h"
#include "mailstore/store_writer.h"

#define BUSY_MS 5000
#define MIGRATION_WAIT_MS 600000

char *store_database_path(const char *data_dir)
{
	return xprintf("%s/shard0.db", data_dir);
}

struct database *store_database_open(const char *data_dir, enum database_mode mode, bool ephemeral, struct error *err)
{
	char *path = store_database_path(data_dir);
	/* another program (a shell) may hold the lock; our own processes wait at the turnstile */
	struct database_options options = { .path = path, .mode = mode, .synchronous_off = ephemeral, .gathers_log = true, .busy_ms = BUSY_MS };
	struct database *db = database_open(&options, err);

	free(path);
	return db;
}

void store_make_uuid(char text[STORE_UUID_LEN + 1])
{
	unsigned char o[16];

	random_octets(o, sizeof o);
	o[6] = (unsigned char)((o[6] & 0x0f) | 0x40);
	o[8] = (unsigned char)((o[8] & 0x3f) | 0x80);
	snprintf(text, STORE_UUID_LEN + 1, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	         o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8], o[9], o[10], o[11], o[12], o[13], o[14], o[15]);
}

static bool make_folder(const char *path, struct error *err)
{
	if (mkdir(path, 0700) == 0)
		return true;
	struct stat st;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return error_set_errno(err, errno, "cannot make %s", path);
}

static bool write_schema(const struct store_options *options, struct error *err)
{
	unsigned char secret[32];
	char uuid[STORE_UUID_LEN + 1];
	struct database *db = store_database_open(options->data_dir, DATABASE_CREATE, options->ephemeral, err);

	if (db == NULL)
		return false;
	store_make_uuid(uuid);
	random_octets(secret, sizeof secret);
	if (database_begin_write(db)) {
		store_schema_create(db, uuid, secret, options->postmaster, clock_now_s());
		database_commit(db);
	}
	bool ok = !database_failed(db);
	if (!ok && err != NULL)
		*err = *database_error(db);
	database_rollback(db);
	database_close(db);
	return ok || error_prefix(err, "%s", options->data_dir);
}

bool store_create(const struct store_options *options, struct error *err)
{
	char *path = store_database_path(options->data_dir), *bodies = xprintf("%s/bodies", options->data_dir);
	bool ok = make_folder(options->data_dir, err) && make_folder(bodies, err);

	if (ok) {
		/* claimed by its name: SQLite takes an empty file for a new database */
		int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
		if (fd < 0 && errno == EEXIST)
			ok = error_set(err, ERROR_EXISTS, "%s exists", path);
		else if (fd < 0)
			ok = error_set_errno(err, errno, "cannot make %s", path);
		else
			close(fd);
	}
	ok = ok && (!options->ephemeral || store_ephemeral_mark(options->data_dir, err)) && write_schema(options, err);
	free(path);
	free(bodies);
	return ok;
}

static struct database *look(const char *data_dir, int *version, struct error *err)
{
	struct database *db = store_database_open(data_dir, DATABASE_LOOK, false, err);

	/* opening names the file already */
	if (db == NULL || store_schema_check(db, version, err))
		return db;
	error_prefix(err, "%s", data_dir);
	database_close(db);
	return NULL;
}

bool store_is_known(const char *data_dir, int *version, struct error *err)
{
	struct database *db = look(data_dir, version, err);
	bool is_known = db != NULL;

	database_close(db);
	return is_known;
}

static bool check_schema(struct store *store, int *version, struct error *err)
{
	struct database *db = look(store->data_dir, version, err);
	bool ok = db != NULL;

	if (ok) {
		struct database_statement *s = database_statement_begin(db, "SELECT (SELECT v FROM meta WHERE k = 'uuid'), (SELECT v FROM meta WHERE k = 'secret')");
		ok = database_statement_step(s) && database_statement_bytes(s, 0).len == STORE_UUID_LEN && database_statement_bytes(s, 1).len == sizeof store->secret;
		if (ok) {
			bytes_copy_text(database_statement_bytes(s, 0), store->uuid, sizeof store->uuid);
			memcpy(store->secret, database_statement_bytes(s, 1).at, sizeof store->secret);
		} else {
			error_set(err, ERROR_CORRUPT, "%s: no uuid or secret", store->data_dir);
		}
		database_statement_end(s);
	}
	database_close(db);
	return ok;
}

static bool bring_forward(struct store *store, int version, struct error *err)
{
	if (version == STORE_SCHEMA_VERSION)
		return true;
	struct database *db = store_database_open(store->data_dir, DATABASE_WRITE, false, err);
	if (db == NULL)
		return false;
	/* millions of messages take a while, and another process may be at it */
	bool is_in = store_turnstile_enter(&store->turnstile, MIGRATION_WAIT_MS, err), ok = is_in;
	if (ok && database_version(db) < STORE_SCHEMA_VERSION) {
		log_info("store", "migrating", "from=%d to=%d", version, STORE_SCHEMA_VERSION);
		ok = store_migrate(db, store_migrations, store_n_migrations, err);
		if (ok)
			log_info("store", "migrated", "from=%d to=%d", version, STORE_SCHEMA_VERSION);
	}
	if (is_in)
		store_turnstile_leave(&store->turnstile);
	database_close(db);
	return ok || error_prefix(err, "%s", store->data_dir);
}

/* The newest, for what is packed from now on; those of what is read come when they are met. */
static bool load_dictionary(struct store *store, struct error *err)
{
	struct error why = { 0 };

	if (!store->options.compress)
		return true;
	struct database *db = store_database_open(store->data_dir, DATABASE_READ, store->options.ephemeral, err);
	if (db == NULL)
		return false;
	/* mail is packed without it then */
	if (!store_dictionaries_load_newest(store->dictionaries, db, &why))
		log_warning("store", "dictionary-failed", "error=%s", why.text);
	database_close(db);
	return true;
}

static bool start(struct store *store, struct error *err)
{
	int version = 0;

	store->dictionaries = store_dictionaries_create(store->options.budget);
	store->trainer = store_trainer_create(store);

	store->dir_fd = open(store->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0)
		return error_set_errno(err, errno, "cannot open %s", store->data_dir);
	return check_schema(store, &version, err) && store_turnstile_open(&store->turnstile, store->dir_fd, err) &&
	       bring_forward(store, version, err) &&
	       store_ephemeral_enter(store, err) &&
	       load_dictionary(store, err) &&
	       store_lease_open(&store->lease, store->dir_fd, err) &&
	       (store->stager = store_stager_create(store, err)) != NULL &&
	       (store->writer = store_writer_create(store, err)) != NULL &&
	       (store->indexer = store_indexer_create(store)) != NULL &&
	       (store->readers = store_readers_create(store, store->options.n_readers, err)) != NULL;
}

/* In the direction requests travel: what left a part reaches the next one. */
static void stop(struct store *store)
{
	/* it asks the others */
	store_trainer_destroy(store->trainer);
	store->trainer = NULL;
	if (store->stager != NULL)
		store_stager_drain(store->stager);
	store_readers_destroy(store->readers);
	store_writer_destroy(store->writer);
	store_indexer_destroy(store->indexer);
	store_stager_destroy(store->stager);
	store->writer = NULL;
	store->readers = NULL;
	store->stager = NULL;
	store_lease_close(&store->lease);
	store_ephemeral_leave(store);
	store->ephemeral_fd = -1;
	store_dictionaries_destroy(store->dictionaries);
	store->dictionaries = NULL;
	store_turnstile_close(&store->turnstile);
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	store->dir_fd = -1;
}

struct store *store_open(const struct store_options *options, struct error *err)
{
	struct store *store = xcalloc(1, sizeof *store);

	store->options = *options;
	store->data_dir = xstrdup(options->data_dir);
	store->options.data_dir = store->data_dir;
	store->options.postmaster = NULL;
	if (store->options.n_readers == 0)
		store->options.n_readers = 2;
	if (store->options.reserve == 0)
		store->options.reserve = STORE_RESERVE;
	if (store->options.journal_keep_s == 0)
		store->options.journal_keep_s = STORE_JOURNAL_KEEP_S;
	if (store->options.turn_wait_ms == 0)
		store->options.turn_wait_ms = STORE_TURN_WAIT_MS;
	store->dir_fd = store->ephemeral_fd = store->turnstile.fd = store->lease.fd = -1;
	struct error why = { 0 };
	bool ok = start(store, &why);
	if (!ok && why.kind == ERROR_FULL && store->dir_fd >= 0 && store_ballast_drop(store)) {
		stop(store);
		error_clear(&why);
		ok = start(store, &why);
	}
	if (ok)
		return store;
	store_close(store);
	if (err != NULL)
		*err = why;
	return NULL;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	stop(store);
	memory_wipe(store->secret, sizeof store->secret);
	free(store->data_dir);
	free(store);
}

const char *store_uuid(const struct store *store)
{
	return store->uuid;
}

const unsigned char *store_secret(const struct store *store)
{
	return store->secret;
}
