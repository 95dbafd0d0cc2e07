/* mailctl: what every verb is given, and how it says things. */
#ifndef MAILCTL_MAILCTL_H
#define MAILCTL_MAILCTL_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define MAILCTL_CONFIGS_MAX 8

struct mailctl {
	const char *config;             /* the last -c, or the default */
	const char *configs[MAILCTL_CONFIGS_MAX];       /* all of them, for trace */
	size_t n_configs;
	bool json;                      /* --json */
};

/* argv[0] is the last word of the verb; returns the exit code. */
typedef int mailctl_fn(struct mailctl *, int argc, char **argv);

/* One object a line on standard output; the reference is taken. */
void mailctl_print_json(json_t *object);
/* "mailctl: text" on standard error; returns the error's exit code (service_exit.h). */
int mailctl_fail(const struct error *err);
/* "mailctl: text" on standard error and 64. */
int mailctl_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The next of the verb's options, as getopt_long (optarg, optind), or -1.  '?': it is none of them, which was said. */
int mailctl_option(int argc, char **argv, const struct option *);
/* The word, its ASCII letters lower: as the store has addresses and domains, and as all verbs tell them. */
char *mailctl_lower(char *word);
/* Is argc exactly n + 1?  Otherwise says what the verb wants; *code is 64 then. */
bool mailctl_wants(int argc, int n, const char *syntax, int *code);

#endif
