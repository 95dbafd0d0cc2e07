#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"

int mailctl_domain_add(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "domain add DOMAIN", &code))
		return code;
	if (mailctl_store_open(&m, ctl, &code)) {
		store_domain_add(m.client, bytes_text(argv[1]), false, mailctl_store_done, &m);
		code = mailctl_store_wait(&m);
		if (code == EX_OK && ctl->json)
			mailctl_print_json(json_pack("{s:s, s:s}", "domain", argv[1], "done", "added"));
		else if (code == EX_OK)
			printf("%s added\n", argv[1]);
	}
	mailctl_store_close(&m);
	return code;
}
