/* Whatever a server says: what the parsers find lies within it or within their arena, and counts agree. */
#include <stdlib.h>

#include "imap/imap_client_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every octet is read: a slice that leaves its block is found by the sanitizer. */
static void touch(struct bytes text)
{
	volatile unsigned sum = 0;

	for (size_t i = 0; i < text.len; i++)
		sum += (unsigned char)text.at[i];
}

static void touch_addresses(const struct imap_reply_addresses *list)
{
	for (size_t i = 0; i < list->n; i++) {
		touch(list->at[i].name);
		touch(list->at[i].mailbox);
		touch(list->at[i].host);
	}
}

static void check_fetch(struct bytes rest)
{
	struct arena arena = { 0 };
	struct imap_reply_fetch f;

	if (imap_reply_fetch(rest, &arena, &f)) {
		touch(f.envelope.date);
		touch(f.envelope.subject);
		touch(f.envelope.in_reply_to);
		touch(f.envelope.message_id);
		touch_addresses(&f.envelope.from);
		touch_addresses(&f.envelope.sender);
		touch_addresses(&f.envelope.reply_to);
		touch_addresses(&f.envelope.to);
		touch_addresses(&f.envelope.cc);
		touch_addresses(&f.envelope.bcc);
		touch(f.body);
		for (size_t i = 0; i < f.flags.n_keywords; i++)
			touch(bytes_text(f.flags.keywords[i]));
		if (f.body.len > rest.len)
			abort();
	}
	arena_reset(&arena);
}

static void check_list(struct bytes rest)
{
	struct arena arena = { 0 };
	struct imap_reply_list list;

	if (imap_reply_list(rest, &arena, &list)) {
		touch(list.name);
		touch(list.special_use);
	}
	arena_reset(&arena);
}

static void check_sets(const struct imap_reply *reply)
{
	struct ranges found = { 0 };
	struct imap_reply_copied copied;
	bool is_earlier;

	imap_reply_search(reply->rest, &found);
	imap_reply_vanished(reply->rest, &found, &is_earlier);
	if (ranges_contains(&found, 0))
		abort();
	if (imap_reply_copied(reply, &copied) && (copied.uid == 0 || copied.uidvalidity == 0))
		abort();
	ranges_release(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imap_reply reply;
	uint64_t number;

	if (!imap_reply_parse(bytes_of(data, size), &reply))
		return 0;
	touch(reply.tag);
	touch(reply.code);
	touch(reply.code_rest);
	touch(reply.rest);
	for (unsigned n = 0; n < 4; n++)
		imap_reply_code_number(&reply, n, &number);
	/* Any arguments at all, not only those behind the right word: the fuzzer gets there sooner. */
	check_fetch(reply.rest);
	check_list(reply.rest);
	check_sets(&reply);
	return 0;
}
