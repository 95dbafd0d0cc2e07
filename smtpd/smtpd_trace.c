#include "smtpd/smtpd_trace.h"

#include "base/codec.h"
#include "base/random.h"
#include "message/date.h"
#include "message/header.h"
#include "message/trace.h"

static bool has_local_copy(const struct smtpd_transaction *t)
{
	for (size_t i = 0; i < t->n_copies; i++)
		if (t->copies[i].user_id != 0)
			return true;
	return false;
}

static void write_received(struct smtpd_session *s, uint64_t queue_id, int64_t now_s, struct buffer *out)
{
	const struct envelope *e = &s->transaction.envelope;
	char ip[NET_ADDR_TEXT], id[CODEC_ID_LEN + 1];

	codec_id_encode(queue_id, id);
	trace_received_write(&(struct trace_received){
		.helo = s->hello,
		.client_ip = net_addr_family(&s->peer) == AF_UNIX ? NULL : net_addr_format_ip(&s->peer, ip),
		.host = s->generation->settings.hostname,
		.is_extended = s->is_extended,
		.is_lmtp = smtpd_session_is_lmtp(s),
		.is_tls = smtpd_session_is_secure(s),
		.is_authenticated = s->login.name != NULL,
		.tls = net_stream_tls_description(s->stream),
		.queue_id = id,
		.recipient = e->n_recipients == 1 ? e->recipients[0].address : NULL,
		.now_s = now_s,
		.offset_min = date_local_offset_min(now_s),
	}, out);
}

static void write_missing(struct smtpd_session *s, uint64_t queue_id, int64_t now_s, struct bytes header, struct buffer *out)
{
	struct header_field field;
	char date[DATE_TEXT_SIZE], id[CODEC_ID_LEN + 1];

	if (!header_find(header, BYTES("Date"), &field)) {
		date_format(now_s, date_local_offset_min(now_s), date);
		buffer_printf(out, "Date: %s\r\n", date);
	}
	if (!header_find(header, BYTES("Message-ID"), &field)) {
		codec_id_encode(queue_id, id);
		buffer_printf(out, "Message-ID: <%s.%08x@%s>\r\n", id, (unsigned)random_u64(), s->generation->settings.hostname);
	}
}

size_t smtpd_trace_write(struct smtpd_session *s, uint64_t queue_id, int64_t now_s, struct bytes header, struct buffer *out)
{
	size_t before = out->len, local_prefix;

	if (has_local_copy(&s->transaction))
		trace_return_path_write(s->transaction.envelope.sender, out);
	local_prefix = out->len - before;
	write_received(s, queue_id, now_s, out);
	if (smtpd_session_is_submission(s))
		write_missing(s, queue_id, now_s, header, out);
	return local_prefix;
}
