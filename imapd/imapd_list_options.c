#include "imapd/imapd_list_options.h"

#include "imap/imap_argument.h"
#include "imap/imap_mailbox_name.h"

#define PATTERNS_MAX 100

/* After "(": words up to ")". */
static bool take_selection(struct bytes *rest, struct imapd_list_options *options)
{
	bool is_base = false;

	options->is_extended = true;
	if (imap_argument_octet(rest, ')'))
		return true;
	do {
		if (imap_argument_word(rest, "SUBSCRIBED"))
			is_base = options->only_subscribed = options->tells_subscribed = true;
		else if (imap_argument_word(rest, "SPECIAL-USE"))
			is_base = options->only_special_use = true;
		else if (imap_argument_word(rest, "RECURSIVEMATCH"))
			options->is_recursive = true;
		else if (!imap_argument_word(rest, "REMOTE"))   /* nothing here is remote */
			return false;
	} while (imap_argument_space(rest));
	/* RFC 5258 3.1: RECURSIVEMATCH wants something to match by. */
	return imap_argument_octet(rest, ')') && (is_base || !options->is_recursive);
}

static bool take_return(struct bytes *rest, struct imapd_list_options *options)
{
	options->is_extended = true;
	if (!imap_argument_word(rest, "RETURN") || !imap_argument_space(rest) || !imap_argument_octet(rest, '('))
		return false;
	if (imap_argument_octet(rest, ')'))
		return true;
	do {
		if (imap_argument_word(rest, "SUBSCRIBED"))
			options->tells_subscribed = true;
		else if (imap_argument_word(rest, "STATUS")) {
			if (!imap_argument_space(rest) || !imapd_status_take_items(rest, &options->status))
				return false;
		} else if (!imap_argument_word(rest, "CHILDREN") && !imap_argument_word(rest, "SPECIAL-USE"))
			return false;           /* those two are always told */
	} while (imap_argument_space(rest));
	return imap_argument_octet(rest, ')');
}

static void add_pattern(struct imapd_session *s, struct bytes reference, struct bytes pattern, struct imapd_list_options *options)
{
	struct buffer utf8 = { 0 };

	if (imap_mailbox_name_decode(reference, &utf8) && imap_mailbox_name_decode(pattern, &utf8))
		options->patterns[options->n_patterns++] = arena_bytes(&s->arena, buffer_bytes(&utf8));
	buffer_release(&utf8);
}

static enum imapd_list_status take_patterns(struct imapd_session *s, struct bytes *rest, struct bytes reference, struct imapd_list_options *options)
{
	bool in_list = imap_argument_octet(rest, '(');
	size_t n = 0;

	options->is_extended |= in_list;
	options->patterns = arena_alloc(&s->arena, PATTERNS_MAX * sizeof *options->patterns);
	do {
		struct bytes pattern;
		if (!imap_argument_pattern(rest, &s->arena, &pattern))
			return IMAPD_LIST_SYNTAX;
		if (reference.len + pattern.len > IMAP_PATTERN_MAX || n++ == PATTERNS_MAX)
			return IMAPD_LIST_TOO_LONG;
		options->is_root = pattern.len == 0 && !in_list;
		add_pattern(s, reference, pattern, options);
	} while (in_list && imap_argument_space(rest));
	return !in_list || imap_argument_octet(rest, ')') ? IMAPD_LIST_OK : IMAPD_LIST_SYNTAX;
}

enum imapd_list_status imapd_list_options_parse(struct imapd_session *s, struct bytes rest, bool is_lsub, struct imapd_list_options *options)
{
	struct bytes reference;

	*options = (struct imapd_list_options){ 0 };
	if (!is_lsub && imap_argument_octet(&rest, '(') && (!take_selection(&rest, options) || !imap_argument_space(&rest)))
		return IMAPD_LIST_SYNTAX;
	if (!imap_argument_astring(&rest, &s->arena, &reference) || !imap_argument_space(&rest))
		return IMAPD_LIST_SYNTAX;
	enum imapd_list_status status = take_patterns(s, &rest, reference, options);
	if (status != IMAPD_LIST_OK)
		return status;
	if (rest.len > 0 && (is_lsub || !imap_argument_space(&rest) || !take_return(&rest, options) || rest.len > 0))
		return IMAPD_LIST_SYNTAX;
	options->is_root &= !options->is_extended && !is_lsub;
	options->only_subscribed |= is_lsub;
	return IMAPD_LIST_OK;
}

bool imapd_list_options_match(const struct imapd_list_options *options, struct bytes name, bool *ends_in_percent)
{
	bool matches = false;

	*ends_in_percent = false;
	for (size_t i = 0; i < options->n_patterns; i++) {
		struct bytes pattern = options->patterns[i];
		if (!imap_mailbox_name_match(pattern, name))
			continue;
		matches = true;
		*ends_in_percent |= pattern.len > 0 && pattern.at[pattern.len - 1] == '%';
	}
	return matches;
}
