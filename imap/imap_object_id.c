#include "imap/imap_object_id.h"

void imap_object_id_format(struct buffer *out, enum imap_object kind, int64_t id)
{
	if (id == 0) {
		buffer_add_text(out, "NIL");
		return;
	}
	buffer_add_octet(out, '(');
	buffer_add_octet(out, (char)kind);
	buffer_add_u64(out, (uint64_t)id);
	buffer_add_octet(out, ')');
}

int64_t imap_object_id_parse(struct bytes text, enum imap_object kind)
{
	uint64_t id;

	if (text.len < 2 || text.at[0] != (char)kind || text.at[1] == '0' || !bytes_to_u64(bytes_skip(text, 1), INT64_MAX, &id))
		return 0;
	return (int64_t)id;
}
