/* trace: the fields a server puts on top of a message.  RFC 5321 4.4, RFC 3848. */
#ifndef MESSAGE_TRACE_H
#define MESSAGE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* Texts of the client are bounded and made harmless here. */
struct trace_received {
	const char *helo;               /* as the client said it; NULL or "" = said nothing */
	const char *client_ip;          /* numeric, without brackets; NULL over a Unix socket */
	const char *host;               /* our name */
	bool is_extended;               /* EHLO, not HELO: ESMTP */
	bool is_lmtp;
	bool is_tls, is_authenticated;  /* ESMTPS, ESMTPA, ESMTPSA */
	const char *tls;                /* "TLSv1.3 with cipher …" or NULL: in a comment */
	const char *queue_id;
	const char *recipient;          /* local@domain when there is exactly one, else NULL: no recipient learns of another */
	int64_t now_s;
	int offset_min;
};

/* Append "Received: from … by … with … id … for <…>; date" CRLF, folded. */
void trace_received_write(const struct trace_received *, struct buffer *out);
/* Append "Return-Path: <path>" CRLF; "" gives <>. */
void trace_return_path_write(const char *path, struct buffer *out);

#endif
