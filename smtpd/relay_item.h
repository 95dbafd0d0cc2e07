/* relay_item: one recipient of one queued message, held in memory under a lease, and what became of its last try. */
#ifndef SMTPD_RELAY_ITEM_H
#define SMTPD_RELAY_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "mailstore/queue.h"
#include "message/report.h"
#include "smtpd/relay_state.h"

#define RELAY_EXPIRED "5.4.7"           /* enhanced status of what failed because its time was over: RFC 3463 3.5 */

struct relay_item {
	struct list_node node;          /* of the one list that has it: waiting, on its way, to be committed */
	struct relay *relay;            /* NULL until a loop holds it */
	struct arena arena;
	struct store_queue_item row;    /* texts in the arena */
	/* the result */
	enum store_queue_outcome outcome;
	int64_t next_at_s;              /* RETRY */
	bool is_parked;                 /* RETRY: nobody was asked, it waits for its destination */
	bool needs_report;
	enum report_action action;      /* of that report */
	const char *status, *enhanced;  /* in the arena */
	const char *remote;             /* host that said so, or NULL: in the arena */
	bool is_smtp_reply;
};

/* A copy of the row. */
struct relay_item *relay_item_create(const struct store_queue_item *);
/* The loop has it from now on.  False: it holds that row already (its lease is taken over) and the new item is gone. */
bool relay_item_hold(struct relay *, struct relay_item *);
void relay_item_destroy(struct relay_item *);
/* Items of all loops. */
size_t relay_item_count(void);

/* Texts are copied.  status: one printable line. */
void relay_item_delivered(struct relay_item *, const char *status, const char *remote);
void relay_item_failed(struct relay_item *, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote);
/*
 * Not now, all three: failed when its time is over; a delay notice when it waits longer than queue.delay_notice.
 * _deferred: refused for now, tried again after 5, 10, 20, 40 minutes, then every 60 to 70, ±10 %.
 * _lost: the session ended with it under way: tried again after 15, 30 and 60 s, then as above.
 * _parked: its destination cannot be reached, or has too much to do: when that changes (relay_rest), else within 70 minutes.
 */
void relay_item_deferred(struct relay_item *, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote);
void relay_item_lost(struct relay_item *, const char *enhanced, const char *status, bool is_smtp_reply, const char *remote);
void relay_item_parked(struct relay_item *, const char *enhanced, const char *status, const char *remote);

/* The wait before the next try when n tries failed before this one. */
int64_t relay_item_delay_s(unsigned n);

#endif
