/*
 * The packed sort keys, version 1 (stored: a change needs a new version octet).  Numbers and strings as in packed.h.
 *   octet 1 · octet of bits: 0 is_reply · base subject, from, to, cc, display from, display to as strings
 *   · hashes of Message-ID and In-Reply-To, 8 octets big endian each · how many References, then their hashes.
 * Texts: RFC 2047 decoded, one space for each run of white space, case-folded and composed (NFC), at most KEY_MAX octets on a character's
 * border, made from the first SOURCE_MAX octets of the field.  from, to, cc: the local part of the first address (a group's name when the
 * list begins with one); display: its name, else local@domain.
 * Hash: the first 8 octets of SHA-256 over the id without brackets, white space and RFC 5322 quoting; 0 is written as 1.
 */
#include "message/summary_sortkeys.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"
#include "message/address.h"
#include "message/encoded_word.h"
#include "message/header.h"
#include "message/packed.h"
#include "message/summary.h"

#define VERSION 1
#define KEY_MAX 512
#define SOURCE_MAX 4096
#define REFERENCES_MAX 100

static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* Without what two spellings of one id may differ in: RFC 5256 3 (THREAD=REFERENCES, step 1). */
static struct bytes normal_id(struct bytes id, struct buffer *room)
{
	bool plain = true;

	for (size_t i = 0; i < id.len && plain; i++)
		plain = id.at[i] != '"' && id.at[i] != '\\' && !text_is_space((unsigned char)id.at[i]);
	if (plain)
		return id;
	for (size_t i = 0; i < id.len; i++) {
		if (id.at[i] == '\\' && i + 1 < id.len)
			i++;
		else if (id.at[i] == '"')
			continue;
		if (!text_is_space((unsigned char)id.at[i]))
			buffer_add_octet(room, id.at[i]);
	}
	return buffer_bytes(room);
}

static uint64_t hash_id(EVP_MD_CTX *context, struct bytes id)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct buffer room = { 0 };
	uint64_t hash = 0;

	pthread_once(&once, fetch_sha256);
	id = normal_id(id, &room);
	if (!EVP_DigestInit_ex2(context, sha256, NULL) || !EVP_DigestUpdate(context, id.at ? id.at : "", id.len) ||
	    !EVP_DigestFinal_ex(context, digest, NULL))
		abort();                /* SHA-256 over memory cannot fail in a sound library */
	buffer_release(&room);
	for (int i = 0; i < 8; i++)
		hash = hash << 8 | digest[i];
	return hash ? hash : 1;
}

static EVP_MD_CTX *create_context(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL)
		abort();
	return context;
}

uint64_t summary_id_hash(struct bytes id)
{
	EVP_MD_CTX *context = create_context();
	uint64_t hash = hash_id(context, id);

	EVP_MD_CTX_free(context);
	return hash;
}

/* The subject while its ends are taken off. */
struct cutter {
	struct bytes text;
	bool is_reply;
};

static void trim(struct cutter *c)
{
	c->text = bytes_trim(c->text);
}

