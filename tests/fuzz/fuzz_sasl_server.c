/* Whatever a client says, an exchange ends without success unless the right proof was given: here nobody knows the password. */
#include <stdlib.h>

#include "auth/sasl_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum sasl_server_status serve(struct sasl_server *s, enum sasl_server_status status, struct buffer *out)
{
	static const unsigned char secret[32];
	struct password_record record;

	if (status == SASL_SERVER_NEEDS_RECORD) {
		password_fake(bytes_text(sasl_server_name(s)), secret, &record);
		record.iterations = 2;
		status = sasl_server_give_record(s, &record, true, out);
	}
	if (status == SASL_SERVER_NEEDS_CHECK)
		status = sasl_server_give_check(s, password_check(sasl_server_password(s), sasl_server_record(s)));
	return status;
}

/* First octet: mechanism and whether there is an initial response; lines after it are the client's messages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out = { 0 };
	struct bytes rest = bytes_of(data, size), message;

	if (size == 0)
		return 0;
	struct sasl_server *s = sasl_server_create((enum sasl_mechanism)(data[0] % SASL_MECHANISM_COUNT));
	bool has_initial = data[0] & 128;
	rest = bytes_skip(rest, 1);
	if (has_initial)
		bytes_cut(&rest, '\n', &message);
	enum sasl_server_status status = serve(s, sasl_server_start(s, has_initial ? &message : NULL, &out), &out);
	while (status == SASL_SERVER_CONTINUE && rest.len > 0) {
		bytes_cut(&rest, '\n', &message);
		buffer_clear(&out);
		status = serve(s, sasl_server_step(s, message, &out), &out);
	}
	if (status == SASL_SERVER_DONE)
		abort();
	sasl_server_destroy(s);
	buffer_release(&out);
	return 0;
}
