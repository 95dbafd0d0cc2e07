/* reset: an ephemeral store without its mail, while the daemons run. */
#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/care.h"

int mailctl_reset(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { .tells_daemons = true };
	int code;

	(void)argv;
	if (!mailctl_wants(argc, 0, "reset", &code))
		return code;
	if (mailctl_store_open(&m, ctl, &code)) {
		store_empty(m.client, mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
	}
	if (code == EX_OK && ctl->json)
		mailctl_print_json(json_pack("{s:s}", "done", "reset"));
	mailctl_store_close(&m);
	return code;
}
