/*
 * compose: the one builder of header fields, and letters made with it.  RFC 5322 2.1.1, 3.6; RFC 2047.
 * A CR, LF or NUL in any value is refused with ERROR_SYNTAX here, so that no caller can inject a field; so is what is not UTF-8, which
 * would go under a false name.
 */
#ifndef MESSAGE_COMPOSE_H
#define MESSAGE_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "message/compose_attachment.h"

/*
 * Append one field, `Name: value` CRLF, folded at white space to 78 columns where that is possible.  False: nothing was appended.
 * text: unstructured UTF-8 (Subject), encoded where it is not ASCII.
 * tokens: structured ASCII (Message-ID, Content-Type, References), as it is.
 * addresses: a list as a person types it, UTF-8 names; every element must be a usable mailbox; groups are allowed.
 */
bool compose_field_text(struct buffer *out, const char *name, struct bytes value, struct error *err);
bool compose_field_tokens(struct buffer *out, const char *name, struct bytes value, struct error *err);
bool compose_field_addresses(struct buffer *out, const char *name, struct bytes list, struct error *err);
/* Date: in the given offset (0: UTC). */
void compose_field_date(struct buffer *out, int64_t unix_s, int offset_min);
/* Append `<random@domain>`; domain is what stands behind the last "@" of the address, "localhost.invalid" when there is none. */
void compose_message_id(struct bytes address, struct buffer *out);

/* Zero-initialise.  Texts are UTF-8 and borrowed; NULL = leave the field out. */
struct compose_letter {
	const char *from;               /* one mailbox; needed */
	const char *to, *cc;            /* lists as typed */
	const char *bcc;                /* for compose_recipients; never written */
	const char *subject;
	const char *message_id;         /* with brackets; NULL: made */
	const char *in_reply_to, *references;   /* ids with brackets */
	int64_t date_s;                 /* Unix time; 0: now */
	int offset_min;
	struct bytes body;              /* UTF-8; LF or CRLF; the last line end is added when it is missing */
	const struct compose_attachment *attachments;   /* borrowed; with any, the letter is multipart/mixed and the body its first part */
	size_t n_attachments;
};

/*
 * Append the letter: header, empty line, body, CRLF throughout.  Body 7bit when it is ASCII with lines of at most 998 octets (no bare CR, no
 * NUL), else quoted-printable; text/plain, charset us-ascii or utf-8, not format=flowed.
 * Attachments follow as compose_attachment writes them.  No User-Agent, no Bcc, no host name.
 * False: nothing was appended; ERROR_SYNTAX names the field.
 */
bool compose_letter_write(const struct compose_letter *, struct buffer *out, struct error *err);
/*
 * The envelope: `local@domain` of From, and of To, Cc and Bcc together, each once (domains compared without case), NUL-terminated, in the
 * arena.  False: no recipient, or one that is not usable.
 */
bool compose_recipients(const struct compose_letter *, struct arena *, const char **sender,
                        const char *const **recipients, size_t *n, struct error *err);

/*
 * Fill *reply (all but from, date and message_id) to answer a message whose header is given and whose readable text (UTF-8, from
 * preview.h) is quoted with "> " below "On DATE, NAME wrote:".  To: Reply-To, else From; to_all adds To and Cc without own_address and without
 * doubles.  Subject "Re: " once.  In-Reply-To and References by RFC 5322 3.6.4 (the first and the last 20 ids are kept).  Hostile values are
 * flattened.  All texts live in the arena.  False: the message names nobody to answer.
 */
bool compose_reply(struct compose_letter *reply, struct bytes header, struct bytes text, const char *own_address, bool to_all,
                   struct arena *, struct error *err);

#endif
