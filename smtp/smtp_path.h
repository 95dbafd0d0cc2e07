/* smtp_path: the <local@domain> argument of MAIL and RCPT, and the domain of EHLO.  RFC 5321 4.1.2, 4.1.3. */
#ifndef SMTP_SMTP_PATH_H
#define SMTP_SMTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"

#define SMTP_PATH_MAX   256             /* octets, "<" and ">" included: RFC 5321 4.5.3.1.3 */
#define SMTP_LOCAL_MAX  128             /* the RFC asks for 64 */
#define SMTP_DOMAIN_MAX 255

/* Slices of the caller's text: nothing to free, valid as long as that text. */
struct smtp_path {
	struct bytes local;             /* as written: with its quotes if it has any */
	struct bytes domain;            /* "[" and "]" of a literal included; empty for "<>" and "<postmaster>" */
	bool is_literal;                /* [192.0.2.1], [IPv6:…] */
	bool has_utf8;                  /* some octet above 0x7f: needs SMTPUTF8 (553 5.6.7) */
};

enum smtp_path_status { SMTP_PATH_OK, SMTP_PATH_SYNTAX, SMTP_PATH_TOO_LONG };

/*
 * Read one path from the front of text.  OK: *path is filled and *used counts the octets read, so that parameters start at
 * text + *used.  Otherwise both are untouched.  Quoted local parts and address literals are accepted; a source route
 * (<@a,@b:c@d>) is checked and dropped (RFC 5321 3.3).  "<>" gives both slices empty; a local part without domain is
 * accepted only when it is "postmaster" in any case.
 */
enum smtp_path_status smtp_path_parse(struct bytes text, struct smtp_path *path, size_t *used);

/* Append local@domain (or "postmaster"): quotes and backslashes that are not needed removed, the domain in lower case. */
void smtp_path_format(const struct smtp_path *, struct buffer *out);
/* Append "<address>" for a local@domain text of our own; "" gives "<>".  False: it holds octets that no path may hold; out is as before. */
bool smtp_path_write(struct bytes address, struct buffer *out);

/* "<>" */
static inline bool smtp_path_is_null(const struct smtp_path *p)
{
	return p->local.len == 0;
}

/* A host name (letters, digits, hyphens; underscore tolerated; no empty label) or an address literal: EHLO and HELO. */
bool smtp_domain_is_valid(struct bytes domain);

#endif
