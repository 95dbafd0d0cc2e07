/*
 * The packed envelope, version 1 (stored: a change needs a new version octet).  Numbers and strings as in packed.h.
 *   octet 1 · octet of bits: 0 Date, 1 Subject, 2 In-Reply-To, 3 Message-ID are there · those, as strings, unfolded
 *   · From, Sender, Reply-To, To, Cc, Bcc: a count, then name, mailbox, host of each and, with a group's start or end, bit 0 of the
 *   number that stands before the name (else that number is 0).
 * Lists are cut after ADDRESSES_MAX elements; the end of an open group is kept.
 */
#include "message/summary_envelope.h"

#include "message/address.h"
#include "message/header.h"
#include "message/packed.h"
#include "message/summary.h"

#define VERSION 1
#define N_TEXTS 4
#define N_LISTS 6
#define ADDRESSES_MAX 10000

static const struct bytes names[SUMMARY_FIELDS] = {
	[SUMMARY_DATE] = { "Date", 4 }, [SUMMARY_SUBJECT] = { "Subject", 7 }, [SUMMARY_IN_REPLY_TO] = { "In-Reply-To", 11 },
	[SUMMARY_MESSAGE_ID] = { "Message-ID", 10 }, [SUMMARY_FROM] = { "From", 4 }, [SUMMARY_SENDER] = { "Sender", 6 },
	[SUMMARY_REPLY_TO] = { "Reply-To", 8 }, [SUMMARY_TO] = { "To", 2 }, [SUMMARY_CC] = { "Cc", 2 }, [SUMMARY_BCC] = { "Bcc", 3 },
	[SUMMARY_REFERENCES] = { "References", 10 },
};

void summary_fields_find(struct bytes header, struct summary_fields *found)
{
	struct bytes rest = header;
	struct header_field field;

	*found = (struct summary_fields){ .header = header };
	while (header_next(&rest, &field)) {
		if (field.name.len < 2 || field.name.len > 11)
			continue;
		for (size_t i = 0; i < SUMMARY_FIELDS; i++) {
			if (field.name.len != names[i].len || (field.name.at[0] | 0x20) != (names[i].at[0] | 0x20) || !bytes_equal_nocase(field.name, names[i]))
				continue;
			if (found->first[i].at == NULL)
				found->first[i] = field.value;
			else
				found->is_repeated[i] = true;
			break;
		}
		if (field.name.len == 8 && (field.name.at[0] | 0x20) == 'r' && bytes_equal_nocase(field.name, BYTES("Received")))
			found->n_received++;
	}
}

/* Elements of one value, appended to out; returns how many. */
static size_t pack_list(struct address_parser *parser, struct bytes value, size_t room, struct buffer *out)
{
	struct address address;
	size_t n = 0;

	address_parser_start(parser, value);
	while (address_next(parser, &address)) {
		if (n >= room && address.kind != ADDRESS_GROUP_END)
			break;
		packed_add_u64(out, address.kind != ADDRESS_MAILBOX);
		packed_add_bytes(out, address.name);
		packed_add_bytes(out, address.local);
		packed_add_bytes(out, address.domain);
		n++;
	}
	if (parser->in_group) {
		buffer_add(out, "\1\0\0\0", 4);
		n++;
	}
	return n;
}

/* The list of field i, and of the fields of its name that follow when they are to be joined. */
static void pack_addresses(const struct summary_fields *found, size_t i, struct address_parser *parser, struct buffer *scratch, struct buffer *out)
{
	struct bytes rest = found->header;
	struct header_field field;
	size_t n = 0;

	buffer_clear(scratch);
	if (found->is_repeated[i] && i >= SUMMARY_TO && i <= SUMMARY_BCC) {
		while (header_next(&rest, &field)) {
			if (bytes_equal_nocase(field.name, names[i]) && n < ADDRESSES_MAX)
				n += pack_list(parser, field.value, ADDRESSES_MAX - n, scratch);
		}
	} else if (found->first[i].len > 0) {
		n = pack_list(parser, found->first[i], ADDRESSES_MAX, scratch);
	}
	packed_add_u64(out, n);
	buffer_add_bytes(out, buffer_bytes(scratch));
}

void summary_fields_pack(const struct summary_fields *found, struct buffer *out)
{
	struct address_parser parser = { 0 };
	struct buffer scratch = { 0 };
	unsigned bits = 0;

	for (size_t i = 0; i < N_TEXTS; i++)
		bits |= found->first[i].at ? 1u << i : 0;
	buffer_add_octet(out, VERSION);
	buffer_add_octet(out, (char)bits);
	for (size_t i = 0; i < N_TEXTS; i++) {
		if (found->first[i].at == NULL)
			continue;
		buffer_clear(&scratch);
		header_unfold(found->first[i], &scratch);
		packed_add_bytes(out, buffer_bytes(&scratch));
	}
	for (size_t i = 0; i < N_LISTS; i++)
		pack_addresses(found, SUMMARY_FROM + i, &parser, &scratch, out);
	address_parser_release(&parser);
	buffer_release(&scratch);
}

void summary_envelope_pack(struct bytes header, struct buffer *out)
{
	struct summary_fields found;

	summary_fields_find(header, &found);
	summary_fields_pack(&found, out);
}

static void unpack_list(struct packed_reader *r, struct arena *arena, struct summary_addresses *list)
{
	size_t n = packed_count(r, 4);
	struct summary_address *at = n > 0 ? arena_alloc(arena, n * sizeof *at) : NULL;

	for (size_t i = 0; i < n; i++) {
		at[i].is_group = packed_u64(r) & 1;
		at[i].name = packed_bytes(r);
		at[i].mailbox = packed_bytes(r);
		at[i].host = packed_bytes(r);
	}
	list->at = at;
	list->n = n;
}

bool summary_envelope_unpack(struct bytes packed, struct arena *arena, struct summary_envelope *envelope)
{
	*envelope = (struct summary_envelope){ 0 };
	if (packed.len < 2 || packed.at[0] != VERSION)
		return false;
	unsigned bits = (unsigned char)packed.at[1];
	struct packed_reader r = { .rest = bytes_skip(packed, 2) };
	struct {
		struct bytes *text;
		bool *has;
	} texts[N_TEXTS] = {
		{ &envelope->date, &envelope->has_date }, { &envelope->subject, &envelope->has_subject },
		{ &envelope->in_reply_to, &envelope->has_in_reply_to }, { &envelope->message_id, &envelope->has_message_id },
	};
	struct summary_addresses *lists[N_LISTS] = {
		&envelope->from, &envelope->sender, &envelope->reply_to, &envelope->to, &envelope->cc, &envelope->bcc,
	};
	for (size_t i = 0; i < N_TEXTS; i++) {
		*texts[i].has = bits & (1u << i);
		if (*texts[i].has)
			*texts[i].text = packed_bytes(&r);
	}
	for (size_t i = 0; i < N_LISTS; i++)
		unpack_list(&r, arena, lists[i]);
	return !r.damaged && r.rest.len == 0;
}
