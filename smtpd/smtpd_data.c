/* DATA: a message that ends with a dot.  RFC 5321 4.1.1.4, 4.5.2. */
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_receive.h"
#include "smtpd/smtpd_reply.h"

/* Use what is buffered.  False: more must arrive. */
static bool take_octets(struct smtpd_session *s)
{
	struct bytes in = net_stream_input(s->stream), content;
	enum smtp_data_status status;
	size_t used;

	if (in.len == 0)
		return false;
	status = smtp_data_decode(&s->input.decoder, in, &used, &content);
	smtpd_receive_content(s, content, used, s->input.decoder.flaws);
	net_stream_consume(s->stream, used);
	if (status == SMTP_DATA_END) {
		s->input.octets = NULL;
		smtpd_receive_finish(s);
	}
	return true;
}

enum smtpd_after smtpd_data(struct smtpd_session *s, struct bytes arguments)
{
	(void)arguments;
	if (s->state == SMTPD_REFUSED)
		return smtpd_reply(s, "554 5.5.1 No valid recipients");
	if (!smtpd_receive_start(s))
		return SMTPD_NEXT_LINE;
	s->input = (struct smtpd_input){ .octets = take_octets };
	smtpd_reply(s, "354 End data with <CR><LF>.<CR><LF>");
	return SMTPD_OCTETS;
}
