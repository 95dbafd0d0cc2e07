/* mua sync: the cache of all folders, or of one, level with the server; with --watch for as long as it runs. */

#include "base/clock.h"
#include "imap/imap_client.h"
#include "mua/mua_cache_body.h"
#include "mua/mua_cache_folder.h"
#include "mua/mua_commands.h"
#include "mua/mua_exit.h"
#include "mua/mua_folder_list.h"
#include "mua/mua_json.h"
#include "mua/mua_safe.h"
#include "mua/mua_sync_folder.h"
#include "mua/mua_tally.h"
#include "netcore/net_timer.h"

#define RENEW_MS        (25 * 60 * 1000)        /* RFC 2177: a server may close at 29 minutes */
#define POLL_MS         (60 * 1000)             /* without IDLE */
#define DELAY_MIN_MS    1000
#define DELAY_MAX_MS    (5 * 60 * 1000)
#define DAY_S           86400
#define TOGETHER_MAX    50              /* bodies in one command, */
#define TOGETHER_OCTETS (4u * 1024 * 1024)
#define BODY_MAX        (50u * 1024 * 1024)     /* a larger one is not kept */
#define NAME_COLUMNS    30

struct round {
	struct mua_run run;
	bool is_later;                  /* only what changed is printed */
	uint64_t n_bodies;              /* fetched of the folder at hand */
};

/* Printing */

static bool print_folder(struct round *r, const char *name, const struct mua_sync_counts *c)
{
	struct buffer out = { 0 };
	bool ok;

	if (r->is_later && c->n_new + c->n_changed + c->n_vanished + r->n_bodies == 0)
		return true;
	if (r->run.options->json) {
		json_t *object = mua_json_object("posta.sync.1");
		mua_json_set_text(object, "account", bytes_text(r->run.account.name));
		mua_json_set_text(object, "folder", bytes_text(name));
		json_object_set_new(object, "new", json_integer((json_int_t)c->n_new));
		json_object_set_new(object, "changed", json_integer((json_int_t)c->n_changed));
		json_object_set_new(object, "vanished", json_integer((json_int_t)c->n_vanished));
		json_object_set_new(object, "bodies", json_integer((json_int_t)r->n_bodies));
		mua_json_write(&out, object);
	} else {
		mua_safe_column(&out, bytes_text(name), NAME_COLUMNS);
		buffer_printf(&out, " %llu new, %llu changed, %llu vanished", (unsigned long long)c->n_new, (unsigned long long)c->n_changed,
		              (unsigned long long)c->n_vanished);
		if (r->n_bodies > 0)
			buffer_printf(&out, ", %llu kept", (unsigned long long)r->n_bodies);
		buffer_add_octet(&out, '\n');
	}
	ok = mua_run_print(&r->run, buffer_bytes(&out));
	buffer_release(&out);
	return ok;
}

/* One folder */

static bool fetch_bodies(struct round *r)
{
	struct mua_run *run = &r->run;
	int64_t since_s = clock_now_s() - (int64_t)run->options->offline_days * DAY_S;
	struct arena arena = { 0 };
	struct ranges uids = { 0 };
	struct mua_lacking *list;
	uint64_t octets = 0;
	size_t n;
	bool ok;

	if (!mua_cache_body_lacking(run->cache, &run->folder, since_s, &arena, &list, &n, &run->err)) {
		arena_reset(&arena);
		return mua_run_fail(run, MUA_EXIT_IO);
	}
	ok = true;
	for (size_t i = 0; ok && i < n; i++) {
		if (list[i].size <= BODY_MAX) {
			ranges_add(&uids, list[i].uid);
			octets += list[i].size;
			r->n_bodies++;
		}
		if (ranges_is_empty(&uids) || (i + 1 < n && octets < TOGETHER_OCTETS && ranges_count(&uids) < TOGETHER_MAX))
			continue;
		ok = mua_run_bodies(run, &uids);
		ranges_clear(&uids);
		octets = 0;
	}
	ranges_release(&uids);
	arena_reset(&arena);
	return ok;
}

static bool sync_folder(struct round *r, const char *name)
{
	struct mua_sync_counts counts;

	r->n_bodies = 0;
	if (!mua_run_folder(&r->run, name))
		return false;
	counts = *mua_sync_folder_counts(r->run.sync);
	return (r->run.options->offline_days == 0 || fetch_bodies(r)) && print_folder(r, name, &counts);
}

/* All of them */

static bool is_listed(const struct mua_folder_list *list, const char *name)
{
	const struct mua_folder_entry *entry = mua_folder_list_named(list, name);

	return entry != NULL && !entry->is_noselect;
}

