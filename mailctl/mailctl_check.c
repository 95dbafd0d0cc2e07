#include <stdio.h>
#include <sysexits.h>

#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/care.h"
#include "service/service_exit.h"

static void print_finding(void *owner, const char *text)
{
	const struct mailctl *ctl = owner;

	if (ctl->json)
		mailctl_print_json(json_pack("{s:s}", "finding", text));
	else
		puts(text);
}

int mailctl_check(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	struct error err = { 0 };
	int code;

	(void)argv;
	if (!mailctl_wants(argc, 0, "check", &code))
		return code;
	if (mailctl_store_prepare(&m, ctl, &code)) {
		int n = store_check(m.settings.data_dir, print_finding, ctl, &err);
		if (n < 0) {
			mailctl_fail(&err);
			code = service_exit_code_store(&err);
		} else {
			code = n == 0 ? EX_OK : EX_DATAERR;
			if (ctl->json)
				mailctl_print_json(json_pack("{s:i}", "findings", n));
			else if (n == 0)
				puts("clean");
		}
	}
	mailctl_store_close(&m);
	return code;
}
