#include "mailctl/mailctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "service/service_exit.h"

void mailctl_print_json(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);

	puts(text != NULL ? text : "{}");
	free(text);
	json_decref(object);
}

int mailctl_fail(const struct error *err)
{
	fprintf(stderr, "mailctl: %s\n", err->text);
	return service_exit_code(err);
}

int mailctl_usage(const char *format, ...)
{
	va_list args;

	fputs("mailctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EX_USAGE;
}

bool mailctl_wants(int argc, int n, const char *syntax, int *code)
{
	if (argc == n + 1)
		return true;
	*code = mailctl_usage("usage: mailctl %s", syntax);
	return false;
}