static bool forget_unlisted(struct mua_run *run, const struct mua_folder_list *list)
{
	struct arena arena = { 0 };
	const char *const *names;
	size_t n = 0;
	bool ok = mua_cache_folder_names(run->cache, &arena, &names, &n, &run->err);

	for (size_t i = 0; ok && i < n; i++)
		ok = is_listed(list, names[i]) || mua_cache_folder_forget(run->cache, names[i], &run->err);
	arena_reset(&arena);
	return ok || mua_run_fail(run, MUA_EXIT_IO);
}

static void sync_list(struct round *r, struct mua_tally *tally)
{
	struct mua_run *run = &r->run;
	struct mua_folder_list list = { 0 };

	if (!mua_folder_list_fetch(&list, run)) {
		mua_tally_failure(tally, run, "account", run->account.name);
		mua_folder_list_release(&list);
		return;
	}
	for (size_t i = 0; i < list.n && tally->lost_code == MUA_EXIT_OK && !run->is_stopping; i++) {
		if (list.at[i].is_noselect)
			continue;
		if (sync_folder(r, list.at[i].name))
			mua_tally_ok(tally);
		else if (!mua_tally_failure(tally, run, "folder", list.at[i].name))
			break;
	}
	if (tally->n_failed == 0 && !run->is_stopping && !forget_unlisted(run, &list))
		mua_tally_failure(tally, run, "account", run->account.name);
	mua_folder_list_release(&list);
}

static void sync_round(struct round *r)
{
	struct mua_run *run = &r->run;
	struct mua_tally tally = { 0 };

	if (run->options->folder == NULL)
		sync_list(r, &tally);
	else if (sync_folder(r, run->options->folder))
		mua_tally_ok(&tally);
	else
		mua_tally_failure(&tally, run, "folder", run->options->folder);
	run->exit_code = mua_tally_exit_code(&tally);
}

/* Watching */

static void on_time(void *owner)
{
	*(bool *)owner = true;
}

static void pause_for(struct mua_run *run, int64_t ms)
{
	struct net_timer timer = { 0 };
	bool is_over = false;

	net_timer_start(&timer, run->loop, ms, on_time, &is_over);
	while (!is_over && !run->is_stopping)
		net_loop_run_once(run->loop, -1);
	net_timer_stop(&timer);
}

/* Follow one folder until it is time to look at all, or something fails: false. */
static bool follow(struct round *r)
{
	struct mua_run *run = &r->run;
	const char *name = run->options->folder ? run->options->folder : "INBOX";
	int64_t start_ms = net_loop_now_ms(run->loop), passed_ms = 0;
	int64_t step_ms = mua_sync_can(run->sync) & IMAP_CAN_IDLE ? RENEW_MS : POLL_MS;

	while (passed_ms < RENEW_MS && !run->is_stopping) {
		if (!sync_folder(r, name) || (!run->is_stopping && !mua_run_idle(run, step_ms)))
			return false;
		passed_ms = net_loop_now_ms(run->loop) - start_ms;
	}
	return true;
}

/* Whether the same may succeed later. */
static bool is_passing(const struct mua_run *run)
{
	switch (run->exit_code) {
	case MUA_EXIT_UNREACHABLE:
	case MUA_EXIT_TEMPORARY:
	case MUA_EXIT_PROTOCOL:
		return true;
	default:
		return false;
	}
}

static void watch(struct round *r)
{
	struct mua_run *run = &r->run;
	int64_t delay_ms = DELAY_MIN_MS;
	int round_code = MUA_EXIT_OK;

	while (!run->is_stopping) {
		sync_round(r);
		round_code = run->exit_code;
		r->is_later = true;
		if (run->is_stopping)
			break;
		if (mua_sync_is_open(run->sync)) {
			int64_t start_ms = net_loop_now_ms(run->loop);
			if (follow(r) || run->is_stopping)
				continue;
			round_code = run->exit_code;
			if (net_loop_now_ms(run->loop) - start_ms > delay_ms)
				delay_ms = DELAY_MIN_MS;
		}
		if (!is_passing(run) && round_code != MUA_EXIT_PARTIAL)
			break;
		pause_for(run, delay_ms);
		delay_ms = 2 * delay_ms < DELAY_MAX_MS ? 2 * delay_ms : DELAY_MAX_MS;
	}
	run->exit_code = round_code;
}

int mua_synchronise(const struct mua_options *o)
{
	struct round r = { .run.options = o };

	if (o->once && o->watch)
		mua_run_refuse(&r.run, MUA_EXIT_USAGE, "give --once or --watch");
	else if (mua_run_open(&r.run, o) && mua_run_open_mail(&r.run)) {
		if (o->watch)
			watch(&r);
		else
			sync_round(&r);
	}
	return mua_run_close(&r.run);
}
