/* Whatever a server says, the reply stays within its bounds and its description printable. */
#include <stdlib.h>

#include "base/text.h"
#include "smtp/smtp_extension.h"
#include "smtp/smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct smtp_reply *r)
{
	struct buffer out = { 0 };
	struct smtp_extensions e = { 0 };
	struct bytes rest = buffer_bytes(&r->text), line;

	smtp_reply_describe(r, &out);
	if (out.len > 500 || !text_is_printable(buffer_bytes(&out)) || r->text.len > SMTP_REPLY_TEXT_MAX)
		abort();
	while (rest.len > 0) {
		bytes_cut(&rest, '\n', &line);
		smtp_extension_read(&e, line);
	}
	buffer_release(&out);
	smtp_reply_clear(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data, size), line;
	struct smtp_reply r = { 0 };

	while (rest.len > 0) {
		bytes_cut(&rest, '\n', &line);
		enum smtp_reply_status status = smtp_reply_line(&r, line);
		if (status == SMTP_REPLY_BAD)
			break;
		if (status == SMTP_REPLY_DONE)
			check(&r);
	}
	smtp_reply_release(&r);
	return 0;
}
