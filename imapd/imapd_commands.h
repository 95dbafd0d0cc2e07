/* imapd_commands: the verbs this server answers, as one table: syntax, legal states, flags, handler.  RFC 3501 6, RFC 9051 6. */
#ifndef IMAPD_IMAPD_COMMANDS_H
#define IMAPD_IMAPD_COMMANDS_H

#include "base/bytes.h"
#include "imapd/imapd_session.h"

#define IMAPD_NO_ARGUMENTS  1u
#define IMAPD_BY_UID        2u          /* numbers are UIDs; FETCH responses carry UID */
#define IMAPD_HOLDS_EXPUNGE 4u          /* no EXPUNGE is told while it runs: RFC 9051 7.5.1 */
#define IMAPD_WRITES        8u          /* refused in a mailbox opened by EXAMINE */
#define IMAPD_ASKS          16u         /* its end always asks the store for changes */
#define IMAPD_EXPUNGES      32u         /* tells EXPUNGE whatever is waiting behind it */
#define IMAPD_SECRET        64u         /* its text is wiped */
#define IMAPD_IN_CLEAR      128u        /* not under TLS: RFC 9051 6.2.1 */

struct imapd_command {
	const char *verb, *syntax;      /* syntax: what a BAD prints */
	unsigned states, flags;         /* states: bits 1u << enum imapd_state */
	/* arguments: behind the verb and its space; borrowed until the command is answered. */
	enum imapd_after (*run)(struct imapd_session *, struct bytes arguments);
	/* The text so far ends with the announcement of a literal that is not to be kept (APPEND): take it and set *is_taken. */
	enum imapd_after (*literal)(struct imapd_session *, struct bytes arguments, bool *is_taken);
	const char *rfc;
};

/* Run the whole command in s->reader.text. */
enum imapd_after imapd_command_run(struct imapd_session *);
/* A literal was announced: *is_taken says that the command has dealt with it. */
enum imapd_after imapd_command_literal(struct imapd_session *, bool *is_taken);

#endif
