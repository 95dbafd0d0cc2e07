/* Modified UTF-7 that is accepted is written back as it was; UTF-8 that is written is read as it was. */
#include <stdlib.h>

#include "base/text.h"
#include "imap/imap_mailbox_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(const struct buffer *got, struct bytes want)
{
	if (!bytes_equal(buffer_bytes(got), want))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct buffer once = { 0 }, twice = { 0 };

	if (imap_mailbox_name_decode(in, &once)) {
		if (!text_is_utf8(buffer_bytes(&once)))
			abort();
		imap_mailbox_name_encode(buffer_bytes(&once), &twice);
		must_be(&twice, in);
	} else if (once.len > 0) {
		abort();
	}
	buffer_clear(&once);
	buffer_clear(&twice);
	imap_mailbox_name_encode(in, &once);
	if (!text_is_printable(buffer_bytes(&once)))
		abort();
	if (text_is_utf8(in)) {
		if (!imap_mailbox_name_decode(buffer_bytes(&once), &twice))
			abort();
		must_be(&twice, in);
	}
	if (size > 0 && size < 2000) {
		size_t half = size / 2;
		imap_mailbox_name_match(bytes_slice(in, 0, half), bytes_skip(in, half));
	}
	buffer_release(&once);
	buffer_release(&twice);
	return 0;
}
