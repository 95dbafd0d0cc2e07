/*
 * Each row is 16 octets: the start of its first key as a number that compares like it, and its place.
 * When that number says all, rows are moved to where its digits put them, the lowest digit first, and nothing is compared.
 * Else blocks of BLOCK rows are sorted as they are added, then merged bottom up; only rows with equal numbers look at the values
 * behind them.  Texts compare by octets with ASCII letters as capitals, as i;unicode-casemap does (RFC 5051).
 */
#include "message/message_sort.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/text.h"

#define BLOCK 32
#define DIGIT_BITS 8
#define DIGITS (64 / DIGIT_BITS)
#define DIGIT_VALUES (1u << DIGIT_BITS)

struct row {
	uint64_t start;
	uint32_t place, uid;            /* place: of its values */
};

union value {
	uint64_t number;
	struct bytes text;
};

struct message_sort {
	struct message_sort_rule rules[MESSAGE_SORT_RULES_MAX];
	size_t n_rules;
	bool is_exact;                  /* the start says all: no values are kept */
	struct row *rows, *other;       /* other: where a pass moves them to */
	union value *values;            /* [place * n_rules + rule] */
	size_t n, capacity;
	struct arena texts;

	/* moving by digits: how many rows have each value; of the digit at work, where the next row with it goes */
	uint32_t (*places)[DIGIT_VALUES];
	size_t digit, n_moved;

	/* merging runs of `width` rows: the pair begins at `begin`, its halves are read at left and right */
	bool is_started;
	size_t width, begin, left, right;
};

static bool is_text(enum message_sort_key key)
{
	return key >= MESSAGE_SORT_CC;
}

bool message_sort_needs_texts(const struct message_sort_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_text(rules[i].key))
			return true;
	return false;
}

struct message_sort *message_sort_create(const struct message_sort_rule *rules, size_t n)
{
	struct message_sort *sort = xcalloc(1, sizeof *sort);

	assert(n > 0 && n <= MESSAGE_SORT_RULES_MAX);
	memcpy(sort->rules, rules, n * sizeof *rules);
	sort->n_rules = n;
	sort->is_exact = n == 1 && !is_text(rules[0].key);
	if (sort->is_exact)
		sort->places = xcalloc(DIGITS, sizeof *sort->places);
	return sort;
}

void message_sort_destroy(struct message_sort *sort)
{
	if (sort == NULL)
		return;
	arena_reset(&sort->texts);
	free(sort->rows);
	free(sort->other);
	free(sort->values);
	free(sort->places);
	free(sort);
}

size_t message_sort_text_octets(const struct message_sort *sort)
{
	return sort->texts.used;
}

size_t message_sort_octets(const struct message_sort *sort)
{
	size_t values = sort->is_exact ? 0 : sort->n_rules * sizeof *sort->values;
	size_t places = sort->is_exact ? DIGITS * sizeof *sort->places : 0;

	return sort->texts.used + places + sort->capacity * (sizeof *sort->rows + values) + sort->n * sizeof *sort->other;
}

static int compare_values(const struct message_sort *sort, const struct row *x, const struct row *y)
{
	const union value *a = &sort->values[x->place * sort->n_rules], *b = &sort->values[y->place * sort->n_rules];

	for (size_t i = 0; i < sort->n_rules; i++) {
		int order = is_text(sort->rules[i].key) ? bytes_compare(a[i].text, b[i].text) : (a[i].number > b[i].number) - (a[i].number < b[i].number);
		if (order != 0)
			return sort->rules[i].is_reverse ? -order : order;
	}
	return 0;
}

/* The later row belongs before the earlier one. */
static bool is_before(const struct message_sort *sort, const struct row *later, const struct row *earlier)
{
	if (later->start != earlier->start)
		return later->start < earlier->start;
	return compare_values(sort, later, earlier) < 0;
}

/* ---- adding ---- */

