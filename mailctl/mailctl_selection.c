#include "mailctl/mailctl_selection.h"

#include <getopt.h>
#include <sysexits.h>

#include "base/codec.h"
#include "base/text.h"
#include "mailctl/mailctl.h"

#define DOMAIN_MAX 255                  /* RFC 5321 4.5.3.1.2 */

/* As a recipient may have it: more than a host name, an address literal say. */
static bool is_domain(struct bytes text)
{
	return text.len > 0 && text.len <= DOMAIN_MAX && text_is_printable(text) && bytes_find(text, '@') == text.len && bytes_find(text, ' ') == text.len;
}

bool mailctl_selection_parse(int argc, char **argv, bool is_listing, struct mailctl_selection *selection, int *code)
{
	static const struct option of_list[] = { { "to", required_argument, NULL, 't' }, { "held", no_argument, NULL, 'h' }, { 0 } };
	static const struct option of_change[] = { { "to", required_argument, NULL, 't' }, { "all", no_argument, NULL, 'a' }, { 0 } };
	int option;

	*selection = (struct mailctl_selection){ 0 };
	*code = EX_USAGE;
	while ((option = mailctl_option(argc, argv, is_listing ? of_list : of_change)) != -1) {
		if (option == '?')
			return false;
		if (option == 'a')
			selection->all = true;
		else if (option == 'h')
			selection->held = true;
		else
			selection->domain = optarg;
	}
	selection->ids = argv + optind;
	selection->n_ids = argc - optind;
	if (selection->domain != NULL && !is_domain(bytes_text(selection->domain))) {
		*code = mailctl_usage("--to wants a domain, not \"%s\"", selection->domain);
		return false;
	}
	return true;
}

bool mailctl_selection_id(const char *text, uint64_t *id, int *code)
{
	struct error err = { 0 };

	if (codec_id_decode(bytes_text(text), id) && *id != 0)
		return true;
	error_set(&err, ERROR_SYNTAX, "\"%s\" is not a queue id (%d characters, 0-9 and a-v)", text, CODEC_ID_LEN);
	*code = mailctl_fail(&err);
	return false;
}
