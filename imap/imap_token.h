/*
 * imap_token: cuts a stream of octets into whole commands, or whole responses: lines joined with the literals they
 * announce.  RFC 9051 4.3, RFC 7888.  Both directions speak it; nothing is allocated that the owner did not admit.
 *
 * The text of a command is as on the wire: a kept literal stands in it as {n} CRLF and its octets, which is
 * what imap_argument reads.  The CRLF at the end is not part of it.  A LF alone ends a line too.
 */
#ifndef IMAP_IMAP_TOKEN_H
#define IMAP_IMAP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

enum imap_token_event {
	IMAP_TOKEN_MORE,                /* all of the input was used, nothing whole yet */
	IMAP_TOKEN_COMMAND,             /* text holds a whole one; imap_token_clear before the next */
	IMAP_TOKEN_LITERAL,             /* text ends with an announcement, see literal: keep, pass, drop or clear */
	IMAP_TOKEN_OCTETS,              /* octets of a passed literal; left = how many are still to come */
	IMAP_TOKEN_DROPPED,             /* a dropped literal and the rest of its command have been read; text is empty */
	IMAP_TOKEN_TOO_LONG,            /* the lines of this command are longer than line_max: give the connection up */
	IMAP_TOKEN_NUL,                 /* a NUL in a line: give the connection up */
};

struct imap_token_literal {
	uint64_t size;
	bool waits;                     /* {n}: the sender waits for "+"; false for {n+} */
	bool is_binary;                 /* ~{n} */
};

/* Zero-initialise, set line_max.  Holds no block while text is empty and imap_token_release was called. */
struct imap_token_reader {
	size_t line_max;                /* octets of all lines of one command, literals not counted */
	bool lines_only;                /* a line is a line: no literals (DONE, SASL responses) */
	struct buffer text;
	struct imap_token_literal literal;
	struct bytes octets;            /* OCTETS: borrowed from the input of that call */
	uint64_t left;                  /* of the literal being read */
	size_t line_octets;
	size_t line_at;                 /* where the present line begins in text */
	int mode;
};

/* Read from in; *used counts the octets taken, also for events.  Call again with the rest until MORE. */
enum imap_token_event imap_token_feed(struct imap_token_reader *, struct bytes in, size_t *used);

/* After LITERAL.  Keep: its octets join the text (the owner has checked the size). */
void imap_token_keep(struct imap_token_reader *);
/* Its octets come as OCTETS events; the text so far is cleared, the line behind the literal is the next text. */
void imap_token_pass(struct imap_token_reader *);
/* Read and forget it and all that follows up to the end of the command; then DROPPED.  For {n+} that is refused. */
void imap_token_drop(struct imap_token_reader *);
/* Forget the text: the next octet begins a new command.  After LITERAL this refuses a literal that waits. */
void imap_token_clear(struct imap_token_reader *);
/* True between commands. */
bool imap_token_is_empty(const struct imap_token_reader *);
/* Free the block; what was read is lost. */
void imap_token_release(struct imap_token_reader *);

#endif
