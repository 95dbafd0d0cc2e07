#include "mua/mua_run.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "imap/imap_flag.h"
#include "mua/mua_cache_body.h"
#include "mua/mua_cache_folder.h"
#include "mua/mua_exit.h"
#include "mua/mua_safe.h"
#include "mua/mua_sync_body.h"
#include "mua/mua_sync_folder.h"
#include "mua/mua_sync_idle.h"

#define DEFAULT_TIMEOUT_S 30

void mua_run_complain(const struct error *err)
{
	struct buffer text = { 0 };

	mua_safe_line(&text, bytes_text(err->text));
	fprintf(stderr, "mua: %s\n", text.at ? text.at : "failed");
	buffer_release(&text);
}

bool mua_run_fail(struct mua_run *r, int exit_code)
{
	mua_run_complain(&r->err);
	r->exit_code = exit_code;
	return false;
}

int64_t mua_run_timeout_ms(const struct mua_run *r)
{
	return 1000 * (r->options->timeout_s > 0 ? r->options->timeout_s : DEFAULT_TIMEOUT_S);
}

void mua_run_until(struct mua_run *r, const bool *flag)
{
	while (!*flag)
		net_loop_run_once(r->loop, -1);
}

static void on_done(void *owner, const struct error *err, int exit_code, struct bytes octets)
{
	struct mua_run *r = owner;

	r->is_done = true;
	r->exit_code = exit_code;
	if (err != NULL)
		r->err = *err;
	buffer_clear(&r->octets);
	buffer_add_bytes(&r->octets, octets);
}

static bool wait_done(struct mua_run *r)
{
	while (!r->is_done) {
		net_loop_run_once(r->loop, -1);
		if (r->is_stopping && !r->is_done)
			mua_sync_abort(r->sync);
	}
	return r->err.kind == ERROR_NONE || mua_run_fail(r, r->exit_code);
}

static void prepare(struct mua_run *r)
{
	r->is_done = false;
	r->err = (struct error){ 0 };
}

static void on_signal(void *owner, int number)
{
	struct mua_run *r = owner;

	(void)number;
	r->is_stopping = true;
}

bool mua_run_open(struct mua_run *r, const struct mua_options *options)
{
	int exit_code;

	*r = (struct mua_run){ .options = options };
	if (!mua_account_open(&r->account, options, &exit_code, &r->err))
		return mua_run_fail(r, exit_code);
	r->loop = net_loop_create(net_poll_kind_default(), &r->err);
	if (r->loop == NULL)
		return mua_run_fail(r, MUA_EXIT_INTERNAL);
	if (options->watch)
		r->signals = net_signal_create(r->loop, (const int[]){ SIGINT, SIGTERM, SIGHUP, 0 }, on_signal, r, &r->err);
	if (options->watch && r->signals == NULL)
		return mua_run_fail(r, MUA_EXIT_INTERNAL);
	r->worker = net_worker_create(1, 16, &r->err);
	return r->worker != NULL || mua_run_fail(r, MUA_EXIT_INTERNAL);
}

bool mua_run_open_mail(struct mua_run *r)
{
	char *name;

	if (r->account.imap.host == NULL) {
		error_set(&r->err, ERROR_SYNTAX, "no IMAP server: give --imap");
		return mua_run_fail(r, MUA_EXIT_CONFIG);
	}
	/* Users of the same name at two servers are two people. */
	name = xprintf("%s@%s:%d", r->account.imap.user, r->account.imap.host, r->account.imap.port);
	r->cache = mua_cache_open(name, &r->err);
	free(name);
	if (r->cache == NULL)
		return mua_run_fail(r, MUA_EXIT_IO);
	r->sync = mua_sync_create(&(struct mua_sync_options){
		.loop = r->loop,
		.worker = r->worker,
		.account = &r->account,
		.cache = r->cache,
		.timeout_ms = mua_run_timeout_ms(r),
		.trace = r->options->trace,
	});
	return true;
}

bool mua_run_folder(struct mua_run *r, const char *name)
{
	prepare(r);
	mua_sync_folder(r->sync, name, &r->folder, on_done, r);
	return wait_done(r);
}

