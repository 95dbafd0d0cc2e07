/*
 * mua_cache: what the client knows of an account, in one SQLite file: the only source of what is shown.  Folders as a whole are in
 * mua_cache_folder, octets of messages in mua_cache_body.
 * A cache may be deleted at any time; it is filled again from the server.
 */
#ifndef MUA_MUA_CACHE_H
#define MUA_MUA_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct mua_cache;

struct mua_folder {
	int64_t folder_id;
	uint32_t uidvalidity, uidnext;  /* 0: never synchronised */
	uint64_t modseq;                /* what is known stands at it at least; 0: the server tells none */
};

struct mua_message {
	uint32_t uid;
	uint64_t flags;                 /* IMAP_FLAG_ bits */
	const char *keywords;           /* separated by spaces */
	uint64_t size;
	int64_t received_s, sent_s;     /* INTERNALDATE; Date, 0 = none */
	const char *from_name, *from_address, *to, *subject, *message_id, *in_reply_to;       /* decoded UTF-8, never NULL */
	bool has_attachment;
};

/*
 * $XDG_CACHE_HOME/mua/NAME.db (0600 in a folder 0700), or ~/.cache; "/" in the name becomes "_".  A damaged file is begun anew.
 * DENIED: a newer program made it.
 */
struct mua_cache *mua_cache_open(const char *name, struct error *err);
/* NULL is ignored. */
void mua_cache_close(struct mua_cache *);

/* Several changes in one transaction; without one each is its own. */
bool mua_cache_begin(struct mua_cache *, struct error *err);
bool mua_cache_commit(struct mua_cache *, struct error *err);
void mua_cache_rollback(struct mua_cache *);

/* Of a UID that is there already: in its place. */
bool mua_cache_put(struct mua_cache *, const struct mua_folder *, const struct mua_message *, struct error *err);
/* *is_changed: it was there and had others. */
bool mua_cache_set_flags(struct mua_cache *, const struct mua_folder *, uint32_t uid, uint64_t flags, const char *keywords, bool *is_changed,
                         struct error *err);
/* One that is not there is no error. */
bool mua_cache_forget(struct mua_cache *, const struct mua_folder *, uint32_t uid, struct error *err);

/* Newest first, at most limit (0 = all); texts live in the arena. */
bool mua_cache_load(struct mua_cache *, const struct mua_folder *, uint64_t limit, struct arena *, struct mua_message **, size_t *n, struct error *err);
/* NOT_FOUND when it is not there. */
bool mua_cache_get(struct mua_cache *, const struct mua_folder *, uint32_t uid, struct arena *, struct mua_message *, struct error *err);

#endif
