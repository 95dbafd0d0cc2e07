/*
 * imap_argument: the words a command or response is made of.  RFC 9051 9 (formal syntax), with RFC 3501's leniencies.
 *
 * Each function takes one thing off the front of *rest and returns true; on false *rest is untouched.  Results are
 * slices of the text, or of the arena where a quoted string held escapes; they live as long as both.
 */
#ifndef IMAP_IMAP_ARGUMENT_H
#define IMAP_IMAP_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

#define IMAP_NESTING_MAX 32             /* parentheses inside one another: deeper is a syntax error */

bool imap_argument_space(struct bytes *rest);                   /* one SP */
bool imap_argument_octet(struct bytes *rest, char octet);
/* The word without case, and behind it no further atom octet. */
bool imap_argument_word(struct bytes *rest, const char *word);

bool imap_argument_tag(struct bytes *rest, struct bytes *tag);
bool imap_argument_atom(struct bytes *rest, struct bytes *atom);
/* Quoted or literal.  A literal8 (~{n}) is taken too. */
bool imap_argument_string(struct bytes *rest, struct arena *, struct bytes *string);
bool imap_argument_astring(struct bytes *rest, struct arena *, struct bytes *string);
/* NIL gives is_nil and the empty slice. */
bool imap_argument_nstring(struct bytes *rest, struct arena *, struct bytes *string, bool *is_nil);
/* A mailbox pattern of LIST: an astring that may hold % and *. */
bool imap_argument_pattern(struct bytes *rest, struct arena *, struct bytes *pattern);

bool imap_argument_number(struct bytes *rest, uint32_t *number);
bool imap_argument_number64(struct bytes *rest, uint64_t *number);     /* up to 2^63-1 */

/* Any one value: atom (with a section in brackets), string, list.  For what the reader does not want to know. */
bool imap_argument_skip(struct bytes *rest);

/* Octet classes of the formal syntax. */
bool imap_is_atom_octet(int octet);
bool imap_is_astring_octet(int octet);

#endif
