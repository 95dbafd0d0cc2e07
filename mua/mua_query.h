/*
 * mua_query: the language in which messages are sought:
 *
 *   from:ann  to:bob  subject:"two words"  body:text  is:unread  has:attachment  after:2026-01-01  before:2026-02-01  word
 *   ~f ann  ~t bob  ~s subject  ~b body (the same, as mutt has them)
 *   A B (both)  A OR B  NOT A  ( )
 *
 * Texts compare without case as parts of a field; a bare word is looked for in subject and sender.  Days are this machine's; a message's
 * day is that of its Date, else that of its arrival.
 */
#ifndef MUA_MUA_QUERY_H
#define MUA_MUA_QUERY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ranges.h"
#include "mua/mua_cache.h"

struct mua_query_node;

enum mua_query_field { MUA_QUERY_FROM, MUA_QUERY_TO, MUA_QUERY_SUBJECT, MUA_QUERY_WORD, MUA_QUERY_BODY };

/* A text that is looked for.  What the cache's rows cannot answer (a body), or shall not, is answered beforehand: mua_query_answer. */
struct mua_query_term {
	enum mua_query_field field;
	struct bytes text, folded;
	bool is_answered;
	struct ranges uids;             /* of a folder's messages that have it */
	struct mua_query_term *next;
};

struct mua_query {                      /* zero-initialise */
	struct arena arena;
	const struct mua_query_node *root;
	struct mua_query_term *terms;
};

/* SYNTAX tells what is wrong and at which character, counted from 1. */
bool mua_query_parse(struct mua_query *, struct bytes text, struct error *err);
bool mua_query_match(const struct mua_query *, const struct mua_message *);
void mua_query_release(struct mua_query *);

#endif
