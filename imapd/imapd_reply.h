/* imapd_reply: untagged and tagged responses, and how an error of the store reads.  RFC 9051 7.1, RFC 5530. */
#ifndef IMAPD_IMAPD_REPLY_H
#define IMAPD_IMAPD_REPLY_H

#include "base/error.h"
#include "imapd/imapd_session.h"

/* "* text CRLF" */
void imapd_untagged(struct imapd_session *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "+ text CRLF", sent at once. */
void imapd_continue(struct imapd_session *, const char *text);

/*
 * End a command: "tag text CRLF", text beginning with OK, NO or BAD.  When a mailbox is selected and may have changed, the view is
 * brought up to date first, so the answer may be WAIT: return it, or give it to imapd_session_resume.
 */
enum imapd_after imapd_finish(struct imapd_session *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* BAD for what breaks the grammar: counted, too many end the session. */
enum imapd_after imapd_bad(struct imapd_session *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* BAD with the command's syntax. */
enum imapd_after imapd_bad_syntax(struct imapd_session *);
/* NO with the response code that fits the error; what: "The mailbox", for NOT_FOUND. */
enum imapd_after imapd_finish_error(struct imapd_session *, const struct error *, const char *what);

#endif