/* "[" *BLOBCHAR "]" *WSP: its length, 0 when there is none. */
static size_t blob_length(struct bytes text)
{
	size_t n = 1;

	if (text.len == 0 || text.at[0] != '[')
		return 0;
	while (n < text.len && text.at[n] != '[' && text.at[n] != ']')
		n++;
	if (n == text.len || text.at[n] != ']')
		return 0;
	for (n++; n < text.len && text.at[n] == ' ';)
		n++;
	return n;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" at the front: its length, or 0. */
static size_t refwd_length(struct bytes text)
{
	size_t n;

	if (bytes_starts_nocase(text, BYTES("re")))
		n = 2;
	else if (bytes_starts_nocase(text, BYTES("fwd")))
		n = 3;
	else if (bytes_starts_nocase(text, BYTES("fw")))
		n = 2;
	else
		return 0;
	while (n < text.len && text.at[n] == ' ')
		n++;
	n += blob_length(bytes_skip(text, n));
	return n < text.len && text.at[n] == ':' ? n + 1 : 0;
}

/* subj-trailer, step 2. */
static void cut_trailer(struct cutter *c)
{
	for (;;) {
		trim(c);
		if (!bytes_ends_nocase(c->text, BYTES("(fwd)")))
			return;
		c->text.len -= 5;
		c->is_reply = true;
	}
}

/* subj-leader, step 3: blobs before re: or fwd: go with it. */
static bool cut_leader(struct cutter *c)
{
	struct bytes rest = c->text;
	size_t n;

	while ((n = blob_length(rest)) > 0)
		rest = bytes_skip(rest, n);
	n = refwd_length(rest);
	if (n == 0)
		return false;
	c->text = bytes_skip(rest, n);
	c->is_reply = true;
	trim(c);
	return true;
}

/* A blob alone goes when something is left behind it, step 4. */
static bool cut_blob(struct cutter *c)
{
	size_t n = blob_length(c->text);

	if (n == 0 || bytes_trim(bytes_skip(c->text, n)).len == 0)
		return false;
	c->text = bytes_skip(c->text, n);
	return true;
}

bool summary_base_subject(struct bytes utf8, struct buffer *out)
{
	struct cutter c = { .text = utf8 };

	for (;;) {
		cut_trailer(&c);
		while (cut_leader(&c) || cut_blob(&c))
			;
		if (!bytes_starts_nocase(c.text, BYTES("[fwd:")) || c.text.at[c.text.len - 1] != ']')
			break;
		c.text = bytes_slice(c.text, 5, c.text.len - 1);        /* step 6 */
		c.is_reply = true;
	}
	buffer_add_bytes(out, c.text);
	return c.is_reply;
}

struct maker {
	struct address_parser parser;
	struct buffer decoded, folded, scratch;
};

/* Decoded, runs of white space as one space, trimmed; in m->decoded. */
static void decode(struct maker *m, struct bytes text)
{
	size_t n = 0;

	buffer_clear(&m->decoded);
	if (text.len > SOURCE_MAX)
		text.len = SOURCE_MAX;
	if (encoded_word_is_needed(text))
		encoded_word_decode(text, &m->decoded);
	else
		buffer_add_bytes(&m->decoded, text);
	char *at = m->decoded.at;
	for (size_t i = 0; i < m->decoded.len; i++) {
		if (!text_is_space((unsigned char)at[i]))
			at[n++] = at[i];
		else if (n > 0 && at[n - 1] != ' ')
			at[n++] = ' ';
	}
	if (n > 0 && at[n - 1] == ' ')
		n--;
	if (m->decoded.len > 0)
		buffer_truncate(&m->decoded, n);
}

static void pack_key(struct maker *m, struct bytes text, struct buffer *out)
{
	buffer_clear(&m->folded);
	if (text_is_ascii(text)) {              /* what text_fold does to ASCII, without its tables */
		buffer_add_bytes(&m->folded, text);
		if (text.len > 0)
			text_lower_bytes(m->folded.at, m->folded.len);
	} else {
		text_fold(text, &m->folded);
	}
	struct bytes key = buffer_bytes(&m->folded);
	if (key.len > KEY_MAX) {
		key.len = KEY_MAX;
		while (key.len > 0 && ((unsigned char)key.at[key.len] & 0xc0) == 0x80)
			key.len--;
	}
	packed_add_bytes(out, key);
}

static bool pack_subject(struct maker *m, struct bytes value, struct buffer *out)
{
	buffer_clear(&m->folded);
	header_unfold(bytes_slice(value, 0, SOURCE_MAX), &m->folded);
	decode(m, buffer_bytes(&m->folded));
	buffer_clear(&m->scratch);
	bool is_reply = summary_base_subject(buffer_bytes(&m->decoded), &m->scratch);
	pack_key(m, buffer_bytes(&m->scratch), out);
	return is_reply;
}

/* The key of the first address of a list, and its display key when display is not NULL. */
static void pack_first(struct maker *m, struct bytes value, struct buffer *out, struct buffer *display)
{
	struct address first;

	address_parser_start(&m->parser, bytes_slice(value, 0, SOURCE_MAX));
	if (!address_next(&m->parser, &first))
		first = (struct address){ 0 };
	decode(m, first.local);
	pack_key(m, buffer_bytes(&m->decoded), out);
	if (display) {
		buffer_clear(&m->scratch);
		buffer_add_bytes(&m->scratch, first.local);
		if (first.kind == ADDRESS_MAILBOX && first.domain.len > 0) {
			buffer_add_octet(&m->scratch, '@');
			buffer_add_bytes(&m->scratch, first.domain);
		}
		decode(m, first.name.len > 0 ? first.name : buffer_bytes(&m->scratch));
		pack_key(m, buffer_bytes(&m->decoded), display);
	}
}

static struct bytes without_brackets(struct bytes id)
{
	return bytes_slice(id, 1, id.len - 1);
}

/* The first id of a field; one written without brackets counts too. */
static uint64_t hash_field(EVP_MD_CTX *context, struct bytes value)
{
	struct bytes rest = value, id;

	if (header_next_id(&rest, &id))
		return hash_id(context, without_brackets(id));
	while (value.len > 0 && text_is_space((unsigned char)value.at[0]))
		value = bytes_skip(value, 1);
	return bytes_find(value, '@') < value.len ? hash_id(context, value) : 0;
}

static void pack_references(EVP_MD_CTX *context, struct bytes value, struct buffer *out)
{
	struct bytes ids[REFERENCES_MAX], id;
	size_t n = 0;

	while (header_next_id(&value, &id))
		ids[n++ % REFERENCES_MAX] = id;
	size_t kept = n < REFERENCES_MAX ? n : REFERENCES_MAX;
	packed_add_u64(out, kept);
	for (size_t i = n - kept; i < n; i++)
		packed_add_hash(out, hash_id(context, without_brackets(ids[i % REFERENCES_MAX])));
}

void summary_sortkeys_pack(const struct summary_fields *found, struct buffer *out)
{
	EVP_MD_CTX *context = create_context();
	struct maker m = { 0 };
	struct buffer display = { 0 };

	buffer_add_octet(out, VERSION);
	size_t bits_at = out->len;
	buffer_add_octet(out, 0);
	if (pack_subject(&m, found->first[SUMMARY_SUBJECT], out))
		out->at[bits_at] = 1;
	pack_first(&m, found->first[SUMMARY_FROM], out, &display);
	pack_first(&m, found->first[SUMMARY_TO], out, &display);
	pack_first(&m, found->first[SUMMARY_CC], out, NULL);
	buffer_add_bytes(out, buffer_bytes(&display));
	packed_add_hash(out, hash_field(context, found->first[SUMMARY_MESSAGE_ID]));
	packed_add_hash(out, hash_field(context, found->first[SUMMARY_IN_REPLY_TO]));
	pack_references(context, found->first[SUMMARY_REFERENCES], out);
	buffer_release(&display);
	buffer_release(&m.decoded);
	buffer_release(&m.folded);
	buffer_release(&m.scratch);
	address_parser_release(&m.parser);
	EVP_MD_CTX_free(context);
}

bool summary_sortkeys_unpack(struct bytes packed, struct arena *arena, struct summary_sortkeys *keys)
{
	*keys = (struct summary_sortkeys){ 0 };
	if (packed.len < 2 || packed.at[0] != VERSION)
		return false;
	struct packed_reader r = { .rest = bytes_skip(packed, 2) };
	keys->is_reply = packed.at[1] & 1;
	keys->base_subject = packed_bytes(&r);
	keys->from = packed_bytes(&r);
	keys->to = packed_bytes(&r);
	keys->cc = packed_bytes(&r);
	keys->display_from = packed_bytes(&r);
	keys->display_to = packed_bytes(&r);
	keys->message_id = packed_hash(&r);
	keys->in_reply_to = packed_hash(&r);
	keys->n_references = packed_count(&r, 8);
	if (keys->n_references > 0) {
		uint64_t *references = arena_alloc(arena, keys->n_references * sizeof *references);
		for (size_t i = 0; i < keys->n_references; i++)
			references[i] = packed_hash(&r);
		keys->references = references;
	}
	return !r.damaged && r.rest.len == 0;
}
