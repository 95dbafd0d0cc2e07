#include "mailctl/mailctl_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "service/service_exit.h"
#include "service/service_main.h"
#include "service/service_rights.h"

#define PATIENCE_MS 60000

bool mailctl_store_configure(const struct mailctl *ctl, struct arena *arena, struct service_settings *settings, int *code)
{
	struct error err = { 0 };
	bool is_default = strcmp(ctl->config, SERVICE_CONFIGURATION) == 0;

	if (service_settings_load(ctl->config, arena, settings, &err))
		return true;
	if (is_default && err.sys_errno == ENOENT)
		error_set(&err, ERROR_NOT_FOUND, "%s (-c FILE names another; mailctl init makes one)", err.text);
	mailctl_fail(&err);
	*code = EX_CONFIG;
	return false;
}

bool mailctl_store_prepare(struct mailctl_store *m, const struct mailctl *ctl, int *code)
{
	struct service_identity who;
	struct error err = { 0 };

	if (!mailctl_store_configure(ctl, &m->arena, &m->settings, code))
		return false;
	/* the folder's owner, not the configured user: what is there belongs to it, whoever it is */
	m->settings.user = NULL;
	if (!service_rights_of_settings(&m->settings, &who, &err)) {
		*code = mailctl_store_fail(&err);
		return false;
	}
	if (service_rights_become(&who, &err))
		return true;
	error_prefix(&err, "%s", m->settings.data_dir);
	*code = mailctl_fail(&err);
	return false;
}

/* What an owner does about a store that does not open, or NULL. */
static const char *advice(const struct error *err)
{
	if (err->sys_errno == ENOENT)
		return "mailctl init makes a new server, mailctl restore a store from a backup";
	if (err->sys_errno == EACCES)
		return "all files there must belong to the folder's owner";
	return NULL;
}

int mailctl_store_fail(const struct error *err)
{
	const char *what = advice(err);

	fprintf(stderr, "mailctl: %s%s%s%s\n", err->text, what != NULL ? " (" : "", what != NULL ? what : "", what != NULL ? ")" : "");
	return service_exit_code_store(err);
}

/* In the store's writer thread; the hint stands before anything is asked of the store. */
static void tell_daemons(void *owner, const struct store_hint *hints, size_t n)
{
	struct mailctl_store *m = owner;

	if (m->hint != NULL)
		service_hint_send(m->hint, hints, n);
}

static void ignore(void *owner, const struct store_hint *hints, size_t n)
{
	(void)owner;
	(void)hints;
	(void)n;
}

static void open_hint(struct mailctl_store *m)
{
	m->loop = net_loop_create(net_poll_kind_default(), NULL);
	m->hint = m->loop != NULL ? service_hint_open(m->settings.data_dir, NULL) : NULL;
	if (m->hint == NULL || service_hint_start(m->hint, m->loop, store_uuid(m->store), store_secret(m->store), ignore, m, NULL))
		return;
	service_hint_close(m->hint);
	m->hint = NULL;
}

bool mailctl_store_open(struct mailctl_store *m, const struct mailctl *ctl, int *code)
{
	struct store_options options = { 0 };
	struct error err = { 0 };

	if (!mailctl_store_prepare(m, ctl, code))
		return false;
	options.data_dir = m->settings.data_dir;
	options.ephemeral = m->settings.ephemeral;
	options.compress = m->settings.compress == SERVICE_COMPRESS_ZSTD;
	options.turn_wait_ms = m->is_patient ? PATIENCE_MS : 0;
	options.on_commit = m->tells_daemons ? tell_daemons : NULL;
	options.owner = m;
	m->store = store_open(&options, &err);
	if (m->store != NULL)
		m->client = store_client_create(m->store, &err);
	if (m->client != NULL && m->tells_daemons)
		open_hint(m);
	if (m->client != NULL)
		return true;
	*code = mailctl_store_fail(&err);
	return false;
}

void mailctl_store_close(struct mailctl_store *m)
{
	store_client_destroy(m->client);
	if (m->store != NULL)
		store_close(m->store);
	service_hint_close(m->hint);
	if (m->loop != NULL)
		net_loop_destroy(m->loop);
	arena_reset(&m->arena);
}

void mailctl_store_done(void *owner, const struct error *err)
{
	struct mailctl_store *m = owner;

	if (err != NULL)
		m->err = *err;
}

int mailctl_store_wait(struct mailctl_store *m)
{
	store_client_wait(m->client);
	if (m->err.kind == ERROR_NONE)
		return EX_OK;
	if (m->err.kind == ERROR_FULL || m->err.kind == ERROR_TRY_LATER)
		error_prefix(&m->err, "%s", m->settings.data_dir);
	if (m->err.kind == ERROR_TRY_LATER)
		error_set(&m->err, ERROR_TRY_LATER, "%s (try again later)", m->err.text);
	return mailctl_fail(&m->err);
}
