#include "message/message_sort.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "tests/support/check.h"

static const struct { const char *from, *subject; int64_t sent, arrived; uint64_t size; } messages[] = {
	{ "bob",  "zebra", 30, 1, 200 },
	{ "anna", "apple", 10, 2, 100 },
	{ "bob",  "apple", -5, 3, 100 },
	{ "b_c",  "applepie", 20, 4, 300 },
	{ "",     "\xc3\xa9t\xc3\xa9", 20, 5, 50 },
};

static const struct row {
	const char *claim;
	struct message_sort_rule rules[3];
	size_t n;
	const char *want;
} rows[] = {
	{ "arrival", { { MESSAGE_SORT_ARRIVAL, false } }, 1, "1 2 3 4 5" },
	{ "reverse arrival", { { MESSAGE_SORT_ARRIVAL, true } }, 1, "5 4 3 2 1" },
	{ "date, before 1970 first, equal ones by number", { { MESSAGE_SORT_DATE, false } }, 1, "3 2 4 5 1" },
	{ "reverse date, equal ones still by number", { { MESSAGE_SORT_DATE, true } }, 1, "1 4 5 2 3" },
	{ "size", { { MESSAGE_SORT_SIZE, false } }, 1, "5 2 3 1 4" },
	{ "from: letters before an underscore, none first", { { MESSAGE_SORT_FROM, false } }, 1, "5 2 1 3 4" },
	{ "subject: a prefix first", { { MESSAGE_SORT_SUBJECT, false } }, 1, "2 3 4 1 5" },
	{ "a second key", { { MESSAGE_SORT_SUBJECT, false }, { MESSAGE_SORT_DATE, false } }, 2, "3 2 4 1 5" },
	{ "each key has its own direction", { { MESSAGE_SORT_SIZE, true }, { MESSAGE_SORT_FROM, false }, { MESSAGE_SORT_DATE, true } }, 3, "4 1 2 3 5" },
	{ "reverse subject", { { MESSAGE_SORT_SUBJECT, true }, { MESSAGE_SORT_ARRIVAL, true } }, 2, "5 1 4 3 2" },
};

static void check_row(const struct row *row)
{
	struct message_sort *sort = message_sort_create(row->rules, row->n);
	struct buffer out = { 0 };
	size_t n;

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		struct summary_sortkeys keys = { .from = bytes_text(messages[i].from), .base_subject = bytes_text(messages[i].subject) };
		message_sort_add(sort, &(struct message_sort_row){
			.uid = (uint32_t)i + 1, .internal_date_s = messages[i].arrived, .sent_s = messages[i].sent, .size = messages[i].size,
			.keys = message_sort_needs_texts(row->rules, row->n) ? &keys : NULL,
		});
	}
	while (!message_sort_step(sort, 2))
		;
	uint32_t *uids = message_sort_take_uids(sort, &n);
	for (size_t i = 0; i < n; i++)
		buffer_printf(&out, "%s%u", i > 0 ? " " : "", uids[i]);
	CHECK_TEXT(out.at, row->want, row->claim);
	free(uids);
	buffer_release(&out);
	message_sort_destroy(sort);
}

static const struct order {
	const char *claim;
	struct message_sort_rule rules[2];
	size_t n;
	int64_t spread_s;               /* between two dates */
} orders[] = {
	{ "a date, equal ones by UID", { { MESSAGE_SORT_DATE, false } }, 1, 1 },
	{ "a date reversed, equal ones by UID", { { MESSAGE_SORT_DATE, true } }, 1, 1 },
	{ "dates that differ in few of their octets", { { MESSAGE_SORT_DATE, false } }, 1, 0x10000001 },
	{ "dates from the first to the last there are", { { MESSAGE_SORT_DATE, false } }, 1, INT64_MAX / 50 },
	{ "dates all equal", { { MESSAGE_SORT_DATE, true } }, 1, 0 },
	{ "a second key that never decides", { { MESSAGE_SORT_DATE, false }, { MESSAGE_SORT_SIZE, false } }, 2, 1 },
	{ "the first of two keys reversed", { { MESSAGE_SORT_DATE, true }, { MESSAGE_SORT_SIZE, false } }, 2, INT64_MAX / 50 },
};

/* Of a row; half of them before 1970. */
static int64_t date_of(const struct order *order, uint32_t uid)
{
	return ((int64_t)(uid * 7919 % 101) - 50) * order->spread_s;
}

static bool is_in_order(const struct order *order, uint32_t uid, uint32_t next_uid)
{
	int64_t date = date_of(order, uid), next = date_of(order, next_uid);

	if (date == next)
		return uid < next_uid;
	return order->rules[0].is_reverse ? date > next : date < next;
}

/* Each row once, in order. */
static void sort_rows(const struct order *order, size_t n, size_t n_moves)
{
	struct message_sort *sort = message_sort_create(order->rules, order->n);
	size_t got;
	bool ok = true;

	for (uint32_t uid = 1; uid <= n; uid++)
		message_sort_add(sort, &(struct message_sort_row){ .uid = uid, .sent_s = date_of(order, uid) });
	while (!message_sort_step(sort, n_moves))
		;
	uint32_t *uids = message_sort_take_uids(sort, &got);
	for (size_t i = 1; i < got; i++)
		ok = ok && is_in_order(order, uids[i - 1], uids[i]);
	CHECK_ROW(ok && got == n, order->claim);
	free(uids);
	message_sort_destroy(sort);
}

static void any_number_in_any_steps(const struct order *order)
{
	for (size_t n = 0; n < 300; n += 1 + n / 20)
		for (size_t n_moves = 1; n_moves < 1000; n_moves *= 3)
			sort_rows(order, n, n_moves);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		any_number_in_any_steps(&orders[i]);
	return check_finish();
}
