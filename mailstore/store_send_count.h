/* store_send_count: how much each user submitted on each day (UTC). */
#ifndef MAILSTORE_STORE_SEND_COUNT_H
#define MAILSTORE_STORE_SEND_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "mailstore/store_context.h"

int64_t store_send_count_day(int64_t now_s);
/* May the user submit one more message?  DENIED: no such user any more, or disabled; LIMIT: that were more than limit today (0 = none). */
bool store_send_count_allows(struct store_context *, int64_t user_id, int64_t limit, struct error *err);
/* Days before the last 30 are forgotten on the way. */
void store_send_count_add(struct store_context *, int64_t user_id, size_t n_recipients);

#endif
