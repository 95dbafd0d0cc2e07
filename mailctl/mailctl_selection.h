/* mailctl_selection: which messages of the queue a verb means: ID... | --to DOMAIN | --all. */
#ifndef MAILCTL_MAILCTL_SELECTION_H
#define MAILCTL_MAILCTL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

struct mailctl_selection {              /* borrowed from argv */
	const char *domain;
	bool all;
	char **ids;
	int n_ids;
};

/* False: *code is what to exit with; it was said why. */
bool mailctl_selection_parse(int argc, char **argv, struct mailctl_selection *, int *code);
bool mailctl_selection_id(const char *text, uint64_t *queue_id, int *code);

#endif
