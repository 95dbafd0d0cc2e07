/* mailctl_selection: which messages of the queue a verb means: ID... | --to DOMAIN | --all; when only listed, --held. */
#ifndef MAILCTL_MAILCTL_SELECTION_H
#define MAILCTL_MAILCTL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

struct mailctl_selection {              /* borrowed from argv */
	const char *domain;
	bool all, held;
	char **ids;
	int n_ids;
};

/* False: *code is what to exit with; it was said why. */
bool mailctl_selection_parse(int argc, char **argv, bool is_listing, struct mailctl_selection *, int *code);
bool mailctl_selection_id(const char *text, uint64_t *queue_id, int *code);

#endif
