/* nettool_secret: which octets of an SMTP or IMAP dialogue are credentials.  Fed line by line; when in doubt it hides. */
#ifndef NETTOOL_NETTOOL_SECRET_H
#define NETTOOL_NETTOOL_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

struct nettool_secret {                 /* zero-initialise, then set is_imap */
	bool is_imap;
	bool authenticating;            /* an AUTH or AUTHENTICATE exchange: all lines are secret until its reply */
	bool in_login;                  /* within LOGIN's arguments, which may come as literals */
	bool lost;                      /* a line was too long to judge: the client is not shown any more */
	char tag[40];                   /* IMAP: of the last command that matters here; empty: any tag is taken for it */
	unsigned pending;               /* SMTP: commands without a final reply yet */
	unsigned until_auth;            /* SMTP: final replies until that of AUTH, it included */
	uint64_t literal_left;          /* octets of a literal, or of a BDAT chunk, that follow the client's last line */
	bool literal_waits;             /* for the server's consent: it may never come */
	bool data;                      /* SMTP: the message after 354, up to the dot */
	bool data_asked;
	bool encrypted;                 /* STARTTLS was agreed: what follows are records */
	bool starttls_asked;
};

enum nettool_secret_label { NETTOOL_COMMAND, NETTOOL_REPLY, NETTOOL_MESSAGE, NETTOOL_EXCHANGE, NETTOOL_RECORDS };

/*
 * One line (without CRLF) of client (0) or server (1): *shown gets what may be shown, its secrets as "[hidden N octets]".
 * Returns what the line is.
 */
enum nettool_secret_label nettool_secret_line(struct nettool_secret *, unsigned from, struct bytes line, struct buffer *shown);
/* Client octets that belong to a literal now: they come first in what it sends, as they are, not as lines. */
uint64_t nettool_secret_literal(const struct nettool_secret *);
/* n octets of the literal passed; returns whether they may be shown. */
bool nettool_secret_literal_passed(struct nettool_secret *, uint64_t n);

#endif
