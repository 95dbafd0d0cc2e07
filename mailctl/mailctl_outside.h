/* mailctl_outside: the words of import and export: whose mail, in which folder, and where it lies outside the store. */
#ifndef MAILCTL_MAILCTL_OUTSIDE_H
#define MAILCTL_MAILCTL_OUTSIDE_H

#include <stdbool.h>

#include "base/error.h"

struct mailctl_outside {                /* borrowed from argv */
	const char *address, *folder;
	const char *name;               /* as it was given: "mbox:PATH" or "maildir:PATH" */
	const char *path;
	bool is_mbox;
	bool is_dry, again;
};

/*
 * ADDRESS FOLDER mbox:PATH|maildir:PATH [--dry-run], and --again when it can be said.  False: *code is what to exit with; it was said why.
 */
bool mailctl_outside_parse(int argc, char **argv, const char *syntax, bool takes_again, struct mailctl_outside *, int *code);

/* Say what went wrong, and to root why rights were missing; returns the exit code. */
int mailctl_outside_fail(const struct error *err);

#endif
