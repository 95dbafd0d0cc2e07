/* mua_query_answer: asks those who know for the texts of a query that the cache's rows cannot answer. */
#ifndef MUA_MUA_QUERY_ANSWER_H
#define MUA_MUA_QUERY_ANSWER_H

#include <stdbool.h>

#include "mua/mua_model.h"
#include "mua/mua_query.h"
#include "mua/mua_run.h"

/*
 * For the folder of the model: bodies are searched by the server, with --server all texts are, with --local those bodies that the cache
 * holds.  False: run->exit_code says why; UNREACHABLE when the server refuses to search.
 */
bool mua_query_answer(struct mua_query *, struct mua_run *, const struct mua_model *);

#endif
