#include "imapd/imapd_commands.h"

#include "imap/imap_argument.h"
#include "imapd/imapd_append.h"
#include "imapd/imapd_capability.h"
#include "imapd/imapd_copy.h"
#include "imapd/imapd_create.h"
#include "imapd/imapd_delete.h"
#include "imapd/imapd_expunge.h"
#include "imapd/imapd_fetch.h"
#include "imapd/imapd_idle.h"
#include "imapd/imapd_list.h"
#include "imapd/imapd_login.h"
#include "imapd/imapd_rename.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_search.h"
#include "imapd/imapd_select.h"
#include "imapd/imapd_sort.h"
#include "imapd/imapd_status.h"
#include "imapd/imapd_store.h"
#include "imapd/imapd_thread.h"
#include "imapd/imapd_subscribe.h"

#define GREETED       (1u << IMAPD_GREETED)
#define AUTHENTICATED (1u << IMAPD_AUTHENTICATED | 1u << IMAPD_SELECTED)
#define SELECTED      (1u << IMAPD_SELECTED)
#define ANY           (GREETED | AUTHENTICATED)

static enum imapd_after noop(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	return imapd_finish(s, "OK Nothing done");
}

static const struct imapd_command commands[] = {
	{ "CAPABILITY",   "CAPABILITY", ANY, IMAPD_NO_ARGUMENTS, imapd_capability, NULL, "9051 6.1.1" },
	{ "NOOP",         "NOOP", ANY, IMAPD_NO_ARGUMENTS | IMAPD_ASKS, noop, NULL, "9051 6.1.2" },
	{ "LOGOUT",       "LOGOUT", ANY, IMAPD_NO_ARGUMENTS, imapd_logout, NULL, "9051 6.1.3" },
	{ "ID",           "ID NIL | (\"name\" \"value\" ...)", ANY, 0, imapd_id, NULL, "2971" },

	{ "STARTTLS",     "STARTTLS", GREETED, IMAPD_NO_ARGUMENTS | IMAPD_IN_CLEAR, imapd_starttls, NULL, "9051 6.2.1" },
	{ "AUTHENTICATE", "AUTHENTICATE mechanism [initial-response]", GREETED, IMAPD_SECRET, imapd_authenticate, NULL, "9051 6.2.2, 4959" },
	{ "LOGIN",        "LOGIN name password", GREETED, IMAPD_SECRET, imapd_login, NULL, "9051 6.2.3" },

	{ "ENABLE",       "ENABLE capability ...", AUTHENTICATED, 0, imapd_enable, NULL, "5161" },
	{ "SELECT",       "SELECT mailbox", AUTHENTICATED, 0, imapd_select, NULL, "9051 6.3.2" },
	{ "EXAMINE",      "EXAMINE mailbox", AUTHENTICATED, 0, imapd_examine, NULL, "9051 6.3.3" },
	{ "CREATE",       "CREATE mailbox [(USE (\\use ...))]", AUTHENTICATED, 0, imapd_create, NULL, "9051 6.3.4, 6154" },
	{ "DELETE",       "DELETE mailbox", AUTHENTICATED, 0, imapd_delete, NULL, "9051 6.3.5" },
	{ "RENAME",       "RENAME old new", AUTHENTICATED, 0, imapd_rename, NULL, "9051 6.3.6" },
	{ "SUBSCRIBE",    "SUBSCRIBE mailbox", AUTHENTICATED, 0, imapd_subscribe, NULL, "9051 6.3.7" },
	{ "UNSUBSCRIBE",  "UNSUBSCRIBE mailbox", AUTHENTICATED, 0, imapd_unsubscribe, NULL, "9051 6.3.8" },
	{ "LIST",         "LIST [(selection)] reference pattern [RETURN (option ...)]", AUTHENTICATED, 0, imapd_list, NULL, "9051 6.3.9, 5258" },
	{ "LSUB",         "LSUB reference pattern", AUTHENTICATED, 0, imapd_lsub, NULL, "3501 6.3.9" },
	{ "NAMESPACE",    "NAMESPACE", AUTHENTICATED, IMAPD_NO_ARGUMENTS, imapd_namespace, NULL, "2342" },
	{ "STATUS",       "STATUS mailbox (item ...)", AUTHENTICATED, 0, imapd_status, NULL, "9051 6.3.11" },
	{ "APPEND",       "APPEND mailbox [(flag ...)] [\"date-time\"] literal ...", AUTHENTICATED, 0, imapd_append, imapd_append_literal, "9051 6.3.12, 3502" },
	{ "IDLE",         "IDLE", AUTHENTICATED, IMAPD_NO_ARGUMENTS | IMAPD_ASKS, imapd_idle, NULL, "2177" },

	{ "CHECK",        "CHECK", SELECTED, IMAPD_NO_ARGUMENTS | IMAPD_ASKS, noop, NULL, "3501 6.4.1" },
	{ "CLOSE",        "CLOSE", SELECTED, IMAPD_NO_ARGUMENTS, imapd_close, NULL, "9051 6.4.1" },
	{ "UNSELECT",     "UNSELECT", SELECTED, IMAPD_NO_ARGUMENTS, imapd_unselect, NULL, "9051 6.4.2" },
	{ "EXPUNGE",      "EXPUNGE", SELECTED, IMAPD_NO_ARGUMENTS | IMAPD_WRITES | IMAPD_EXPUNGES, imapd_expunge, NULL, "9051 6.4.3" },
	{ "UID EXPUNGE",  "UID EXPUNGE uids", SELECTED, IMAPD_BY_UID | IMAPD_WRITES | IMAPD_EXPUNGES, imapd_uid_expunge, NULL, "4315" },
	{ "SEARCH",       "SEARCH [CHARSET name] key ...", SELECTED, IMAPD_HOLDS_EXPUNGE, imapd_search, NULL, "9051 6.4.4" },
	{ "UID SEARCH",   "UID SEARCH [CHARSET name] key ...", SELECTED, IMAPD_BY_UID, imapd_search, NULL, "9051 6.4.9" },
	{ "SORT",         "SORT ([REVERSE] key ...) charset key ...", SELECTED, IMAPD_HOLDS_EXPUNGE, imapd_sort, NULL, "5256, 5957" },
	{ "UID SORT",     "UID SORT ([REVERSE] key ...) charset key ...", SELECTED, IMAPD_BY_UID, imapd_sort, NULL, "5256, 5957" },
	{ "THREAD",       "THREAD REFERENCES | ORDEREDSUBJECT charset key ...", SELECTED, IMAPD_HOLDS_EXPUNGE, imapd_thread, NULL, "5256" },
	{ "UID THREAD",   "UID THREAD REFERENCES | ORDEREDSUBJECT charset key ...", SELECTED, IMAPD_BY_UID, imapd_thread, NULL, "5256" },
	{ "FETCH",        "FETCH numbers item | (item ...)", SELECTED, IMAPD_HOLDS_EXPUNGE, imapd_fetch, NULL, "9051 6.4.5" },
	{ "UID FETCH",    "UID FETCH uids item | (item ...)", SELECTED, IMAPD_BY_UID, imapd_fetch, NULL, "9051 6.4.9" },
	{ "STORE",        "STORE numbers [+|-]FLAGS[.SILENT] (flag ...)", SELECTED, IMAPD_HOLDS_EXPUNGE | IMAPD_WRITES, imapd_store, NULL, "9051 6.4.6" },
	{ "UID STORE",    "UID STORE uids [+|-]FLAGS[.SILENT] (flag ...)", SELECTED, IMAPD_BY_UID | IMAPD_WRITES, imapd_store, NULL, "9051 6.4.9" },
	{ "COPY",         "COPY numbers mailbox", SELECTED, IMAPD_HOLDS_EXPUNGE, imapd_copy, NULL, "9051 6.4.7" },
	{ "UID COPY",     "UID COPY uids mailbox", SELECTED, IMAPD_BY_UID, imapd_copy, NULL, "9051 6.4.9" },
	{ "MOVE",         "MOVE numbers mailbox", SELECTED, IMAPD_WRITES | IMAPD_EXPUNGES, imapd_move, NULL, "9051 6.4.8, 6851" },
	{ "UID MOVE",     "UID MOVE uids mailbox", SELECTED, IMAPD_BY_UID | IMAPD_WRITES | IMAPD_EXPUNGES, imapd_move, NULL, "9051 6.4.9, 6851" },
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static const struct imapd_command *find(struct bytes verb)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (bytes_equal_nocase(verb, bytes_text(commands[i].verb)))
			return &commands[i];
	return NULL;
}

