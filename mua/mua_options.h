/* mua_options: the command line, read by one table. */
#ifndef MUA_MUA_OPTIONS_H
#define MUA_MUA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mua_command;

struct mua_options {
	/* account */
	const char *imap, *smtp, *password_command, *tls_ca, *tls_fingerprint;
	int64_t timeout_s;              /* 0 = not given */
	bool trace, json;
	/* send */
	const char *from, *subject, *body_file, *reply_to_id;
	char *to, *cc, *bcc;            /* repeated ones joined by ", "; owned */
	const char **attachments;       /* paths; owned */
	size_t n_attachments;
	bool dry_run, no_copy;
	/* list, read */
	const char *folder, *query;
	uint64_t limit;
	bool raw, headers, no_mark;
	bool counts, purge, create;
	bool all_folders, server, local;
	/* sync */
	bool once, watch;
	uint64_t offline_days;          /* 0: not given */
	bool all;                       /* recipients of a reply; attachments to save */
	const char *part, *output;

	const struct mua_command *command;
	char **arguments;               /* behind the verb; those of flag may begin with "-" */
	size_t n_arguments;
};

/* Fill from argv; prints what is wrong, or help or version.  Returns false when the program ends with *status. */
bool mua_options_parse(struct mua_options *, int argc, char **argv, int *status);
void mua_options_release(struct mua_options *);

#endif
