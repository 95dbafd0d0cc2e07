/* imapd_list_options: what LIST asks for: patterns, what is selected and what is told of it.  RFC 5258, RFC 5819, RFC 6154. */
#ifndef IMAPD_IMAPD_LIST_OPTIONS_H
#define IMAPD_IMAPD_LIST_OPTIONS_H

#include "imapd/imapd_session.h"
#include "imapd/imapd_status.h"

struct imapd_list_options {
	struct bytes *patterns;         /* reference and pattern joined, UTF-8; what is no modified UTF-7 is left out */
	size_t n_patterns;
	bool is_extended;               /* any selection, RETURN or several patterns */
	bool is_root;                   /* one empty pattern: only the delimiter is asked for */
	bool only_subscribed, only_special_use, is_recursive;
	bool tells_subscribed;
	struct imapd_status_items status;       /* n 0: not asked */
};

enum imapd_list_status { IMAPD_LIST_OK, IMAPD_LIST_SYNTAX, IMAPD_LIST_TOO_LONG };

/* [selection SP] reference SP pattern(s) [SP RETURN options]; the whole of rest.  is_lsub: only the plain form. */
enum imapd_list_status imapd_list_options_parse(struct imapd_session *, struct bytes rest, bool is_lsub, struct imapd_list_options *);
/* Does the name match a pattern; *ends_in_percent: one that ends in "%". */
bool imapd_list_options_match(const struct imapd_list_options *, struct bytes name, bool *ends_in_percent);

#endif
