/* store_open: the store of a process and its parts. */
#ifndef MAILSTORE_STORE_OPEN_H
#define MAILSTORE_STORE_OPEN_H

#include "database/database.h"
#include "mailstore/store.h"
#include "mailstore/store_expiry.h"
#include "mailstore/store_lease.h"
#include "mailstore/store_reaper.h"
#include "mailstore/store_received.h"
#include "mailstore/store_turnstile.h"

#define STORE_RETAIN_S 3600             /* what was expunged stays readable so long */
#define STORE_TOMB_KEEP_S (30 * 86400)  /* and is remembered for resynchronisation so long */
#define STORE_JOURNAL_KEEP_S (30 * 86400)
#define STORE_TURN_WAIT_MS 5000
#define STORE_RESERVE ((uint64_t)64 << 20)

struct store_dictionaries;
struct store_indexer;
struct store_readers;
struct store_stager;
struct store_trainer;
struct store_writer;

struct store {
	struct store_options options;   /* defaults filled in */
	char *data_dir;
	int dir_fd;
	int ephemeral_fd;               /* the lock of a daemon; -1 = none */
	char uuid[STORE_UUID_LEN + 1];
	unsigned char secret[32];
	struct store_turnstile turnstile;
	struct store_lease lease;
	int64_t data_version;           /* as of the last poll; the writer's thread only */
	unsigned next_sweep;            /* folder of bodies/; the writer's thread only */
	struct { int64_t user_id, hash; } thread_prune; /* the last note looked at; the writer's thread only */
	struct store_received_cursor next_received;     /* the writer's thread only */
	struct store_expiry_cursor next_expiry;         /* the writer's thread only */
	struct store_reaper_cursor next_reaped;         /* the writer's thread only */
	bool is_behind;                 /* the last maintenance left old messages; the writer's thread only */
	unsigned log_pages;             /* of the log at the last maintenance; the writer's thread only */
	unsigned copied_pages;          /* length of the log at its last copying, 0 = since it began; the writer's thread only */
	bool log_is_copied;             /* by this process, nearly all of it; the writer's thread only */
	bool log_is_stuck;              /* a batch waited in vain for readers; the writer's thread only */
	struct store_stager *stager;
	struct store_writer *writer;
	struct store_readers *readers;
	struct store_indexer *indexer;
	struct store_trainer *trainer;
	struct store_dictionaries *dictionaries;
};

/* The database file of shard 0; the caller frees it. */
char *store_database_path(const char *data_dir);
/* A new random one. */
void store_make_uuid(char text[STORE_UUID_LEN + 1]);
struct database *store_database_open(const char *data_dir, enum database_mode, bool ephemeral, struct error *err);
/* store_schema_check, on a connection that changes nothing: a store this program does not understand is left exactly as it is. */
bool store_is_known(const char *data_dir, int *version, struct error *err);

#endif
