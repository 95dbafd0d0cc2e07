/* A path that is accepted, with its parameters, holds nothing that could become a second command, and reads the same when written again. */
#include <stdlib.h>

#include "smtp/smtp_parameters.h"
#include "smtp/smtp_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parameters(struct bytes text)
{
	struct arena arena = { 0 };
	struct smtp_mail_parameters mail;
	struct smtp_rcpt_parameters rcpt;
	struct bytes culprit;

	if (smtp_parameters_mail(text, ~0u, &arena, &mail, &culprit) == SMTP_PARAMETERS_OK && mail.envelope_id && strlen(mail.envelope_id) > SMTP_ENVELOPE_ID_MAX)
		abort();
	if (smtp_parameters_rcpt(text, ~0u, &arena, &rcpt, &culprit) == SMTP_PARAMETERS_OK && rcpt.original && !strchr(rcpt.original, ';'))
		abort();
	arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);
	struct smtp_path path, again;
	struct buffer formatted = { 0 }, written = { 0 };
	size_t used;

	if (smtp_path_parse(text, &path, &used) != SMTP_PATH_OK)
		return 0;
	if (used > SMTP_PATH_MAX || path.local.len + path.domain.len + 2 > used)
		abort();
	smtp_path_format(&path, &formatted);
	if (!smtp_path_write(buffer_bytes(&formatted), &written))
		abort();
	if (bytes_find(buffer_bytes(&written), '\r') < written.len || bytes_find(buffer_bytes(&written), '\n') < written.len)
		abort();
	if (smtp_path_parse(buffer_bytes(&written), &again, &used) != SMTP_PATH_OK || !bytes_equal_nocase(path.domain, again.domain))
		abort();
	buffer_release(&formatted);
	buffer_release(&written);
	parameters(bytes_skip(text, used));
	return 0;
}
