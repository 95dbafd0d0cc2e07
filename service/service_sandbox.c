#include "service/service_sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "service/service_landlock.h"
#include "service/service_seccomp.h"

bool service_sandbox_is_off(void)
{
#ifdef POSTA_TEST
	const char *said = getenv("POSTA_TEST_SANDBOX");

	return said != NULL && strcmp(said, "off") == 0;
#else
	return false;
#endif
}

bool service_sandbox_enter(const char *area, const char *data_dir, bool may_connect, struct error *err)
{
	bool has_seccomp;
	int abi;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "no_new_privs");
	if (!service_landlock_enter(data_dir, may_connect, &abi, err) || !service_seccomp_enter(&has_seccomp, err))
		return false;
	if (abi < 2)
		log_warning(area, "sandbox-partial", "missing=landlock abi=%d", abi);
	else if (abi < 4)
		log_warning(area, "sandbox-partial", "missing=landlock-tcp abi=%d", abi);
	if (!has_seccomp)
		log_warning(area, "sandbox-partial", "missing=seccomp");
	return true;
}