/* "NOOP", or "UID FETCH" as one slice. */
static bool take_verb(struct bytes *rest, struct bytes *verb)
{
	struct bytes start = *rest, second;

	if (!imap_argument_atom(rest, verb))
		return false;
	if (!bytes_equal_nocase(*verb, BYTES("UID")) || !imap_argument_space(rest) || !imap_argument_atom(rest, &second))
		return true;
	*verb = bytes_of(start.at, verb->len + 1 + second.len);
	return true;
}

/* tag SP verb; *rest is what follows the verb. */
static bool take_front(struct imapd_session *s, struct bytes *rest, struct bytes *verb)
{
	struct bytes tag;

	buffer_clear(&s->tag);
	if (!imap_argument_tag(rest, &tag))
		return false;
	buffer_add_bytes(&s->tag, tag);
	return imap_argument_space(rest) && take_verb(rest, verb);
}

static enum imapd_after wrong_state(struct imapd_session *s)
{
	if (s->state == IMAPD_GREETED)
		return imapd_bad(s, "Log in first");
	if (s->command->states == GREETED)
		return imapd_bad(s, "%s is only for those who have not logged in", s->command->verb);
	return imapd_bad(s, "Select a mailbox first");
}

enum imapd_after imapd_command_run(struct imapd_session *s)
{
	struct bytes rest = buffer_bytes(&s->reader.text), verb;

