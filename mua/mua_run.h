/* mua_run: what a verb of the command line needs around it: a loop, a worker, the account, its cache and synchronisation. */
#ifndef MUA_MUA_RUN_H
#define MUA_MUA_RUN_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/ranges.h"
#include "mua/mua_account.h"
#include "mua/mua_cache.h"
#include "mua/mua_options.h"
#include "mua/mua_sync.h"
#include "netcore/net_loop.h"
#include "netcore/net_signal.h"
#include "netcore/net_worker.h"

struct mua_run {
	const struct mua_options *options;
	struct net_loop *loop;
	struct net_worker *worker;
	struct mua_account account;
	struct mua_cache *cache;        /* NULL until mua_run_open_mail */
	struct mua_sync *sync;
	struct mua_folder folder;       /* of mua_run_folder */
	/* of the operation that just ended */
	bool is_done;
	struct error err;
	int exit_code;
	struct buffer octets;
	bool has_octets;                /* those of the message at hand came from the cache; its folder was not entered */
	/* --watch alone */
	struct net_signal *signals;
	bool is_stopping;               /* a signal came */
};

/* Each prints what went wrong and returns false with run->exit_code set. */
bool mua_run_open(struct mua_run *, const struct mua_options *);
/* Cache and synchronisation; needs --imap. */
bool mua_run_open_mail(struct mua_run *);
/* Bring a folder level with the server. */
bool mua_run_folder(struct mua_run *, const char *name);
/* As the cache has it. */
bool mua_run_folder_from_cache(struct mua_run *, const char *name);
/* The octets of a message of that folder, in run->octets; at once when has_octets is set. */
bool mua_run_body(struct mua_run *, uint32_t uid);
/* Of one that the cache holds with its octets: sets folder, octets and has_octets, without a word to the server or, when it does not, to anybody. */
bool mua_run_body_from_cache(struct mua_run *, const char *folder, uint32_t uidvalidity, uint32_t uid);
/* Put octets of these into the cache. */
bool mua_run_bodies(struct mua_run *, const struct ranges *uids);
/* Wait for news of that folder, no longer than that. */
bool mua_run_idle(struct mua_run *, int64_t after_ms);
bool mua_run_mark_seen(struct mua_run *, uint32_t uid);
/* Whether the cache of that folder, level with the server, holds the message. */
bool mua_run_is_there(struct mua_run *, uint32_t uid);
/* Any IMAP command: mua_sync_command. */
bool mua_run_command(struct mua_run *, const char *what, struct bytes command, mua_sync_reply_fn *on_reply, void *owner);
/* Complain in these words, set exit_code, return false. */
bool mua_run_refuse(struct mua_run *, int exit_code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Logs out, frees everything, returns exit_code. */
int mua_run_close(struct mua_run *);

/* Put a failure of our own (err is set) into words. */
bool mua_run_fail(struct mua_run *, int exit_code);
/* The longest silence of a server that is borne. */
int64_t mua_run_timeout_ms(const struct mua_run *);
/* Turn the loop until *flag is set. */
void mua_run_until(struct mua_run *, const bool *flag);
/* Print "mua: text", made safe. */
void mua_run_complain(const struct error *);
/* Write to standard output; false and MUA_EXIT_OUTPUT when it cannot take it. */
bool mua_run_print(struct mua_run *, struct bytes octets);

#endif
