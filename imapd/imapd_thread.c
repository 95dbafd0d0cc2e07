/* Search first, as SEARCH does; what was found goes to the store, which answers from stored keys. */
#include "imapd/imapd_thread.h"

#include "imap/imap_argument.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_search.h"
#include "imapd/imapd_view.h"
#include "mailstore/threads.h"

/* Lists that are open, by the depth of the message that began them. */
struct open_lists {
	uint32_t *at;
	size_t n;
};

static void close_lists(struct imapd_session *s, struct open_lists *open, uint32_t depth)
{
	for (; open->n > 0 && open->at[open->n - 1] >= depth; open->n--)
		buffer_add_octet(&s->out, ')');
}

static void write_threads(struct imapd_session *s, const struct message_threads *threads)
{
	struct imapd_numbers numbers = imapd_view_numbers(s->view, s->command->flags & IMAPD_BY_UID, &s->arena);
	struct open_lists open = { .at = arena_alloc(&s->arena, (threads->n + 1) * sizeof *open.at) };

	buffer_add_text(&s->out, "* THREAD");
	if (threads->n > 0)
		buffer_add_octet(&s->out, ' ');
	for (size_t i = 0; i < threads->n; i++) {
		const struct message_thread_node *node = &threads->at[i];
		close_lists(s, &open, node->depth);
		char last = s->out.at[s->out.len - 1];
		if (node->depth > 0 && last != '(' && last != ')')
			buffer_add_octet(&s->out, ' ');
		if (node->is_branch) {
			buffer_add_octet(&s->out, '(');
			open.at[open.n++] = node->depth;
		}
		if (node->uid != 0)
			buffer_add_u64(&s->out, imapd_number_of(&numbers, node->uid));
	}
	close_lists(s, &open, 0);
	buffer_add_text(&s->out, "\r\n");
}

static void threaded(void *owner, const struct error *err, struct message_threads *threads)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	write_threads(s, threads);
	message_threads_release(threads);
	imapd_session_resume(s, imapd_finish(s, "OK Threaded"));
}

static enum imapd_after messages_found(struct imapd_session *s, void *owner, const struct ranges *uids)
{
	const enum store_threading *threading = owner;

	s->request = store_message_thread(s->loop->store, s->view->mailbox_id, uids, *threading, threaded, s);
	return IMAPD_WAIT;
}

enum imapd_after imapd_thread(struct imapd_session *s, struct bytes arguments)
{
	enum store_threading *threading = arena_alloc(&s->arena, sizeof *threading);

	if (imap_argument_word(&arguments, "REFERENCES"))
		*threading = STORE_THREAD_BY_REFERENCES;
	else if (imap_argument_word(&arguments, "ORDEREDSUBJECT"))
		*threading = STORE_THREAD_BY_SUBJECT;
	else
		return imapd_bad_syntax(s);
	if (!imap_argument_space(&arguments))
		return imapd_bad_syntax(s);
	return imapd_search_start_in(s, arguments, messages_found, threading);
}
