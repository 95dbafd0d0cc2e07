/* smtp_reply: a server's reply, one or several lines, read line by line with bounds.  RFC 5321 4.2, RFC 2034. */
#ifndef SMTP_SMTP_REPLY_H
#define SMTP_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"

#define SMTP_REPLY_LINE_MAX  2048       /* octets, CRLF included (the RFC says 512) */
#define SMTP_REPLY_LINES_MAX 128
#define SMTP_REPLY_TEXT_MAX  8192       /* octets kept of all lines; the rest is dropped */

struct smtp_reply {                     /* zero-initialise */
	int code;                       /* 200..599 */
	char enhanced[12];              /* "5.1.1" of the last line that had one of the code's class, or "" */
	struct buffer text;             /* lines without code and enhanced code, joined by '\n' */
	size_t n_lines;
};

enum smtp_reply_status {
	SMTP_REPLY_MORE,                /* "250-…": read the next line */
	SMTP_REPLY_DONE,
	SMTP_REPLY_BAD,                 /* no reply, codes that differ, too many lines: give the connection up */
};

/* line: without CRLF.  After DONE, smtp_reply_clear before the next reply. */
enum smtp_reply_status smtp_reply_line(struct smtp_reply *, struct bytes line);
void smtp_reply_clear(struct smtp_reply *);
void smtp_reply_release(struct smtp_reply *);

/* Append all of it as one printable line: "550 5.1.1 no such user", at most 500 octets. */
void smtp_reply_describe(const struct smtp_reply *, struct buffer *out);

/* 2yz, 3yz, 4yz, 5yz. */
static inline int smtp_reply_class(const struct smtp_reply *r)
{
	return r->code / 100;
}

#endif
