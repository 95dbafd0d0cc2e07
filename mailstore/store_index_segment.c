#include "mailstore/store_index_segment.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/database_statement.h"
#include "mailstore/store_index.h"

#define TRIGRAMS (1u << 24)
#define MESSAGE_MAX (1u << 16)          /* trigrams of a message that are kept */
#define PAIRS_MAX (1u << 20)
#define NUMBER_BITS 16
#define PAUSE_ROWS 512

struct store_index_segment {
	int64_t ids[STORE_INDEX_SEGMENT_MAX];
	size_t n;
	uint64_t *pairs, *sorted;       /* trigram << NUMBER_BITS | number of the message */
	size_t n_pairs, n_before;       /* n_before: of the messages before this one */
	uint8_t *seen;                  /* a bit a trigram: of this message */
	bool is_unknown;
	uint32_t last;                  /* the octets of the run before the next one */
	unsigned n_last;
	unsigned char lower[256];
};

struct store_index_segment *store_index_segment_create(void)
{
	struct store_index_segment *g = xcalloc(1, sizeof *g);

	g->pairs = xcalloc(PAIRS_MAX, sizeof *g->pairs);
	g->sorted = xcalloc(PAIRS_MAX, sizeof *g->sorted);
	g->seen = xcalloc(TRIGRAMS / 8, 1);
	for (int octet = 0; octet < 256; octet++)
		g->lower[octet] = (unsigned char)text_lower(octet);
	return g;
}

void store_index_segment_destroy(struct store_index_segment *g)
{
	if (g == NULL)
		return;
	free(g->pairs);
	free(g->sorted);
	free(g->seen);
	free(g);
}

void store_index_segment_begin(struct store_index_segment *g, int64_t message_id)
{
	g->ids[g->n] = message_id;
	g->n_before = g->n_pairs;
	g->n_last = 0;
	g->is_unknown = false;
}

static void add(struct store_index_segment *g, uint32_t trigram)
{
	uint8_t bit = (uint8_t)(1u << trigram % 8);

	if (g->seen[trigram / 8] & bit)
		return;
	g->seen[trigram / 8] |= bit;
	g->pairs[g->n_pairs++] = (uint64_t)trigram << NUMBER_BITS | g->n;
}

bool store_index_segment_text(struct store_index_segment *g, struct bytes text, bool is_first)
{
	size_t i = 0;

	if (g->is_unknown)
		return false;
	if (is_first)
		g->n_last = 0;
	for (; i < text.len && g->n_last < 2; i++, g->n_last++)
		g->last = g->last << 8 | g->lower[(unsigned char)text.at[i]];
	for (; i < text.len && g->n_pairs - g->n_before < MESSAGE_MAX; i++) {
		g->last = (g->last << 8 | g->lower[(unsigned char)text.at[i]]) & (TRIGRAMS - 1);
		add(g, g->last);
	}
	if (i < text.len)
		store_index_segment_unknown(g);
	return !g->is_unknown;
}

static void forget_seen(struct store_index_segment *g)
{
	for (size_t i = g->n_before; i < g->n_pairs; i++)
		g->seen[(g->pairs[i] >> NUMBER_BITS) / 8] = 0;
}

void store_index_segment_unknown(struct store_index_segment *g)
{
	forget_seen(g);
	g->n_pairs = g->n_before;
	add(g, STORE_INDEX_ANY);
	g->is_unknown = true;
}

void store_index_segment_end(struct store_index_segment *g)
{
	forget_seen(g);
	g->n++;
}

bool store_index_segment_is_full(const struct store_index_segment *g)
{
	return g->n == STORE_INDEX_SEGMENT_MAX || g->n_pairs + MESSAGE_MAX > PAIRS_MAX;
}

/* By trigram; the numbers of each stay in order: by the lowest octet, then the next. */
static void sort_pairs(struct store_index_segment *g)
{
	for (unsigned shift = NUMBER_BITS; shift < NUMBER_BITS + 24; shift += 8) {
		size_t starts[257] = { 0 };
		for (size_t i = 0; i < g->n_pairs; i++)
			starts[(g->pairs[i] >> shift & 0xff) + 1]++;
		for (size_t i = 1; i < 257; i++)
			starts[i] += starts[i - 1];
		for (size_t i = 0; i < g->n_pairs; i++)
			g->sorted[starts[g->pairs[i] >> shift & 0xff]++] = g->pairs[i];
		uint64_t *swap = g->pairs;
		g->pairs = g->sorted;
		g->sorted = swap;
	}
}

static void pack_ids(const struct store_index_segment *g, struct buffer *out)
{
	int64_t last = 0;

	for (size_t i = 0; i < g->n; i++) {
		int64_t distance = g->ids[i] - last;
		uint64_t rest = distance < 0 ? ~(uint64_t)distance << 1 | 1 : (uint64_t)distance << 1;
		for (; rest >= 0x80; rest >>= 7)
			buffer_add_octet(out, (char)(rest | 0x80));
		buffer_add_octet(out, (char)rest);
		last = g->ids[i];
	}
}

static int64_t write_segment(const struct store_index_segment *g, struct database *db)
{
	struct buffer ids = { 0 };
	struct database_statement *s;

	pack_ids(g, &ids);
	store_index_seal((int64_t)g->n, &ids);
	s = database_statement_begin(db, "INSERT INTO segment(n, ids) VALUES (?, ?)");
	database_statement_bind_int(s, 1, (int64_t)g->n);
	database_statement_bind_blob(s, 2, buffer_bytes(&ids));
	database_statement_run(s);
	buffer_release(&ids);
	int64_t segment_id = database_last_id(db);
	for (size_t i = 0; i < g->n; i++) {
		s = database_statement_begin(db, "INSERT OR IGNORE INTO indexed(message_id) VALUES (?)");
		database_statement_bind_int(s, 1, g->ids[i]);
		database_statement_run(s);
	}
	return segment_id;
}

static void write_posting(struct database *db, int64_t id, const uint16_t *numbers, size_t n, size_t n_all, struct buffer *packed)
{
	struct database_statement *s = database_statement_begin(db, "INSERT INTO posting(id, numbers) VALUES (?, ?)");

	buffer_clear(packed);
	store_index_pack(numbers, n, n_all, packed);
	store_index_seal(id, packed);
	database_statement_bind_int(s, 1, id);
	database_statement_bind_blob(s, 2, buffer_bytes(packed));
	database_statement_run(s);
}

void store_index_segment_write(struct store_index_segment *g, struct database *db, void (*pause)(void *owner), void *owner)
{
	uint16_t numbers[STORE_INDEX_SEGMENT_MAX];
	struct buffer packed = { 0 };
	size_t n_rows = 0;

	if (g->n == 0)
		return;
	int64_t segment_id = write_segment(g, db);
	sort_pairs(g);
	for (size_t i = 0; i < g->n_pairs && !database_failed(db);) {
		uint64_t trigram = g->pairs[i] >> NUMBER_BITS;
		size_t n = 0;
		for (; i < g->n_pairs && g->pairs[i] >> NUMBER_BITS == trigram; i++)
			numbers[n++] = (uint16_t)(g->pairs[i] & (((uint64_t)1 << NUMBER_BITS) - 1));
		write_posting(db, segment_id << 24 | (int64_t)trigram, numbers, n, g->n, &packed);
		if (++n_rows % PAUSE_ROWS == 0)
			pause(owner);
	}
	buffer_release(&packed);
	g->n = g->n_pairs = g->n_before = 0;
}
