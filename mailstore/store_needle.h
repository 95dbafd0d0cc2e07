/* store_needle: what is looked for, made ready, and found in text that comes in pieces. */
#ifndef MAILSTORE_STORE_NEEDLE_H
#define MAILSTORE_STORE_NEEDLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "mailstore/search.h"
#include "message/summary.h"

struct store_finder {
	enum store_needle_place place;
	struct bytes field;
	struct bytes text;              /* folded */
	bool is_ascii;
	bool in_envelope;               /* the stored envelope answers for this field */
	unsigned kinds;                 /* of text_walk: where it may stand; 0 = no text needs to be read */
	struct buffer tail;             /* of the run: what may be its front */
};

/* Everything it keeps is in the arena but tail, which the caller releases. */
void store_finder_init(struct store_finder *, const struct store_needle *, struct arena *);
/* A piece as text_walk tells it.  True: found. */
bool store_finder_piece(struct store_finder *, unsigned kind, struct bytes text, bool is_first);
/* in_envelope: does it? */
bool store_finder_in_envelope(const struct store_finder *, const struct summary_envelope *);

#endif
