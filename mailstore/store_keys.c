#include "mailstore/store_keys.h"

#include "database/database_statement.h"
#include "mailstore/store_mailbox.h"

/* No column that no rule asks for: each takes about a tenth of the time. */
static const char *const selects[] = {
	[STORE_KEYS_DATES] = "SELECT id, internal_date, sent FROM msg WHERE id BETWEEN ? AND ?",
	[STORE_KEYS_SIZE] = "SELECT id, internal_date, sent, size FROM msg WHERE id BETWEEN ? AND ?",
	[STORE_KEYS_TEXTS] = "SELECT g.id, g.internal_date, g.sent, g.size, m.sortkeys FROM msg g CROSS JOIN message m ON m.message_id = g.message_id "
	                     "WHERE g.id BETWEEN ? AND ?",
};

void store_keys_init(struct store_keys *keys, struct budget *budget, int64_t mailbox_id, const struct ranges *uids, enum store_keys_width width)
{
	*keys = (struct store_keys){ .budget = budget, .mailbox_id = mailbox_id, .width = width };
	ranges_copy(&keys->uids, uids);
}

void store_keys_release(struct store_keys *keys)
{
	ranges_release(&keys->uids);
	budget_give(keys->budget, keys->counted);
	keys->counted = 0;
}

bool store_keys_count(struct store_keys *keys, size_t octets, struct error *err)
{
	if (octets <= keys->counted)
		return true;
	if (!budget_take(keys->budget, octets - keys->counted))
		return error_set(err, ERROR_LIMIT, "the server is short of memory; try again later");
	keys->counted = octets;
	return true;
}

static struct database_statement *begin(const struct store_keys *keys, struct store_context *context, struct range range)
{
	struct database_statement *s = database_statement_begin(context->db, selects[keys->width]);

	database_statement_bind_int(s, 1, store_row_id(keys->mailbox_id, range.first));
	database_statement_bind_int(s, 2, store_row_id(keys->mailbox_id, range.last));
	return s;
}

static bool give_with_texts(struct message_sort_row row, struct bytes packed, store_keys_fn *fn, void *owner)
{
	struct summary_sortkeys texts = { 0 };
	struct arena arena = { 0 };

	if (!summary_sortkeys_unpack(packed, &arena, &texts))
		texts = (struct summary_sortkeys){ 0 };
	row.keys = &texts;
	bool goes_on = fn(owner, &row);
	arena_reset(&arena);
	return goes_on;
}

static bool give(const struct store_keys *keys, struct database_statement *s, uint32_t uid, store_keys_fn *fn, void *owner)
{
	struct message_sort_row row = { .uid = uid, .internal_date_s = database_statement_int(s, 1), .sent_s = database_statement_int(s, 2) };

	if (row.sent_s == 0)
		row.sent_s = row.internal_date_s;
	if (keys->width >= STORE_KEYS_SIZE)
		row.size = (uint64_t)database_statement_int(s, 3);
	if (keys->width >= STORE_KEYS_TEXTS)
		return give_with_texts(row, database_statement_bytes(s, 4), fn, owner);
	return fn(owner, &row);
}

/* False: the batch is over, and the range holds what is left of it. */
static bool read_range(struct store_keys *keys, struct store_context *context, struct range *range, size_t *n, store_keys_fn *fn, void *owner)
{
	struct database_statement *s = begin(keys, context, *range);
	bool goes_on = true;
	uint32_t uid = 0;

	while (goes_on && database_statement_step(s)) {
		uid = store_row_uid(database_statement_int(s, 0));
		goes_on = give(keys, s, uid, fn, owner) && !store_context_is_late(context, (*n)++);
	}
	database_statement_end(s);
	if (goes_on || uid == range->last) {
		keys->n_ranges_done++;
		return goes_on && !store_context_is_late(context, (*n)++);
	}
	range->first = uid + 1;
	return false;
}

enum store_keys_status store_keys_read(struct store_keys *keys, struct store_context *context, store_keys_fn *fn, void *owner)
{
	size_t n = 0;

	if (!store_mailbox_is_known(context, keys->mailbox_id))
		return STORE_KEYS_NO_MAILBOX;
	while (keys->n_ranges_done < keys->uids.n)
		if (!read_range(keys, context, &keys->uids.at[keys->n_ranges_done], &n, fn, owner))
			return STORE_KEYS_MORE;
	return STORE_KEYS_END;
}
