/* mua_sync_operation: the connection of mua_sync, and what its operations share.  Nobody else includes it. */
#ifndef MUA_MUA_SYNC_OPERATION_H
#define MUA_MUA_SYNC_OPERATION_H

#include "base/buffer.h"
#include "base/ranges.h"
#include "imap/imap_client.h"
#include "mua/mua_changes.h"
#include "mua/mua_sync.h"
#include "netcore/net_timer.h"

/* What a SELECT told. */
struct mua_selection {
	uint32_t uidvalidity, uidnext, exists;  /* 0: not told, not told, none */
	uint64_t modseq;
};

struct mua_sync {
	struct mua_sync_options options;
	struct imap_client *client;
	bool is_ready;
	bool has_qresync;               /* enabled in this session */

	/* the operation under way */
	mua_sync_fn *done;
	void *owner;
	void (*start)(struct mua_sync *);       /* once connected */
	void (*step)(struct mua_sync *, const struct imap_reply *);      /* when its command is over */
	void (*take)(struct mua_sync *, const struct imap_reply *);      /* its untagged responses; NULL: mua_sync_take */
	struct error failure;

	/* the folder */
	char *folder_name;
	struct mua_folder *folder;      /* NULL: none was entered */
	bool is_read_only;
	bool is_dirty;                  /* it changed since it was brought level */
	struct mua_changes changes;

	/* mua_sync_folder */
	struct mua_selection selection;
	bool is_whole;                  /* every message is asked for, so that what is not told is gone */
	struct ranges gone;
	uint32_t fetched_from, fetch_span;      /* new ones are known from here on */
	struct mua_sync_counts counts;
	/* mua_sync_body, mua_sync_bodies, mua_sync_add_flags */
	uint32_t uid;
	struct buffer body;
	bool has_body;
	const char *flags;
	uint64_t flag_bits;
	/* mua_sync_command */
	struct buffer command;
	char *what;
	mua_sync_reply_fn *on_reply;
	void *reply_owner;
	/* mua_sync_idle */
	struct net_timer renewal;
	int64_t renew_ms;
	bool is_idling;
};

/* Begin an operation: at once, or when the connection stands. */
void mua_sync_begin(struct mua_sync *, void (*start)(struct mua_sync *), mua_sync_fn *done, void *owner);
/* Send the command, which is released; step gets its end. */
void mua_sync_run(struct mua_sync *, struct buffer *command, void (*step)(struct mua_sync *, const struct imap_reply *));
/* The operation is over; err NULL = well. */
void mua_sync_end(struct mua_sync *, const struct error *err, int exit_code);
/* The operation is over because of s->failure. */
void mua_sync_fail(struct mua_sync *, enum error_kind, int exit_code, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* False: the operation is over.  What the server said wrong is its fault, all else the cache's. */
bool mua_sync_check_cache(struct mua_sync *, bool ok);
/* What the server told goes into the cache; false: the operation is over. */
bool mua_sync_flush(struct mua_sync *);
/* False, and the operation is over, unless the reply is OK. */
bool mua_sync_check(struct mua_sync *, const struct imap_reply *, const char *what);
/* What any response tells of the folder. */
void mua_sync_take(struct mua_sync *, const struct imap_reply *);

#endif
