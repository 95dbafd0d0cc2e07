/* A list is read to its end, groups open and close in turn, and a usable mailbox reads the same when written again. */
#include <stdlib.h>

#include "message/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct address *a)
{
	struct buffer text = { 0 };
	struct arena arena = { 0 };
	struct address *again;

	address_format(a, &text);
	if (address_list_parse(buffer_bytes(&text), &arena, 10, &again) != 1 || !bytes_equal(again->local, a->local) || !bytes_equal(again->domain, a->domain))
		abort();
	buffer_release(&text);
	arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address_parser parser = { .rest = bytes_of(data, size) };
	struct address a;
	bool open = false;

	while (address_next(&parser, &a)) {
		if ((a.kind == ADDRESS_GROUP_START && open) || (a.kind == ADDRESS_GROUP_END && !open))
			abort();
		if (a.kind != ADDRESS_MAILBOX)
			open = a.kind == ADDRESS_GROUP_START;
		if (address_is_usable(&a) && a.domain.at[0] != '[')
			write_again(&a);
	}
	if (open)
		abort();
	address_parser_release(&parser);
	return 0;
}
