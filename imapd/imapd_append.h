/* imapd_append: APPEND of one or more messages, all or none.  RFC 9051 6.3.12, RFC 3502 (MULTIAPPEND), RFC 4315 (APPENDUID). */
#ifndef IMAPD_IMAPD_APPEND_H
#define IMAPD_IMAPD_APPEND_H

#include "imapd/imapd_session.h"

/* Reached only when no message literal follows: a syntax error. */
enum imapd_after imapd_append(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_append_literal(struct imapd_session *, struct bytes arguments, bool *is_taken);

#endif