bool mua_run_folder_from_cache(struct mua_run *r, const char *name)
{
	prepare(r);
	r->exit_code = MUA_EXIT_OK;
	if (mua_cache_folder_find(r->cache, name, &r->folder, &r->err))
		return true;
	return mua_run_fail(r, r->err.kind == ERROR_NOT_FOUND ? MUA_EXIT_NOT_FOUND : MUA_EXIT_IO);
}

bool mua_run_body(struct mua_run *r, uint32_t uid)
{
	if (r->has_octets)
		return true;
	prepare(r);
	mua_sync_body(r->sync, uid, on_done, r);
	return wait_done(r);
}

bool mua_run_body_from_cache(struct mua_run *r, const char *folder, uint32_t uidvalidity, uint32_t uid)
{
	struct mua_folder found;

	buffer_clear(&r->octets);
	if (!mua_cache_folder_find(r->cache, folder, &found, NULL) || (uidvalidity != 0 && uidvalidity != found.uidvalidity) ||
	    !mua_cache_body_get(r->cache, &found, uid, &r->octets, NULL))
		return false;
	r->folder = found;
	r->has_octets = true;
	return true;
}

bool mua_run_bodies(struct mua_run *r, const struct ranges *uids)
{
	prepare(r);
	mua_sync_bodies(r->sync, uids, on_done, r);
	return wait_done(r);
}

bool mua_run_idle(struct mua_run *r, int64_t after_ms)
{
	prepare(r);
	mua_sync_idle(r->sync, after_ms, on_done, r);
	while (!r->is_done) {
		net_loop_run_once(r->loop, -1);
		if (r->is_stopping)
			mua_sync_idle_end(r->sync);
	}
	return r->err.kind == ERROR_NONE || mua_run_fail(r, r->exit_code);
}

bool mua_run_mark_seen(struct mua_run *r, uint32_t uid)
{
	prepare(r);
	mua_sync_add_flags(r->sync, uid, "\\Seen", IMAP_FLAG_SEEN, on_done, r);
	return wait_done(r);
}

bool mua_run_is_there(struct mua_run *r, uint32_t uid)
{
	struct arena arena = { 0 };
	struct mua_message message;
	bool ok;

	prepare(r);
	ok = mua_cache_get(r->cache, &r->folder, uid, &arena, &message, &r->err);
	arena_reset(&arena);
	return ok || mua_run_fail(r, r->err.kind == ERROR_NOT_FOUND ? MUA_EXIT_NOT_FOUND : MUA_EXIT_IO);
}

bool mua_run_command(struct mua_run *r, const char *what, struct bytes command, mua_sync_reply_fn *on_reply, void *owner)
{
	prepare(r);
	mua_sync_command(r->sync, what, command, on_reply, owner, on_done, r);
	return wait_done(r);
}

bool mua_run_refuse(struct mua_run *r, int exit_code, const char *format, ...)
{
	char text[sizeof r->err.text];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	error_set(&r->err, ERROR_DENIED, "%s", text);
	return mua_run_fail(r, exit_code);
}

int mua_run_close(struct mua_run *r)
{
	int exit_code = r->exit_code;

	if (r->sync != NULL) {
		r->is_stopping = false;
		prepare(r);
		mua_sync_finish(r->sync, on_done, r);
		mua_run_until(r, &r->is_done);
		mua_sync_destroy(r->sync);
	}
	mua_cache_close(r->cache);
	net_worker_destroy(r->worker);
	while (r->loop != NULL && net_loop_endings(r->loop) > 0)
		net_loop_run_once(r->loop, -1);
	net_signal_destroy(r->signals);
	if (r->loop != NULL)
		net_loop_destroy(r->loop);
	mua_account_release(&r->account);
	buffer_release(&r->octets);
	return exit_code;
}

bool mua_run_print(struct mua_run *r, struct bytes octets)
{
	if (octets.len == 0 || (fwrite(octets.at, 1, octets.len, stdout) == octets.len && fflush(stdout) == 0))
		return true;
	error_set(&r->err, ERROR_SYSTEM, "cannot write the output");
	return mua_run_fail(r, MUA_EXIT_OUTPUT);
}
