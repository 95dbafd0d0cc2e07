/*
 * text_walk: the text of a message for searching: header fields unfolded and decoded, the text of parts decoded from transfer encoding and
 * character set, those of enclosed messages too.  The octets come in order and in pieces cut anywhere; memory is bounded whatever the message.
 */
#ifndef MESSAGE_TEXT_WALK_H
#define MESSAGE_TEXT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "message/mime_part.h"

#define TEXT_WALK_HEADER 1u             /* "Name: value" of every field of the message's header; a run each, told at once */
#define TEXT_WALK_PARTS  2u             /* the same of the headers inside: of parts and of enclosed messages */
#define TEXT_WALK_BODY   4u             /* text/…, message/… that is not enclosed, a multipart without parts; a run each */

/* Case folded, or ASCII in any case.  is_first: a run begins; what is looked for lies within one.  False: enough of this message. */
typedef bool text_walk_fn(void *owner, unsigned kind, struct bytes text, bool is_first);

struct text_walk;
struct text_walk *text_walk_create(text_walk_fn *, void *owner);
void text_walk_destroy(struct text_walk *);

/* Begin a message, giving up the one before.  The tree is borrowed until the next start. */
void text_walk_start(struct text_walk *, const struct mime_tree *, unsigned kinds);
/* Where the next octets lie that are wanted; false: all was told. */
bool text_walk_wants(struct text_walk *, uint64_t *at, uint64_t *len);
/* Octets of the message from `at`, which lies not after what is wanted; what is not wanted is passed over. */
void text_walk_feed(struct text_walk *, uint64_t at, struct bytes octets);

#endif