static struct bytes text_of(const struct summary_sortkeys *keys, enum message_sort_key key)
{
	switch (key) {
	case MESSAGE_SORT_CC: return keys->cc;
	case MESSAGE_SORT_FROM: return keys->from;
	case MESSAGE_SORT_SUBJECT: return keys->base_subject;
	case MESSAGE_SORT_TO: return keys->to;
	case MESSAGE_SORT_DISPLAY_FROM: return keys->display_from;
	default: return keys->display_to;
	}
}

static union value value_of(struct message_sort *sort, const struct message_sort_row *row, enum message_sort_key key)
{
	union value value = { 0 };

	if (is_text(key)) {
		char *text = (char *)arena_bytes(&sort->texts, text_of(row->keys, key)).at;
		value.text = bytes_of(text, text_of(row->keys, key).len);
		for (size_t i = 0; i < value.text.len; i++)
			text[i] = (char)text_upper((unsigned char)text[i]);
	} else if (key == MESSAGE_SORT_SIZE) {
		value.number = row->size;
	} else {                        /* so that dates before 1970 stand first */
		value.number = (uint64_t)(key == MESSAGE_SORT_DATE ? row->sent_s : row->internal_date_s) ^ (uint64_t)1 << 63;
	}
	return value;
}

static uint64_t start_of(const struct message_sort_rule *rule, union value value)
{
	uint64_t start = value.number;

	if (is_text(rule->key)) {
		start = 0;
		for (size_t i = 0; i < 8; i++)
			start = start << 8 | (i < value.text.len ? (uint8_t)value.text.at[i] : 0);
	}
	return rule->is_reverse ? ~start : start;
}

static size_t digit_of(const struct row *row, size_t digit)
{
	return row->start >> digit * DIGIT_BITS & (DIGIT_VALUES - 1);
}

static void grow(struct message_sort *sort)
{
	sort->capacity = sort->capacity > 0 ? 2 * sort->capacity : 1024;
	sort->rows = xreallocarray(sort->rows, sort->capacity, sizeof *sort->rows);
	if (!sort->is_exact)
		sort->values = xreallocarray(sort->values, sort->capacity, sort->n_rules * sizeof *sort->values);
}

static void add_exact(struct message_sort *sort, const struct row *row)
{
	for (size_t i = 0; i < DIGITS; i++)
		sort->places[i][digit_of(row, i)]++;
	sort->rows[sort->n++] = *row;
}

static void add_to_block(struct message_sort *sort, const struct row *row)
{
	size_t at = sort->n++;

	for (; at % BLOCK != 0 && is_before(sort, row, &sort->rows[at - 1]); at--)
		sort->rows[at] = sort->rows[at - 1];
	sort->rows[at] = *row;
}

