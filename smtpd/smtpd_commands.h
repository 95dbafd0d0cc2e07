/* smtpd_commands: the verbs this server answers, as one table.  All sequence rules are there; handlers hold none. */
#ifndef SMTPD_SMTPD_COMMANDS_H
#define SMTPD_SMTPD_COMMANDS_H

#include "smtpd/smtpd_session.h"

/* A handler gets what follows the verb and one space; the octets are borrowed until it returns. */
typedef enum smtpd_after smtpd_command_fn(struct smtpd_session *, struct bytes arguments);

struct smtpd_command {
	const char *verb, *syntax;      /* syntax: what HELP and 501 replies print */
	unsigned states, flags;
	smtpd_command_fn *run;
	const char *rfc, *example, *next;       /* what HELP teaches */
};

#define SMTPD_NEEDS_AUTH   1u           /* on submission: RFC 6409 4.3 */
#define SMTPD_ENDS_GROUP   2u           /* nothing may follow it in the same group: RFC 2920 3.1 */
#define SMTPD_AFTER_SLOTS  4u           /* waits until every message before it is answered */
#define SMTPD_IS_IDLE      8u           /* does nothing: counted against clients that only talk */
#define SMTPD_ONLY_LMTP   16u
#define SMTPD_NOT_LMTP    32u
#define SMTPD_NO_ARGUMENT 64u
#define SMTPD_ONLY_SUBMISSION 128u      /* known everywhere, legal only there */
#define SMTPD_HAS_OCTETS 256u           /* octets follow the line whether it is legal or not */
#define SMTPD_BEFORE_AUTH 512u          /* not once a user has logged in: RFC 4954 4 */
#define SMTPD_IN_CLEAR 1024u            /* not under TLS: RFC 3207 4.2 */

/* NULL-verb ended. */
extern const struct smtpd_command smtpd_commands[];
const struct smtpd_command *smtpd_command_find(struct bytes verb);
/* For this session, now: what HELP lists. */
bool smtpd_command_is_legal(const struct smtpd_command *, const struct smtpd_session *);
/* Split the line, check everything the table says, run the handler. */
enum smtpd_after smtpd_command_run(struct smtpd_session *, struct bytes line);
/* True when this line must wait until the slots are empty. */
bool smtpd_command_must_wait(const struct smtpd_session *, struct bytes line);
/* "501 5.5.4 Syntax: …" for the verb. */
enum smtpd_after smtpd_command_bad_syntax(struct smtpd_session *, const char *verb);

smtpd_command_fn smtpd_ehlo, smtpd_helo, smtpd_lhlo;                    /* smtpd_hello.c */
smtpd_command_fn smtpd_starttls, smtpd_auth, smtpd_mail, smtpd_rcpt, smtpd_data, smtpd_bdat, smtpd_help;
/* RCPT: look transaction.pending up; its completion answers. */
void smtpd_rcpt_look_up(struct smtpd_session *);
/* This recipient is not taken: logged, and the transaction's state follows.  reply: one whole reply. */
enum smtpd_after smtpd_rcpt_refuse(struct smtpd_session *, const char *reply);
smtpd_command_fn smtpd_rset, smtpd_noop, smtpd_vrfy, smtpd_expn, smtpd_quit;   /* smtpd_small.c */

#endif
