/*
 * mua_sync: brings the cache level with an IMAP server, and fetches what the cache does not hold.  Runs on a net_loop without
 * ever blocking it; one operation at a time.  Here are the session and plain commands; entering a folder is in mua_sync_folder, octets
 * of messages in mua_sync_body, waiting for news in mua_sync_idle.
 */
#ifndef MUA_MUA_SYNC_H
#define MUA_MUA_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "imap/imap_client_reply.h"
#include "mua/mua_account.h"
#include "mua/mua_cache.h"
#include "netcore/net_loop.h"
#include "netcore/net_worker.h"

struct mua_sync;

struct mua_sync_counts {                /* messages of a folder */
	uint64_t n_new, n_changed, n_vanished;
};

/* err NULL = done.  exit_code: the enum mua_exit that names a failure.  octets: of mua_sync_body only, borrowed. */
typedef void mua_sync_fn(void *owner, const struct error *err, int exit_code, struct bytes octets);

struct mua_sync_options {
	struct net_loop *loop;
	struct net_worker *worker;
	const struct mua_account *account;      /* borrowed */
	struct mua_cache *cache;                /* borrowed */
	int64_t timeout_ms;
	bool trace;                             /* the dialogue to standard error */
};

/* Connects when the first operation asks for it.  Never NULL. */
struct mua_sync *mua_sync_create(const struct mua_sync_options *);
/* Drops the connection. */
void mua_sync_destroy(struct mua_sync *);

/* Add flags ("\\Seen") on the server and in the cache; nothing in a folder that is read-only. */
void mua_sync_add_flags(struct mua_sync *, uint32_t uid, const char *flags, uint64_t bits, mua_sync_fn *, void *owner);
/* Whether that folder may only be read. */
bool mua_sync_is_read_only(const struct mua_sync *);

/* An untagged response while a command runs, and the OK that ends it; slices are valid during the call. */
typedef void mua_sync_reply_fn(void *owner, const struct imap_reply *);
/*
 * Any command (without tag and CRLF, literals as imap_client_run takes them; copied).  What FETCH responses tell of the folder goes
 * into the cache.  NO is NOT_FOUND, or by its code TRY_LATER, EXISTS, ([CANNOT], [NOPERM]) DENIED, BAD is SYNTAX; the error's text begins
 * with what.  on_reply may be NULL.
 */
void mua_sync_command(struct mua_sync *, const char *what, struct bytes command, mua_sync_reply_fn *on_reply, void *reply_owner,
                      mua_sync_fn *, void *owner);
/* Logged in, as far as is known. */
bool mua_sync_is_open(const struct mua_sync *);
/* IMAP_CAN_ bits; 0 before the log-in. */
unsigned mua_sync_can(const struct mua_sync *);
/* Drops the connection; the operation under way, if any, never ends. */
void mua_sync_drop(struct mua_sync *);
/* Drops the connection; the operation under way ends with TRY_LATER. */
void mua_sync_abort(struct mua_sync *);
/* LOGOUT; the completion comes when the connection is closed. */
void mua_sync_finish(struct mua_sync *, mua_sync_fn *, void *owner);

#endif
