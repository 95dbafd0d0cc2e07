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

/* Every number of rows, in steps of every size: each row once, in order, equal ones by UID. */
static void any_number_in_any_steps(void)
{
	static const struct message_sort_rule by_size = { MESSAGE_SORT_SIZE, false };

	for (size_t n = 0; n < 300; n += 1 + n / 20)
		for (size_t moves = 1; moves < 1000; moves *= 3) {
			struct message_sort *sort = message_sort_create(&by_size, 1);
			size_t got;
			bool ok = true;
			for (uint32_t i = 1; i <= n; i++)
				message_sort_add(sort, &(struct message_sort_row){ .uid = i, .size = i * 7919 % 101 });
			while (!message_sort_step(sort, moves))
				;
			uint32_t *uids = message_sort_take_uids(sort, &got);
			for (size_t i = 1; i < got; i++) {
				uint32_t a = uids[i - 1] * 7919 % 101, b = uids[i] * 7919 % 101;
				ok = ok && (a < b || (a == b && uids[i - 1] < uids[i]));
			}
			CHECK(ok && got == n);
			free(uids);
			message_sort_destroy(sort);
		}
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	any_number_in_any_steps();
	return check_finish();
}
