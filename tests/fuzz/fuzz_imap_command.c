/* Arguments of FETCH, STORE, SEARCH and sets: nothing crashes, what is refused is untouched, what is written is read again as the same. */
#include <stdlib.h>

#include "imap/imap_argument.h"
#include "imap/imap_date.h"
#include "imap/imap_fetch_items.h"
#include "imap/imap_flag.h"
#include "imap/imap_search_keys.h"
#include "imap/imap_set.h"
#include "imap/imap_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_set(struct bytes in, struct arena *arena)
{
	struct bytes rest = in;
	struct ranges set, again;
	struct buffer text = { 0 };

	if (!imap_set_parse(&rest, 1000, arena, &set)) {
		if (rest.at != in.at || rest.len != in.len)
			abort();
		return;
	}
	imap_set_format(&set, &text);
	struct bytes written = buffer_bytes(&text);
	if (!imap_set_parse(&written, 1000, arena, &again) || written.len > 0 || again.n != set.n || ranges_count(&again) != ranges_count(&set))
		abort();
	buffer_release(&text);
}

/* A label names its item: asked again, it gives itself (a partial needs its length back). */
static void try_items(struct bytes in, struct arena *arena)
{
	struct bytes rest = in;
	struct imap_fetch_items items, again;

	if (!imap_fetch_items_parse(&rest, arena, &items))
		return;
	for (size_t i = 0; i < items.n; i++) {
		struct bytes label = items.at[i].label;
		if (items.at[i].section.is_partial)
			continue;
		if (!imap_fetch_items_parse(&label, arena, &again) || label.len > 0 || again.n != 1 || !bytes_equal(again.at[0].label, items.at[i].label))
			abort();
	}
}

static void try_string(struct bytes in, struct arena *arena)
{
	struct buffer text = { 0 };
	struct bytes read;

	imap_write_astring(&text, in);
	struct bytes rest = buffer_bytes(&text);
	if (!imap_argument_astring(&rest, arena, &read) || rest.len > 0 || read.len != in.len)
		abort();
	buffer_release(&text);
}

static void try_date(struct bytes in)
{
	struct bytes rest = in;
	struct buffer text = { 0 };
	int64_t then, again;

	if (imap_date_time_parse(&rest, &then)) {
		imap_date_time_format(then, &text);
		struct bytes written = buffer_bytes(&text);
		if (then > -INT64_C(62135596800) && (!imap_date_time_parse(&written, &again) || again != then))
			abort();
	}
	buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), rest = in;
	struct arena arena = { 0 };
	struct imap_search_scope scope = { .n_messages = 10, .last_uid = 100 };
	struct imap_search search;
	struct imap_flags flags;

	try_set(in, &arena);
	try_items(in, &arena);
	try_string(in, &arena);
	try_date(in);
	imap_search_parse(in, &scope, &arena, &search);
	if (!imap_flags_parse(&rest, &arena, &flags) && rest.at != in.at)
		abort();
	arena_reset(&arena);
	return 0;
}