	if (!take_front(s, &rest, &verb))
		return imapd_bad(s, "A command is: tag, space, verb");
	s->command = find(verb);
	if (!s->command)
		return imapd_bad(s, "No such command; CAPABILITY says what is spoken here");
	if (!(s->command->states & 1u << s->state))
		return wrong_state(s);
	if (s->command->flags & IMAPD_NO_ARGUMENTS ? rest.len > 0 : !imap_argument_space(&rest))
		return imapd_bad_syntax(s);
	if ((s->command->flags & IMAPD_IN_CLEAR) && net_stream_is_secure(s->stream))
		return imapd_bad(s, "TLS is on already");
	if ((s->command->flags & IMAPD_WRITES) && imapd_select_is_read_only(s))
		return imapd_finish(s, "NO [READ-ONLY] The mailbox was opened by EXAMINE");
	return s->command->run(s, rest);
}

enum imapd_after imapd_command_literal(struct imapd_session *s, bool *is_taken)
{
	struct bytes rest = buffer_bytes(&s->reader.text), verb;

	if (s->command && s->command->literal)          /* MULTIAPPEND: the next message of the same command */
		return s->command->literal(s, rest, is_taken);
	if (!take_front(s, &rest, &verb))
		return IMAPD_READ;
	const struct imapd_command *command = find(verb);
	if (!command || !command->literal || !(command->states & 1u << s->state) || !imap_argument_space(&rest))
		return IMAPD_READ;
	s->command = command;
	enum imapd_after after = command->literal(s, rest, is_taken);
	if (!*is_taken)
		s->command = NULL;
	return after;
}
