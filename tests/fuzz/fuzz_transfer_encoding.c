/* Decoding does not depend on cuts; what is encoded decodes to itself; encoded words and parameters are UTF-8. */
#include <stdlib.h>

#include "base/text.h"
#include "message/content_type.h"
#include "message/encoded_word.h"
#include "message/transfer_encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(enum transfer_encoding encoding, struct bytes text, size_t cut)
{
	struct transfer_decoder d = { .encoding = encoding };
	struct buffer whole = { 0 }, pieces = { 0 };

	transfer_decode(encoding, text, &whole);
	for (; text.len > 0; text = bytes_skip(text, cut))
		transfer_decoder_feed(&d, bytes_slice(text, 0, cut), &pieces);
	transfer_decoder_finish(&d, &pieces);
	if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&pieces)))
		abort();
	buffer_release(&whole);
	buffer_release(&pieces);
}

static void encode(struct bytes text)
{
	struct buffer encoded = { 0 }, again = { 0 };

	transfer_encode_base64(text, &encoded);
	if (!transfer_decode(TRANSFER_BASE64, buffer_bytes(&encoded), &again) || !bytes_equal(buffer_bytes(&again), text))
		abort();
	buffer_clear(&encoded);
	buffer_clear(&again);
	if (text_is_utf8(text)) {
		encoded_word_encode(text, &encoded);
		encoded_word_decode(buffer_bytes(&encoded), &again);
		if (!bytes_equal(buffer_bytes(&again), text))
			abort();
	}
	buffer_release(&encoded);
	buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);
	struct arena arena = { 0 };
	struct content_type type;
	struct buffer out = { 0 };

	decode(TRANSFER_BASE64, text, 1 + size % 5);
	decode(TRANSFER_QUOTED_PRINTABLE, text, 1 + size % 5);
	encode(text);
	encoded_word_decode(text, &out);
	if (!text_is_utf8(buffer_bytes(&out)))
		abort();
	buffer_clear(&out);
	if (content_type_parse(text, &arena, &type) && content_parameter_decode(type.parameters, type.n_parameters, "name", &out) &&
	    !text_is_utf8(buffer_bytes(&out)))
		abort();
	buffer_release(&out);
	arena_reset(&arena);
	return 0;
}
