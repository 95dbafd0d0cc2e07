#include "imap/imap_client_reply.h"

#include "base/buffer.h"
#include "imap/imap_argument.h"
#include "imap/imap_date.h"
#include "imap/imap_set.h"

#define ADDRESSES_MAX 10000

static const struct {
	const char *word;
	enum imap_reply_kind kind;
} words[] = {
	{ "OK", IMAP_REPLY_OK },
	{ "NO", IMAP_REPLY_NO },
	{ "BAD", IMAP_REPLY_BAD },
	{ "BYE", IMAP_REPLY_BYE },
	{ "PREAUTH", IMAP_REPLY_PREAUTH },
	{ "CAPABILITY", IMAP_REPLY_CAPABILITY },
	{ "LIST", IMAP_REPLY_LIST },
	{ "STATUS", IMAP_REPLY_STATUS },
	{ "SEARCH", IMAP_REPLY_SEARCH },
	{ "FLAGS", IMAP_REPLY_FLAGS },
	{ "EXISTS", IMAP_REPLY_EXISTS },
	{ "RECENT", IMAP_REPLY_RECENT },
	{ "EXPUNGE", IMAP_REPLY_EXPUNGE },
	{ "FETCH", IMAP_REPLY_FETCH },
	{ "VANISHED", IMAP_REPLY_VANISHED },
};

static enum imap_reply_kind kind_of(struct bytes word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_equal_nocase(word, bytes_text(words[i].word)))
			return words[i].kind;
	return IMAP_REPLY_OTHER;
}

/* "[CODE arguments] text" */
static void parse_code(struct bytes *rest, struct imap_reply *reply)
{
	struct bytes inside;
	size_t end;

	if (rest->len == 0 || rest->at[0] != '[' || (end = bytes_find(*rest, ']')) == rest->len)
		return;
	inside = bytes_slice(*rest, 1, end);
	*rest = bytes_trim(bytes_skip(*rest, end + 1));
	bytes_cut(&inside, ' ', &reply->code);
	reply->code_rest = inside;
}

bool imap_reply_parse(struct bytes text, struct imap_reply *reply)
{
	struct bytes rest = text, word;

	*reply = (struct imap_reply){ .kind = IMAP_REPLY_OTHER };
	if (rest.len > 0 && rest.at[0] == '+') {
		reply->kind = IMAP_REPLY_CONTINUE;
		reply->rest = bytes_trim(bytes_skip(rest, 1));
		return true;
	}
	if (!bytes_cut(&rest, ' ', &word) || word.len == 0)
		return false;
	if (!bytes_equal(word, BYTES("*")))
		reply->tag = word;
	if (imap_argument_number(&rest, &reply->number) && !imap_argument_space(&rest))
		return false;
	bytes_cut(&rest, ' ', &word);
	reply->kind = kind_of(word);
	if (reply->kind <= IMAP_REPLY_PREAUTH)
		parse_code(&rest, reply);
	reply->rest = rest;
	return reply->tag.len == 0 || reply->kind <= IMAP_REPLY_BAD;
}

bool imap_reply_code_number(const struct imap_reply *reply, unsigned n, uint64_t *number)
{
	struct bytes rest = reply->code_rest, word;

	do {
		bytes_cut(&rest, ' ', &word);
	} while (n-- > 0);
	return word.len > 0 && bytes_to_u64(word, UINT64_MAX, number);
}

bool imap_reply_list(struct bytes rest, struct arena *arena, struct imap_reply_list *list)
{
	static const char *const uses[] = { "\\Drafts", "\\Sent", "\\Archive", "\\Junk", "\\Trash" };
	struct bytes delimiter, flag;
	bool is_nil;

	*list = (struct imap_reply_list){ 0 };
	if (!imap_argument_octet(&rest, '('))
		return false;
	while (!imap_argument_octet(&rest, ')')) {
		size_t end = 0;
		while (end < rest.len && rest.at[end] != ' ' && rest.at[end] != ')')
			end++;
		if (end == 0)
			return false;
		flag = bytes_slice(rest, 0, end);
		rest = bytes_skip(rest, end);
		imap_argument_space(&rest);
		list->is_noselect |= bytes_equal_nocase(flag, BYTES("\\Noselect")) || bytes_equal_nocase(flag, BYTES("\\NonExistent"));
		for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
			if (bytes_equal_nocase(flag, bytes_text(uses[i])))
				list->special_use = bytes_text(uses[i]);
	}
	if (!imap_argument_space(&rest) || !imap_argument_nstring(&rest, arena, &delimiter, &is_nil) || !imap_argument_space(&rest))
		return false;
	list->delimiter = delimiter.len > 0 ? delimiter.at[0] : '\0';
	return imap_argument_astring(&rest, arena, &list->name);
}

