/*
 * summary: what is worth knowing of a message for good, made once while the body streams in and stored beside it:
 * the envelope fields (RFC 9051 7.5.2 ENVELOPE), the part tree, sort and thread keys (RFC 5256).
 */
#ifndef MESSAGE_SUMMARY_H
#define MESSAGE_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

/* The result; zero-initialise; the buffers are the caller's to release with summary_release. */
struct summary {
	uint64_t size;                  /* octets of the message */
	uint64_t header_len;            /* octets of the root header with its empty line */
	uint64_t n_received;            /* Received fields: the loop guard */
	int64_t sent_s;                 /* Date: as Unix time; 0 when absent or not parsable */
	bool has_date, has_message_id, has_from;
	struct buffer envelope;         /* packed, see summary_envelope_unpack */
	struct buffer structure;        /* packed mime_tree */
	struct buffer sortkeys;         /* packed, see summary_sortkeys_unpack */
};
void summary_release(struct summary *);

/* Once per process, before a sandbox closes the file system and before the first thread: loads the hash and the charset converters. */
void summary_prepare(void);

struct summary_builder;
struct summary_builder *summary_builder_create(void);
void summary_builder_destroy(struct summary_builder *);
void summary_builder_feed(struct summary_builder *, struct bytes);
/* Octets of memory it holds now: grows with the header and the number of parts. */
size_t summary_builder_memory(const struct summary_builder *);
/* Once, at the end. */
void summary_builder_finish(struct summary_builder *, struct summary *out);

/* One element of an address list.  A group is a start (mailbox = its name, host empty, is_group) … end (all empty, is_group). */
struct summary_address {
	struct bytes name, mailbox, host;       /* name: raw header text, not decoded, unquoted; empty = none */
	bool is_group;
};
struct summary_addresses {
	const struct summary_address *at;
	size_t n;
};
/* Header text is unfolded, not decoded (RFC 2047 words stay); empty with has_… false when the field is missing. */
struct summary_envelope {
	struct bytes date, subject, in_reply_to, message_id;
	bool has_date, has_subject, has_in_reply_to, has_message_id;
	struct summary_addresses from, sender, reply_to, to, cc, bcc;   /* sender and reply_to not yet defaulted */
};
/* Build from the octets of a header (also of enclosed messages). */
void summary_envelope_pack(struct bytes header, struct buffer *out);
/* Slices borrow from packed, arrays live in the arena.  False when damaged. */
bool summary_envelope_unpack(struct bytes packed, struct arena *, struct summary_envelope *);

/* Keys for SORT and THREAD (RFC 5256), so that neither parses a message. */
struct summary_sortkeys {
	struct bytes base_subject;      /* UTF-8, folded; RFC 5256 2.1 */
	bool is_reply;                  /* the base subject had re:, fwd: … */
	struct bytes from, to, cc;      /* first addr-mailbox, folded */
	struct bytes display_from, display_to;
	uint64_t message_id, in_reply_to;       /* 64-bit hashes of the ids without brackets; 0 = none */
	const uint64_t *references;     /* first to last, at most 100 (the last ones) */
	size_t n_references;
};
bool summary_sortkeys_unpack(struct bytes packed, struct arena *, struct summary_sortkeys *);
/* The hash used above (fixed for ever: it is stored): the first 8 octets of SHA-256, big endian. */
uint64_t summary_id_hash(struct bytes id);

#endif
