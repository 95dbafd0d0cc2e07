#include "mailstore/store_log.h"

#include "base/log.h"
#include "mailstore/store_ballast.h"
#include "mailstore/store_open.h"
#include "mailstore/store_turnstile.h"

/* Pages of 4 KiB. */
#define COPY_PAGES 4000u
#define COPY_ALONE_PAGES 5000u          /* who writes little leaves the work to who writes much, for a while */
#define COPY_MORE_PAGES 500u            /* written since the last time */
#define LITTLE_PAGES 1000u              /* copied while others wait for their turn */
#define LONG_PAGES 8000u
#define FULL_PAGES 12000u
#define LONG_WAIT_MS 20
#define STUCK_WAIT_MS 100
#define TURN_WAIT_MS 50

static bool empty(struct store_context *context, unsigned wait_ms)
{
	bool done = database_checkpoint(context->db, wait_ms);

	if (!done && database_error(context->db)->kind == ERROR_FULL && store_ballast_drop(context->store)) {
		database_clear(context->db);
		done = database_checkpoint(context->db, wait_ms);
	}
	if (!done)
		log_debug("store", "log-kept", "pages=%u error=%s", database_log_pages(context->db), database_error(context->db)->text);
	database_clear(context->db);
	return done;
}

void store_log_copy(struct store_context *context, size_t n_requests)
{
	struct store *store = context->store;
	unsigned n = database_log_pages(context->db), n_left = 0;

	if (n < COPY_PAGES)
		store->copied_pages = 0;
	if (n < (n_requests > 1 ? COPY_PAGES : COPY_ALONE_PAGES) || n < store->copied_pages + COPY_MORE_PAGES)
		return;
	database_clear(context->db);
	if (database_copy_log(context->db, &n_left)) {
		store->copied_pages = n;
		store->log_is_copied = n_left <= LITTLE_PAGES;
	}
	/* what fails here is tried again after the next commit */
	database_clear(context->db);
}

/* However patient its own program is, others wait behind it. */
static unsigned full_wait_ms(const struct store *store)
{
	return store->options.turn_wait_ms < STORE_TURN_WAIT_MS ? store->options.turn_wait_ms : STORE_TURN_WAIT_MS;
}

bool store_log_bound(struct store_context *context, struct error *err)
{
	struct store *store = context->store;
	unsigned n = database_log_pages(context->db);

	if (store->log_is_copied) {
		store->log_is_copied = false;
		if (n >= COPY_PAGES && empty(context, 0))
			return true;
	}
	if (n < LONG_PAGES)
		return true;
	/* who waited in vain once tells the next ones soon */
	unsigned patience_ms = n < FULL_PAGES ? LONG_WAIT_MS : store->log_is_stuck ? STUCK_WAIT_MS : full_wait_ms(store);
	bool done = empty(context, patience_ms);
	bool was_stuck = store->log_is_stuck;
	store->log_is_stuck = !done && database_log_pages(context->db) >= FULL_PAGES;
	if (!store->log_is_stuck)
		return true;
	if (!was_stuck)
		log_warning("store", "log-stuck", "pages=%u", database_log_pages(context->db));
	return error_set(err, ERROR_TRY_LATER, "the log is full and a reader keeps it from being emptied");
}

void store_log_rest(struct store_context *context)
{
	struct store *store = context->store;
	unsigned n = database_log_pages(context->db);
	bool is_idle = n == store->log_pages;

	store->log_pages = n;
	if (n == 0 || !is_idle || !store_turnstile_enter(&store->turnstile, TURN_WAIT_MS, NULL))
		return;
	if (empty(context, 0))
		store->log_pages = 0;
	store_turnstile_leave(&store->turnstile);
}