bool imap_reply_status(struct bytes rest, struct arena *arena, struct imap_reply_status *status)
{
	*status = (struct imap_reply_status){ 0 };
	if (!imap_argument_astring(&rest, arena, &status->name) || !imap_argument_space(&rest) || !imap_argument_octet(&rest, '('))
		return false;
	while (!imap_argument_octet(&rest, ')')) {
		bool ok;
		if (imap_argument_word(&rest, "MESSAGES"))
			ok = status->has_messages = imap_argument_space(&rest) && imap_argument_number(&rest, &status->messages);
		else if (imap_argument_word(&rest, "UNSEEN"))
			ok = status->has_unseen = imap_argument_space(&rest) && imap_argument_number(&rest, &status->unseen);
		else
			ok = imap_argument_skip(&rest) && imap_argument_space(&rest) && imap_argument_skip(&rest);
		if (!ok)
			return false;
		imap_argument_space(&rest);
	}
	return true;
}

/* The whole of the text; "*" can mean nothing here. */
static bool add_set(struct bytes text, struct ranges *add_to)
{
	struct arena arena = { 0 };
	struct ranges set = { 0 };
	bool ok = bytes_find(text, '*') == text.len && imap_set_parse(&text, 0, &arena, &set) && text.len == 0;

	if (ok)
		ranges_add_all(add_to, &set);
	arena_reset(&arena);
	return ok;
}

bool imap_reply_search(struct bytes rest, struct ranges *add_to)
{
	struct bytes numbers = bytes_trim(bytes_slice(rest, 0, bytes_find(rest, '(')));
	struct buffer set = { 0 };
	bool ok;

	if (numbers.len == 0)
		return true;
	/* In any order, and a hostile server knows which one costs most: sets are sorted. */
	for (size_t i = 0; i < numbers.len; i++)
		buffer_add_octet(&set, numbers.at[i] == ' ' ? ',' : numbers.at[i]);
	ok = bytes_find(numbers, ':') == numbers.len && add_set(buffer_bytes(&set), add_to);
	buffer_release(&set);
	return ok;
}

bool imap_reply_vanished(struct bytes rest, struct ranges *add_to, bool *is_earlier)
{
	*is_earlier = imap_argument_octet(&rest, '(');
	if (*is_earlier && !(imap_argument_word(&rest, "EARLIER") && imap_argument_octet(&rest, ')') && imap_argument_space(&rest)))
		return false;
	return add_set(rest, add_to);
}

bool imap_reply_copied(const struct imap_reply *reply, struct imap_reply_copied *copied)
{
	uint64_t uidvalidity, uid;

	if (!bytes_equal_nocase(reply->code, BYTES("COPYUID")) || !imap_reply_code_number(reply, 0, &uidvalidity) ||
	    !imap_reply_code_number(reply, 2, &uid) || uidvalidity == 0 || uidvalidity > UINT32_MAX || uid == 0 || uid > UINT32_MAX)
		return false;
	copied->uidvalidity = (uint32_t)uidvalidity;
	copied->uid = (uint32_t)uid;
	return true;
}

/* One "(name adl mailbox host)"; group marks have no host or no mailbox and are left out. */
static bool parse_address(struct bytes *rest, struct arena *arena, struct imap_reply_addresses *list)
{
	struct bytes part[4];
	bool is_nil[4];

	if (!imap_argument_octet(rest, '('))
		return false;
	for (int i = 0; i < 4; i++)
		if ((i > 0 && !imap_argument_space(rest)) || !imap_argument_nstring(rest, arena, &part[i], &is_nil[i]))
			return false;
	if (!imap_argument_octet(rest, ')'))
		return false;
	if (!is_nil[2] && !is_nil[3])
		list->at[list->n++] = (struct imap_reply_address){ part[0], part[2], part[3] };
	return true;
}

static bool parse_addresses(struct bytes *rest, struct arena *arena, struct imap_reply_addresses *list)
{
	size_t n = 0;

	/* A hostile server may give its envelope twice. */
	*list = (struct imap_reply_addresses){ 0 };
	if (imap_argument_word(rest, "NIL"))
		return true;
	if (!imap_argument_octet(rest, '('))
		return false;
	for (struct bytes probe = *rest; imap_argument_skip(&probe) && ++n < ADDRESSES_MAX;)
		imap_argument_space(&probe);
	list->at = arena_alloc(arena, (n + 1) * sizeof *list->at);
	while (n-- > 0) {
		if (!parse_address(rest, arena, list))
			return false;
		imap_argument_space(rest);
	}
	return imap_argument_octet(rest, ')');
}

