/*
 * nettool_trace: what two sides of a connection say, for people to read: one line a line, who said it and when; hex for binary.
 * In SMTP and IMAP mode lines are labelled and credentials hidden: their octets never reach the output.
 */
#ifndef NETTOOL_NETTOOL_TRACE_H
#define NETTOOL_NETTOOL_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"

#define NETTOOL_TRACE_LINE_MAX 1000     /* a longer line is shown in pieces */

enum nettool_trace_mode { NETTOOL_TRACE_PLAIN, NETTOOL_TRACE_SMTP, NETTOOL_TRACE_IMAP };

struct nettool_trace;

/* name stands at the front of each line; the file is borrowed. */
struct nettool_trace *nettool_trace_create(FILE *to, enum nettool_trace_mode, const char *name);
/* Octets of the client (0) or the server (1), in the order they passed; none: that side's FIN. */
void nettool_trace_add(struct nettool_trace *, unsigned from, struct bytes, int64_t now_ms);
/* Shows what is left of a line, and `note`.  NULL is ignored. */
void nettool_trace_end(struct nettool_trace *, const char *note, int64_t now_ms);

#endif