void message_sort_add(struct message_sort *sort, const struct message_sort_row *given)
{
	struct row row = { .place = (uint32_t)sort->n, .uid = given->uid };

	assert(!sort->is_started);
	if (sort->n == sort->capacity)
		grow(sort);
	union value first = value_of(sort, given, sort->rules[0].key);
	row.start = start_of(&sort->rules[0], first);
	if (sort->is_exact) {
		add_exact(sort, &row);
		return;
	}
	for (size_t i = 0; i < sort->n_rules; i++)
		sort->values[sort->n * sort->n_rules + i] = i == 0 ? first : value_of(sort, given, sort->rules[i].key);
	add_to_block(sort, &row);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void swap_rows(struct message_sort *sort)
{
	struct row *moved = sort->other;

	sort->other = sort->rows;
	sort->rows = moved;
}

/* ---- moving by digits ---- */

/* From numbers of rows to where each value's first row goes.  False: all rows have the same value, none need move. */
static bool begin_digit(struct message_sort *sort)
{
	uint32_t *places = sort->places[sort->digit], at = 0;

	if (places[digit_of(&sort->rows[0], sort->digit)] == sort->n)
		return false;
	for (size_t i = 0; i < DIGIT_VALUES; i++) {
		uint32_t n = places[i];
		places[i] = at;
		at += n;
	}
	return true;
}

static bool move_by_digits(struct message_sort *sort, size_t n_moves)
{
	for (; sort->digit < DIGITS; sort->digit++, sort->n_moved = 0) {
		if (n_moves == 0)
			return false;
		if (sort->n_moved == 0 && !begin_digit(sort))
			continue;
		uint32_t *places = sort->places[sort->digit];
		size_t end = sort->n_moved + smaller(n_moves, sort->n - sort->n_moved);
		n_moves -= end - sort->n_moved;
		for (; sort->n_moved < end; sort->n_moved++) {
			const struct row *row = &sort->rows[sort->n_moved];
			sort->other[places[digit_of(row, sort->digit)]++] = *row;
		}
		if (end < sort->n)
			return false;
		swap_rows(sort);
	}
	return true;
}

/* ---- merging ---- */

static void begin_pair(struct message_sort *sort, size_t begin)
{
	sort->begin = sort->left = begin;
	sort->right = smaller(begin + sort->width, sort->n);
}

/* Up to n_moves rows of the pair, to the places behind those moved already. */
static size_t merge_pair(struct message_sort *sort, size_t n_moves)
{
	size_t middle = smaller(sort->begin + sort->width, sort->n), end = smaller(middle + sort->width, sort->n);
	size_t left = sort->left, right = sort->right, n_left = n_moves;
	struct row *out = sort->other + left + (right - middle);

	/* already in order, as mailboxes often are: nothing to compare */
	if (left == sort->begin && right == middle && middle < end && !is_before(sort, &sort->rows[middle], &sort->rows[middle - 1])) {
		memcpy(out, sort->rows + left, (end - left) * sizeof *out);
		sort->left = middle;
		sort->right = end;
		return end - left;
	}
	for (; n_left > 0 && left < middle && right < end; n_left--) {
		const struct row *x = &sort->rows[left], *y = &sort->rows[right];
		bool takes_right = y->start < x->start;
		if (y->start == x->start)
			takes_right = compare_values(sort, y, x) < 0;
		*out++ = takes_right ? *y : *x;
		right += takes_right;
		left += !takes_right;
	}
	if (left == middle || right == end) {
		size_t n = smaller(n_left, (middle - left) + (end - right));
		memcpy(out, sort->rows + (left < middle ? left : right), n * sizeof *out);
		*(left < middle ? &left : &right) += n;
		n_left -= n;
	}
	sort->left = left;
	sort->right = right;
	return n_moves - n_left;
}

static void begin_pass(struct message_sort *sort, size_t width)
{
	sort->width = width;
	begin_pair(sort, 0);
}

static bool merge(struct message_sort *sort, size_t n_moves)
{
	while (sort->width < sort->n) {
		if (n_moves == 0)
			return false;
		n_moves -= smaller(n_moves, merge_pair(sort, n_moves));
		size_t middle = smaller(sort->begin + sort->width, sort->n), end = smaller(middle + sort->width, sort->n);
		if (sort->left < middle || sort->right < end)
			continue;
		if (end < sort->n) {
			begin_pair(sort, end);
			continue;
		}
		swap_rows(sort);
		begin_pass(sort, 2 * sort->width);
	}
	return true;
}

bool message_sort_step(struct message_sort *sort, size_t n_moves)
{
	if (!sort->is_started) {
		sort->is_started = true;
		sort->other = xmalloc((sort->n + 1) * sizeof *sort->other);
		begin_pass(sort, BLOCK);
	}
	if (sort->n < 2)
		return true;
	return sort->is_exact ? move_by_digits(sort, n_moves) : merge(sort, n_moves);
}

uint32_t *message_sort_take_uids(struct message_sort *sort, size_t *n)
{
	uint32_t *uids = sort->n > 0 ? xmalloc(sort->n * sizeof *uids) : NULL;

	*n = sort->n;
	for (size_t i = 0; i < sort->n; i++)
		uids[i] = sort->rows[i].uid;
	return uids;
}
