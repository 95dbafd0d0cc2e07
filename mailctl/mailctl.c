#include "mailctl/mailctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/text.h"
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
	struct buffer text = { 0 }, printable = { 0 };
	va_list args;

	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	text_escape(&printable, buffer_bytes(&text));
	fprintf(stderr, "mailctl: %.*s\n", BYTES_PRINT(buffer_bytes(&printable)));
	buffer_release(&text);
	buffer_release(&printable);
	return EX_USAGE;
}

int mailctl_option(int argc, char **argv, const struct option *options)
{
	int at = optind > 0 ? optind : 1;

	opterr = 0;
	int option = getopt_long(argc, argv, ":", options, NULL);
	if (option == ':')
		mailctl_usage("%s wants a value; mailctl --help shows which", argv[optind - 1]);
	else if (option == '?')
		mailctl_usage("%s does not belong to this verb; mailctl --help lists what does", argv[optind > at ? optind - 1 : at]);
	return option == ':' ? '?' : option;
}

bool mailctl_wants(int argc, int n, const char *syntax, int *code)
{
	if (argc == n + 1)
		return true;
	*code = mailctl_usage("usage: mailctl %s", syntax);
	return false;
}

char *mailctl_lower(char *word)
{
	text_lower_bytes(word, strlen(word));
	return word;
}
