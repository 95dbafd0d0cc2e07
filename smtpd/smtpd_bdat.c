#include "smtpd/smtpd_bdat.h"

#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_receive.h"
#include "smtpd/smtpd_reply.h"

/* "900" or "900 LAST" */
static bool parse(struct bytes arguments, uint64_t *size, bool *is_last)
{
	struct bytes number;

	*is_last = bytes_cut(&arguments, ' ', &number);
	if (*is_last && !bytes_equal_nocase(bytes_trim(arguments), BYTES("LAST")))
		return false;
	return number.len > 0 && bytes_to_u64(number, INT64_MAX, size);
}

/* Where the octets end nobody can tell any more. */
static enum smtpd_after refuse_count(struct smtpd_session *s)
{
	smtpd_command_bad_syntax(s, "BDAT");
	s->is_closing = true;
	return SMTPD_CLOSE;
}

static void end_chunk(struct smtpd_session *s)
{
	struct smtpd_input *input = &s->input;

	input->octets = NULL;
	if (input->refusal != NULL) {
		/* LAST is the end of the transaction, whatever became of it: the next may be pipelined behind it already. */
		if (input->is_last)
			smtpd_session_end_transaction(s);
		if (input->refusal[0] != '\0')
			smtpd_reply(s, "%s", input->refusal);
	} else if (input->is_last) {
		smtp_data_check_end(&input->checker);
		smtpd_receive_content(s, (struct bytes){ NULL, 0 }, 0, input->checker.flaws);
		smtpd_receive_finish(s);
	} else if (smtpd_receive_refusal(s) != NULL) {
		/* No later chunk can mend it: say so now, the rest is refused by the table. */
		smtpd_receive_give_up(s);
	} else {
		s->state = SMTPD_CHUNKS;
		smtpd_reply(s, "250 2.0.0 %llu octets received", (unsigned long long)input->size);
	}
}

/* Use what is buffered.  False: more must arrive. */
static bool take_octets(struct smtpd_session *s)
{
	struct smtpd_input *input = &s->input;
	struct bytes in = net_stream_input(s->stream);

	if (in.len == 0)
		return false;
	in = bytes_slice(in, 0, input->left < in.len ? (size_t)input->left : in.len);
	if (input->refusal == NULL) {
		smtp_data_check(&input->checker, in);
		smtpd_receive_content(s, in, in.len, input->checker.flaws);
	}
	input->left -= in.len;
	net_stream_consume(s->stream, in.len);
	if (input->left == 0)
		end_chunk(s);
	return true;
}

static enum smtpd_after read_chunk(struct smtpd_session *s, uint64_t size, bool is_last, const char *refusal)
{
	struct smtp_data_checker checker = s->input.checker;

	s->input = (struct smtpd_input){ .octets = take_octets, .left = size, .size = size, .is_last = is_last, .refusal = refusal, .checker = checker };
	if (size == 0)
		end_chunk(s);
	return SMTPD_OCTETS;
}

enum smtpd_after smtpd_bdat_refuse(struct smtpd_session *s, struct bytes arguments, const char *reply)
{
	uint64_t size;
	bool is_last;

	return parse(arguments, &size, &is_last) ? read_chunk(s, size, is_last, reply) : refuse_count(s);
}

enum smtpd_after smtpd_bdat(struct smtpd_session *s, struct bytes arguments)
{
	uint64_t size;
	bool is_last;

	if (!parse(arguments, &size, &is_last))
		return refuse_count(s);
	if (s->state == SMTPD_REFUSED)
		return read_chunk(s, size, is_last, "554 5.5.1 No valid recipients");
	if (s->state != SMTPD_CHUNKS) {
		s->input = (struct smtpd_input){ 0 };
		if (!smtpd_receive_start(s))
			return read_chunk(s, size, is_last, "");
	}
	return read_chunk(s, size, is_last, NULL);
}
