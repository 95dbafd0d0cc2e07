/* smtpd_reply: replies in order.  While messages are with the store, later replies queue behind theirs. */
#ifndef SMTPD_SMTPD_REPLY_H
#define SMTPD_SMTPD_REPLY_H

#include "smtpd/smtpd_session.h"

/* One whole reply without CRLF; several lines are separated by '\n' and get their hyphens here: "250 a\nb" → "250-a", "250 b".
 * 5yz counts as an error of the client; 4yz is ours, or asks for another transaction.  Behind the last reply nothing is said.
 * Returns SMTPD_NEXT_LINE. */
enum smtpd_after smtpd_reply(struct smtpd_session *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, and the session ends after it. */
enum smtpd_after smtpd_reply_close(struct smtpd_session *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The only table from error kinds to replies: "452 4.3.1 …".  Logs what a person must know. */
const char *smtpd_reply_for_error(const struct error *);
/* The same for what keeps one recipient's mailbox from taking a message: NOT_FOUND, DENIED (disabled), FULL or LIMIT (its quota). */
const char *smtpd_reply_for_recipient(enum error_kind);
enum smtpd_after smtpd_reply_error(struct smtpd_session *, const struct error *);

/* Append a reply's wire form. */
void smtpd_reply_format(struct buffer *out, const char *text);

#endif
