/* The fields and what follows them are the whole block; an unfolded value is one line. */
#include <stdlib.h>

#include "message/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data, size), id;
	struct header_field field;
	struct buffer line = { 0 };
	size_t seen = 0;

	while (header_next(&rest, &field)) {
		if (field.whole.at != (const char *)data + seen || field.whole.len == 0)
			abort();
		seen += field.whole.len;
		buffer_clear(&line);
		header_unfold(field.value, &line);
		for (size_t i = 0; i < line.len; i++) {
			if (line.at[i] == '\r' || line.at[i] == '\n' || line.at[i] == '\0')
				abort();
		}
		for (struct bytes ids = field.value; header_next_id(&ids, &id);) {
			if (id.len < 3 || id.at[0] != '<' || id.at[id.len - 1] != '>' || bytes_find(bytes_slice(id, 1, id.len), '<') != id.len - 1)
				abort();
		}
	}
	if (seen + rest.len != size || header_length(bytes_of(data, size)) > size)
		abort();
	buffer_release(&line);
	return 0;
}
