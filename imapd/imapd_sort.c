/* Search first, as SEARCH does; what was found goes to the store, which answers from stored keys. */
#include "imapd/imapd_sort.h"

#include "imap/imap_argument.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_search.h"
#include "imapd/imapd_view.h"
#include "mailstore/threads.h"

struct rules {
	struct message_sort_rule at[MESSAGE_SORT_RULES_MAX];
	size_t n;
};

static const struct {
	const char *word;
	enum message_sort_key key;
} words[] = {
	{ "ARRIVAL", MESSAGE_SORT_ARRIVAL }, { "CC", MESSAGE_SORT_CC }, { "DATE", MESSAGE_SORT_DATE },
	{ "DISPLAYFROM", MESSAGE_SORT_DISPLAY_FROM }, { "DISPLAYTO", MESSAGE_SORT_DISPLAY_TO }, { "FROM", MESSAGE_SORT_FROM },
	{ "SIZE", MESSAGE_SORT_SIZE }, { "SUBJECT", MESSAGE_SORT_SUBJECT }, { "TO", MESSAGE_SORT_TO },
};

static bool take_rule(struct bytes *rest, struct message_sort_rule *rule)
{
	*rule = (struct message_sort_rule){ .is_reverse = imap_argument_word(rest, "REVERSE") };
	if (rule->is_reverse && !imap_argument_space(rest))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (imap_argument_word(rest, words[i].word)) {
			rule->key = words[i].key;
			return true;
		}
	return false;
}

static bool take_rules(struct bytes *rest, struct rules *rules)
{
	if (!imap_argument_octet(rest, '('))
		return false;
	do {
		if (rules->n == MESSAGE_SORT_RULES_MAX || !take_rule(rest, &rules->at[rules->n++]))
			return false;
	} while (imap_argument_space(rest));
	return imap_argument_octet(rest, ')');
}

static void sorted(void *owner, const struct error *err, struct store_sorted *found)
{
	struct imapd_session *s = owner;
	struct imapd_numbers numbers = imapd_view_numbers(s->view, s->command->flags & IMAPD_BY_UID, &s->arena);

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	buffer_add_text(&s->out, "* SORT");
	for (size_t i = 0; i < found->n; i++) {
		buffer_add_octet(&s->out, ' ');
		buffer_add_u64(&s->out, imapd_number_of(&numbers, found->uids[i]));
	}
	buffer_add_text(&s->out, "\r\n");
	store_sorted_destroy(found);
	imapd_session_resume(s, imapd_finish(s, "OK Sorted"));
}

static enum imapd_after messages_found(struct imapd_session *s, void *owner, const struct ranges *uids)
{
	const struct rules *rules = owner;

	s->request = store_message_sort(s->loop->store, s->view->mailbox_id, uids, rules->at, rules->n, sorted, s);
	return IMAPD_WAIT;
}

enum imapd_after imapd_sort(struct imapd_session *s, struct bytes arguments)
{
	struct rules *rules = arena_alloc(&s->arena, sizeof *rules);

	if (!take_rules(&arguments, rules) || !imap_argument_space(&arguments))
		return imapd_bad_syntax(s);
	return imapd_search_start_in(s, arguments, messages_found, rules);
}
