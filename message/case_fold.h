/* case_fold: text_fold for long text that comes in pieces, and fast where the text is ordinary. */
#ifndef MESSAGE_CASE_FOLD_H
#define MESSAGE_CASE_FOLD_H

#include "base/buffer.h"
#include "base/bytes.h"

/* Zero-initialise.  What is held back may combine with what follows: at most a few KiB. */
struct case_fold {
	struct buffer held;
};

/*
 * Append the folded form of well-formed UTF-8, cut between characters.  The whole is what text_fold makes of the whole, except that a run of more than
 * 4 KiB without any ASCII may be folded in two pieces.
 */
void case_fold_feed(struct case_fold *, struct bytes utf8, struct buffer *out);
/* The rest; frees what it holds. */
void case_fold_finish(struct case_fold *, struct buffer *out);

#endif
