/* smtpd_trace: what this server puts on top of a message. */
#ifndef SMTPD_SMTPD_TRACE_H
#define SMTPD_SMTPD_TRACE_H

#include "base/buffer.h"
#include "smtpd/smtpd_session.h"

#define SMTPD_TRACE_MAX        8192             /* octets the trace fields may add to the largest message */
#define SMTPD_TRACE_HEADER_MAX (256u * 1024)    /* a submitted header that is read for missing fields */

/*
 * Append Return-Path (when a copy stays here), Received, and for a submission the Date and Message-ID that `header` lacks.
 * Returns the octets of Return-Path: they are for mailboxes only, the relay skips them.
 */
size_t smtpd_trace_write(struct smtpd_session *, uint64_t queue_id, int64_t now_s, struct bytes header, struct buffer *out);

#endif
