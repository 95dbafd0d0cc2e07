/*
 * message_sort: messages in the order of SORT's keys, from stored values alone.  RFC 5256 2, RFC 5957.
 * Rows are added by ascending UID; the sorting goes in steps, so that who does it can do other things between.
 */
#ifndef MESSAGE_MESSAGE_SORT_H
#define MESSAGE_MESSAGE_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/summary.h"

#define MESSAGE_SORT_RULES_MAX 16

enum message_sort_key {
	MESSAGE_SORT_ARRIVAL, MESSAGE_SORT_DATE, MESSAGE_SORT_SIZE,
	MESSAGE_SORT_CC, MESSAGE_SORT_FROM, MESSAGE_SORT_SUBJECT, MESSAGE_SORT_TO,
	MESSAGE_SORT_DISPLAY_FROM, MESSAGE_SORT_DISPLAY_TO,
};
struct message_sort_rule {
	enum message_sort_key key;
	bool is_reverse;
};

struct message_sort_row {
	uint32_t uid;
	int64_t internal_date_s;
	int64_t sent_s;                 /* the internal date when there is no Date */
	uint64_t size;
	const struct summary_sortkeys *keys;    /* NULL when no rule needs them */
};

/* Do the rules ask for more than dates and sizes? */
bool message_sort_needs_texts(const struct message_sort_rule *, size_t n);

struct message_sort;
/* 1 <= n <= MESSAGE_SORT_RULES_MAX. */
struct message_sort *message_sort_create(const struct message_sort_rule *, size_t n);
/* NULL accepted. */
void message_sort_destroy(struct message_sort *);
/* Copies what it needs. */
void message_sort_add(struct message_sort *, const struct message_sort_row *);
/* Octets of all that is held, those of the sorting included. */
size_t message_sort_octets(const struct message_sort *);
/* Octets of texts held. */
size_t message_sort_text_octets(const struct message_sort *);
/* Move about n_moves rows.  True: sorted; equal rows stand by UID.  No row may be added once this was called. */
bool message_sort_step(struct message_sort *, size_t n_moves);
/* Of a sorted one: the UIDs in order, the caller's to free; NULL when there are none. */
uint32_t *message_sort_take_uids(struct message_sort *, size_t *n);

#endif
