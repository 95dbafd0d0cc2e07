/* report: a delivery status notification to a sender.  multipart/report of RFC 6522 with message/delivery-status of RFC 3464. */
#ifndef MESSAGE_REPORT_H
#define MESSAGE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

#define REPORT_ORIGINAL_MAX (50 * 1024) /* octets of the original a report returns, for good */

enum report_action { REPORT_FAILED, REPORT_DELAYED, REPORT_DELIVERED, REPORT_RELAYED, REPORT_EXPANDED };

struct report_recipient {
	const char *address;            /* local@domain: Final-Recipient */
	const char *original;           /* ORCPT, decoded, or NULL: Original-Recipient */
	enum report_action action;
	const char *status;             /* RFC 3463 "5.1.1"; anything else is written as x.0.0 of the action's class */
	const char *remote_host;        /* Remote-MTA; NULL: it never got that far */
	const char *diagnostic;         /* the peer's reply ("550 5.1.1 no such user") or our own words; NULL; sanitised here */
	bool is_smtp_reply;             /* diagnostic came from a peer: Diagnostic-Code: smtp; …; else x-posta */
	int64_t attempted_s;            /* Last-Attempt-Date; 0 = leave out */
};

struct report {
	const char *host;               /* our name: Reporting-MTA and MAILER-DAEMON@host */
	const char *to;                 /* local@domain the report goes to (the original's reverse-path) */
	const char *envelope_id;        /* ENVID decoded, or NULL */
	const char *queue_id;           /* for people, or NULL */
	int64_t arrived_s;              /* Arrival-Date; 0 = leave out */
	int64_t now_s;                  /* Date */
	int64_t give_up_s;              /* delayed: until when we try; 0 = not told */
	const struct report_recipient *recipients;
	size_t n_recipients;            /* at least 1; all with one kind of action give the clearest text */
	struct bytes header;            /* of the original, with its empty line */
	struct bytes original;          /* the first octets of the whole original, at most REPORT_ORIGINAL_MAX are used */
	bool return_full;               /* RET=FULL: message/rfc822 when original is complete and small enough, else headers only */
	uint64_t original_size;         /* octets of the whole original */
};

/* Append the whole message, CRLF line ends, 7bit (8bit when the returned header or message is).  Send it with the null reverse-path. */
void report_write(const struct report *, struct buffer *out);

#endif
