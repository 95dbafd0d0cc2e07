#include "mailstore/store_send_count.h"

#include "mailstore/store_account.h"

#define DAY_S     (24 * 3600)
#define KEEP_DAYS 30

int64_t store_send_count_day(int64_t now_s)
{
	return now_s / DAY_S;
}

bool store_send_count_allows(struct store_context *context, int64_t user_id, int64_t limit, struct error *err)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT u.state, coalesce(c.messages, 0) FROM user u LEFT JOIN send_count c ON c.user_id = u.user_id AND c.day = ? WHERE u.user_id = ?");
	int64_t state = STORE_USER_DISABLED, n = 0;

	database_statement_bind_int(s, 1, store_send_count_day(context->now_s));
	database_statement_bind_int(s, 2, user_id);
	if (database_statement_step(s)) {
		state = database_statement_int(s, 0);
		n = database_statement_int(s, 1);
	}
	database_statement_end(s);
	if (state & STORE_USER_DISABLED)
		return error_set(err, ERROR_DENIED, "The account is disabled");
	if (limit > 0 && n >= limit)
		return error_set(err, ERROR_LIMIT, "%lld messages a day may be sent from this account, more after midnight UTC", (long long)limit);
	return true;
}

static void forget_old(struct store_context *context, int64_t user_id, int64_t day)
{
	struct database_statement *s = database_statement_begin(context->db, "DELETE FROM send_count WHERE user_id = ? AND day <= ?");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_int(s, 2, day - KEEP_DAYS);
	database_statement_run(s);
}

void store_send_count_add(struct store_context *context, int64_t user_id, size_t n_recipients)
{
	static const char *const literals[] = {
		"UPDATE send_count SET messages = messages + 1, recipients = recipients + ?3 WHERE user_id = ?1 AND day = ?2",
		"INSERT INTO send_count(user_id, day, messages, recipients) VALUES(?1, ?2, 1, ?3)",
	};
	int64_t day = store_send_count_day(context->now_s), n = 0;

	/* the first of a day has no row yet */
	for (size_t i = 0; i < 2 && n == 0; i++) {
		struct database_statement *s = database_statement_begin(context->db, literals[i]);
		database_statement_bind_int(s, 1, user_id);
		database_statement_bind_int(s, 2, day);
		database_statement_bind_int(s, 3, (int64_t)n_recipients);
		n = database_statement_run(s);
		if (i == 1)
			forget_old(context, user_id, day);
	}
}
