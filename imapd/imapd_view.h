/*
 * imapd_view: the selected mailbox as this session was told it.  UIDs are kept as ranges: the position in them is the
 * message sequence number.  Only imapd_update changes what was told.  RFC 9051 2.3.1, 5.2.
 */
#ifndef IMAPD_IMAPD_VIEW_H
#define IMAPD_IMAPD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ranges.h"
#include "imapd/imapd_session.h"
#include "mailstore/mailboxes.h"
#include "service/service_server.h"

struct imapd_view {
	int64_t mailbox_id;
	bool is_read_only;
	bool is_dirty;                  /* something changed that was not told */
	bool is_unsure;                 /* something may have changed before the mailbox was watched */
	struct ranges uids;             /* told, in order */
	struct ranges gone;             /* of those: expunged, and that was not told yet */
	struct ranges recent;           /* \Recent here; may hold UIDs that were not told yet */
	uint32_t next_uid;              /* above every UID ever told */
	uint64_t told_modseq;
	char **keywords;                /* [64] names of flag bits; NULL = none */
	struct service_watch watch;
};

/* From SELECT's snapshot, which stays the caller's.  Watches the mailbox. */
struct imapd_view *imapd_view_create(struct imapd_session *, const struct store_snapshot *, bool is_read_only);
/* NULL accepted. */
void imapd_view_destroy(struct imapd_view *);

uint32_t imapd_view_count(const struct imapd_view *);
uint32_t imapd_view_count_recent(const struct imapd_view *);
/* Learn the mailbox's keywords; true when they are not what they were. */
bool imapd_view_set_keywords(struct imapd_view *, const struct store_keywords *);
const char *const *imapd_view_keywords(const struct imapd_view *);

/* Message numbers or UIDs asked for -> UIDs of this view, in *uids (the caller releases it).  False: a number above EXISTS. */
bool imapd_view_resolve(const struct imapd_view *, const struct ranges *asked, bool by_uid, struct ranges *uids);
/* How a response names messages, many of them in any order: by UID, or by number as told. */
struct imapd_numbers {
	const struct ranges *uids;      /* of the view */
	const uint32_t *before;         /* messages before each of its ranges; NULL = by UID */
};
/* Valid until the view changes; memory of the arena. */
struct imapd_numbers imapd_view_numbers(const struct imapd_view *, bool by_uid, struct arena *);
/* 0 = not in the view. */
uint32_t imapd_number_of(const struct imapd_numbers *, uint32_t uid);
/* What "*" stands for. */
uint32_t imapd_view_star(const struct imapd_view *, bool by_uid);

#endif
