#include "mailctl/mailctl_store.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "service/service_exit.h"
#include "service/service_rights.h"

bool mailctl_store_prepare(struct mailctl_store *m, const struct mailctl *ctl, int *code)
{
	struct service_identity who;
	struct error err = { 0 };

	if (!service_settings_load(ctl->config, &m->arena, &m->settings, &err)) {
		mailctl_fail(&err);
		*code = EX_CONFIG;
		return false;
	}
	/* the folder's owner, not the configured user: what is there belongs to it, whoever it is */
	m->settings.user = NULL;
	if (service_rights_of_settings(&m->settings, &who, &err) && service_rights_become(&who, &err))
		return true;
	*code = mailctl_fail(&err);
	return false;
}

bool mailctl_store_open(struct mailctl_store *m, const struct mailctl *ctl, int *code)
{
	struct store_options options = { 0 };
	struct error err = { 0 };

	if (!mailctl_store_prepare(m, ctl, code))
		return false;
	options.data_dir = m->settings.data_dir;
	options.ephemeral = m->settings.ephemeral;
	options.on_commit = m->on_commit;
	options.owner = m;
	m->store = store_open(&options, &err);
	if (m->store != NULL)
		m->client = store_client_create(m->store, &err);
	if (m->client != NULL)
		return true;
	mailctl_fail(&err);
	*code = service_exit_code_store(&err);
	return false;
}

void mailctl_store_close(struct mailctl_store *m)
{
	store_client_destroy(m->client);
	if (m->store != NULL)
		store_close(m->store);
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
	return m->err.kind == ERROR_NONE ? EX_OK : mailctl_fail(&m->err);
}
