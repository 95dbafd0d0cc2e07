/* smtp_parameters: what follows the path of MAIL and RCPT.  RFC 5321 4.1.1.11; SIZE 1870, BODY 6152, DSN 3461, AUTH 4954. */
#ifndef SMTP_SMTP_PARAMETERS_H
#define SMTP_SMTP_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "message/envelope.h"
#include "smtp/smtp_extension.h"

enum smtp_parameters_status {
	SMTP_PARAMETERS_OK,
	SMTP_PARAMETERS_UNKNOWN,        /* 555 5.5.4: no such parameter, or its extension is not offered */
	SMTP_PARAMETERS_BAD,            /* 501 5.5.4: syntax, value or a parameter given twice */
};

enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BITMIME };

#define SMTP_ENVELOPE_ID_MAX 100        /* octets, decoded: RFC 3461 4.4 */
#define SMTP_TRANSACTION_MAX 64         /* octets, decoded */
#define SMTP_ORIGINAL_MAX    500        /* "type;address", decoded: RFC 3461 4.2 */

struct smtp_mail_parameters {
	bool has_size;
	uint64_t size;
	enum smtp_body body;
	bool utf8;                      /* SMTPUTF8 */
	enum envelope_return returns;
	const char *envelope_id;        /* ENVID, xtext decoded, printable; NULL = none */
	const char *transaction;        /* XTRANSACTION, xtext decoded, printable; NULL = none */
	const char *auth;               /* AUTH, xtext decoded; "" for "<>"; NULL = none */
};

struct smtp_rcpt_parameters {
	unsigned notify;                /* ENVELOPE_NOTIFY_ bits; 0 = not said */
	const char *original;           /* ORCPT "rfc822;ann@x.test", decoded, printable; NULL = none */
};

/*
 * text: everything behind the path, leading space included; empty is fine.  offered: SMTP_ bits announced to this client;
 * a parameter of an extension that is not among them is UNKNOWN.  Texts come from the arena.
 * On failure *culprit (may be NULL) is the parameter that was refused, a slice of text, and *found is undefined.
 */
enum smtp_parameters_status smtp_parameters_mail(struct bytes text, unsigned offered, struct arena *, struct smtp_mail_parameters *found, struct bytes *culprit);
enum smtp_parameters_status smtp_parameters_rcpt(struct bytes text, unsigned offered, struct arena *, struct smtp_rcpt_parameters *found, struct bytes *culprit);

#endif
