#include "service/service_exit.h"

#include <errno.h>
#include <sysexits.h>

int service_exit_code(const struct error *err)
{
	switch (err->kind) {
	case ERROR_NONE:
		return EX_OK;
	case ERROR_SYNTAX:
	case ERROR_LIMIT:
	case ERROR_CORRUPT:
		return EX_DATAERR;
	case ERROR_NOT_FOUND:
		return EX_NOINPUT;
	case ERROR_EXISTS:
		return EX_CANTCREAT;
	case ERROR_DENIED:
		return EX_NOPERM;
	case ERROR_TRY_LATER:
	case ERROR_CLOSED:
		return EX_TEMPFAIL;
	case ERROR_FULL:
		return EX_IOERR;
	case ERROR_SYSTEM:
		if (err->sys_errno == EACCES || err->sys_errno == EPERM)
			return EX_NOPERM;
		return err->sys_errno == ENOENT ? EX_NOINPUT : EX_IOERR;
	}
	return EX_SOFTWARE;
}

int service_exit_code_store(const struct error *err)
{
	return err->kind == ERROR_DENIED ? EX_CONFIG : service_exit_code(err);
}
