/* nettool_input: lines that somebody types, or a file or pipe holds, as events of the loop. */
#ifndef NETTOOL_NETTOOL_INPUT_H
#define NETTOOL_NETTOOL_INPUT_H

#include "base/bytes.h"
#include "netcore/net_loop.h"

#define NETTOOL_INPUT_LINE_MAX 4000u

struct nettool_input;
/* A line without its end, borrowed for the call; line.at NULL: the input ended.  A longer line comes in pieces. */
typedef void nettool_input_fn(void *owner, struct bytes line);

/* Standard input, which stays as it is. */
struct nettool_input *nettool_input_create(struct net_loop *, nettool_input_fn *, void *owner);
/* Stop and resume reading. */
void nettool_input_pause(struct nettool_input *);
void nettool_input_resume(struct nettool_input *);
void nettool_input_destroy(struct nettool_input *);

#endif