static bool parse_envelope(struct bytes *rest, struct arena *arena, struct imap_reply_fetch *f)
{
	struct imap_reply_addresses *lists[] = { &f->envelope.from, &f->envelope.sender, &f->envelope.reply_to,
	                                         &f->envelope.to, &f->envelope.cc, &f->envelope.bcc };
	bool is_nil;

	if (!imap_argument_octet(rest, '(') || !imap_argument_nstring(rest, arena, &f->envelope.date, &is_nil) ||
	    !imap_argument_space(rest) || !imap_argument_nstring(rest, arena, &f->envelope.subject, &is_nil))
		return false;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (!imap_argument_space(rest) || !parse_addresses(rest, arena, lists[i]))
			return false;
	f->has_envelope = true;
	return imap_argument_space(rest) && imap_argument_nstring(rest, arena, &f->envelope.in_reply_to, &is_nil) &&
	       imap_argument_space(rest) && imap_argument_nstring(rest, arena, &f->envelope.message_id, &is_nil) &&
	       imap_argument_octet(rest, ')');
}

static bool parse_structure(struct bytes *rest, struct imap_reply_fetch *f)
{
	struct bytes before = *rest;

	if (!imap_argument_skip(rest))
		return false;
	for (struct bytes left = bytes_slice(before, 0, before.len - rest->len); left.len > 0; left = bytes_skip(left, 1))
		if (bytes_starts_nocase(left, BYTES("(\"attachment\"")))
			f->has_attachment = true;
	return true;
}

static bool parse_body(struct bytes *rest, struct arena *arena, struct imap_reply_fetch *f)
{
	size_t end = bytes_find(*rest, ']');
	bool is_nil;

	*rest = bytes_skip(*rest, end + 1);
	if (rest->len > 0 && rest->at[0] == '<')
		*rest = bytes_skip(*rest, bytes_find(*rest, '>') + 1);
	f->has_body = true;
	return imap_argument_space(rest) && imap_argument_nstring(rest, arena, &f->body, &is_nil);
}

static bool parse_modseq(struct bytes *rest, struct imap_reply_fetch *f)
{
	return imap_argument_octet(rest, '(') && imap_argument_number64(rest, &f->modseq) && imap_argument_octet(rest, ')');
}

static bool parse_item(struct bytes *rest, struct arena *arena, struct imap_reply_fetch *f)
{
	struct bytes name;
	size_t end = 0;

	while (end < rest->len && rest->at[end] != ' ' && rest->at[end] != '[')
		end++;
	name = bytes_slice(*rest, 0, end);
	*rest = bytes_skip(*rest, end);
	if (rest->len > 0 && rest->at[0] == '[')
		return parse_body(rest, arena, f);
	if (!imap_argument_space(rest))
		return false;
	if (bytes_equal_nocase(name, BYTES("UID")))
		return imap_argument_number(rest, &f->uid);
	if (bytes_equal_nocase(name, BYTES("FLAGS")))
		return f->has_flags = imap_flags_parse(rest, arena, &f->flags);
	if (bytes_equal_nocase(name, BYTES("RFC822.SIZE")))
		return imap_argument_number64(rest, &f->size);
	if (bytes_equal_nocase(name, BYTES("INTERNALDATE")))
		return f->has_internal_date = imap_date_time_parse(rest, &f->internal_date_s);
	if (bytes_equal_nocase(name, BYTES("ENVELOPE")))
		return parse_envelope(rest, arena, f);
	if (bytes_equal_nocase(name, BYTES("BODYSTRUCTURE")))
		return parse_structure(rest, f);
	if (bytes_equal_nocase(name, BYTES("MODSEQ")))
		return parse_modseq(rest, f);
	return imap_argument_skip(rest);
}

bool imap_reply_fetch(struct bytes rest, struct arena *arena, struct imap_reply_fetch *f)
{
	*f = (struct imap_reply_fetch){ 0 };
	if (!imap_argument_octet(&rest, '('))
		return false;
	while (!imap_argument_octet(&rest, ')')) {
		if (!parse_item(&rest, arena, f))
			return false;
		imap_argument_space(&rest);
	}
	return true;
}
