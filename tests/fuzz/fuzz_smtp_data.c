/* The data decoder finds the same end, flaws and content however the octets are split, and what the encoder wrote comes back. */
#include <stdlib.h>

#include "smtp/smtp_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t decode(struct bytes in, size_t step, struct buffer *content, unsigned *flaws)
{
	struct smtp_data_decoder d = { 0 };
	size_t at = 0;

	*flaws = 0;
	while (at < in.len) {
		struct bytes slice;
		size_t used = 0;
		enum smtp_data_status status = smtp_data_decode(&d, bytes_slice(in, at, at + step), &used, &slice);
		if (used == 0 || used > step)
			abort();
		buffer_add_bytes(content, slice);
		*flaws = d.flaws;
		at += used;
		if (status == SMTP_DATA_END)
			return at;
	}
	return 0;
}

static void round_trip(struct bytes in, size_t step)
{
	struct smtp_data_encoder e = { 0 };
	struct buffer wire = { 0 }, back = { 0 };
	unsigned flaws;
	bool ok = true;

	for (size_t at = 0; at < in.len && ok; at += step)
		ok = smtp_data_encode(&e, bytes_slice(in, at, at + step), &wire);
	ok = ok && smtp_data_encode_end(&e, &wire);
	if (ok && (decode(buffer_bytes(&wire), wire.len, &back, &flaws) != wire.len || flaws != 0))
		abort();
	if (ok && (back.len < in.len || !bytes_starts(buffer_bytes(&back), in)))
		abort();
	if (!ok && e.flaws == 0)
		abort();
	buffer_release(&wire);
	buffer_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = { 0 }, split = { 0 };
	unsigned flaws, flaws_split;

	if (size < 1)
		return 0;
	size_t step = data[0] % 8u + 1;
	struct bytes in = bytes_of(data + 1, size - 1);
	size_t end = decode(in, in.len + 1, &whole, &flaws);
	size_t end_split = decode(in, step, &split, &flaws_split);
	if (end != end_split || flaws != flaws_split || !bytes_equal(buffer_bytes(&whole), buffer_bytes(&split)))
		abort();
	buffer_release(&whole);
	buffer_release(&split);
	round_trip(in, step);
	return 0;
}
