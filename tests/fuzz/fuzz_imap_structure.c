/* Whatever the message, its ENVELOPE and BODYSTRUCTURE are one value of IMAP's grammar, 7-bit outside literals; damaged packed forms are refused. */
#include <stdlib.h>

#include "imap/imap_argument.h"
#include "imap/imap_bodystructure.h"
#include "imap/imap_envelope.h"
#include "message/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parentheses as deep as messages may nest are deeper than arguments may: only balance is checked there. */
static void must_be_a_value(const struct buffer *out)
{
	struct bytes rest = buffer_bytes(out), string;
	size_t depth = 0;

	while (rest.len > 0) {
		if (imap_argument_octet(&rest, '(')) {
			depth++;
		} else if (imap_argument_octet(&rest, ')')) {
			if (depth-- == 0)
				abort();
		} else if (!imap_argument_octet(&rest, ' ') && !imap_argument_string(&rest, NULL, &string) && !imap_argument_atom(&rest, &string)) {
			abort();
		}
	}
	if (depth != 0)
		abort();
}

static void show(struct bytes envelope, struct bytes structure, bool must_succeed)
{
	struct arena arena = { 0 };
	struct buffer out = { 0 };

	for (int kind = 0; kind < 3; kind++) {
		buffer_clear(&out);
		bool ok = kind == 2 ? imap_envelope_format(envelope, &arena, &out) : imap_bodystructure_format(structure, kind == 1, &arena, &out);
		if (ok)
			must_be_a_value(&out);
		else if (must_succeed || (kind != 2 && out.len > 0))
			abort();
	}
	arena_reset(&arena);
	buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct summary summary = { 0 };
	struct summary_builder *builder = summary_builder_create();

	summary_builder_feed(builder, in);
	summary_builder_finish(builder, &summary);
	summary_builder_destroy(builder);
	show(buffer_bytes(&summary.envelope), buffer_bytes(&summary.structure), true);
	summary_release(&summary);
	show(in, in, false);
	return 0;
}
