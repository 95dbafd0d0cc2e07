#include "mailctl/mailctl_verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "netcore/net_signal.h"
#include "service/service_main.h"
#include "service/service_version.h"

static const struct verb {
	const char *subject, *action;   /* action NULL: the subject alone is the verb */
	mailctl_fn *run;
	const char *syntax, *help;
} verbs[] = {
	{ "init", NULL, mailctl_init, "init DIR|--system --domain D [--hostname H] [--port-base N|any] [--listen ADDRESS]\n"
	  "               [--peer DOMAIN=HOST:PORT]... [--postmaster ADDRESS]\n"
	  "               [--catch-all] [--ephemeral]",
	  "a new server: configuration, certificate, empty store" },
	{ "user", "add", mailctl_user_add, "user add ADDRESS", "a new user; the password is one line of standard input" },
	{ "user", "list", mailctl_user_list, "user list", "all users, with what they hold" },
	{ "user", "show", mailctl_user_show, "user show ADDRESS", "one of them, with quota, what it sent today, and its aliases" },
	{ "user", "passwd", mailctl_user_passwd, "user passwd ADDRESS", "a new password, read in the same way" },
	{ "user", "quota", mailctl_user_quota, "user quota ADDRESS SIZE", "how much mail it may hold, such as 500M or 2G; 0: no quota" },
	{ "user", "set", mailctl_user_set, "user set ADDRESS [--disable|--enable] [--quota SIZE]", "a disabled user neither logs in nor receives" },
	{ "user", "delete", mailctl_user_delete, "user delete ADDRESS --yes", "a user with all mail" },
	{ "alias", "add", mailctl_alias_add, "alias add ADDRESS|@DOMAIN TARGET... [--force]", "mail for it goes to these; @DOMAIN: for whoever is nobody there" },
	{ "alias", "list", mailctl_alias_list, "alias list [DOMAIN]", "all aliases, a target a line" },
	{ "alias", "delete", mailctl_alias_delete, "alias delete ADDRESS [TARGET]", "one target of it, or all" },
	{ "domain", "add", mailctl_domain_add, "domain add DOMAIN [--catch-all]", "receive mail for one more domain" },
	{ "domain", "list", mailctl_domain_list, "domain list", "our domains, with what lives there" },
	{ "domain", "set", mailctl_domain_set, "domain set DOMAIN --catch-all|--no-catch-all", "does any recipient make its mailbox?" },
	{ "domain", "delete", mailctl_domain_delete, "domain delete DOMAIN", "of a domain without users and aliases" },
	{ "mailbox", "list", mailctl_mailbox_list, "mailbox list ADDRESS", "a user's mailboxes, with what they hold" },
	{ "mailbox", "create", mailctl_mailbox_create, "mailbox create ADDRESS NAME", "a new one, subscribed; levels are separated by /" },
	{ "mailbox", "rename", mailctl_mailbox_rename, "mailbox rename ADDRESS NAME NEW-NAME", "with those below it" },
	{ "mailbox", "expire", mailctl_mailbox_expire, "mailbox expire ADDRESS NAME AGE|never", "messages go by themselves after so long, such as 30d" },
	{ "mailbox", "delete", mailctl_mailbox_delete, "mailbox delete ADDRESS NAME --yes", "a mailbox with all mail in it" },
	{ "ports", NULL, mailctl_ports, "ports [SERVICE] [--timeout T]", "where the running daemons listen; waits for them" },
	{ "wait", NULL, mailctl_wait, "wait ADDRESS [--match QUERY] [--after UID] [--timeout 5s]",
	  "until such a message is in the INBOX; 75 when the time is up" },
	{ "reset", NULL, mailctl_reset, "reset", "delete all messages and the queue of an ephemeral store" },
	{ "queue", "list", mailctl_queue_list, "queue list [--to DOMAIN] [--held]", "what waits to be sent, by message and recipient; only what is held" },
	{ "queue", "show", mailctl_queue_show, "queue show ID", "one message of it, with its header" },
	{ "queue", "hold", mailctl_queue_change, "queue hold ID...|--to DOMAIN|--all", "no more tries until it is released; --to also holds what comes" },
	{ "queue", "release", mailctl_queue_change, "queue release ID...|--to DOMAIN|--all", "held mail is due at once" },
	{ "queue", "retry", mailctl_queue_change, "queue retry ID...|--to DOMAIN|--all", "a try now, whatever came of the last ones" },
	{ "queue", "expire", mailctl_queue_change, "queue expire ID...|--to DOMAIN|--all", "give up and report to the sender" },
	{ "queue", "delete", mailctl_queue_change, "queue delete ID...|--to DOMAIN|--all", "gone, and nobody is told" },
	{ "queue", "explain", mailctl_queue_explain, "queue explain ADDRESS", "where mail for it would go, and what keeps it" },
	{ "trace", NULL, mailctl_trace, "[-c FILE]... trace MESSAGE-ID|QUEUE-ID", "the life of a message; several -c join their servers" },
	{ "import", NULL, mailctl_import, "import ADDRESS FOLDER mbox:FILE|mbox:DIR|maildir:DIR [--dry-run] [--again]",
	  "mail from elsewhere, with flags, dates and folders; goes on where it was stopped" },
	{ "export", NULL, mailctl_export, "export ADDRESS FOLDER mbox:FILE|mbox:DIR/|maildir:DIR [--dry-run]", "mail for elsewhere; INBOX stands for all mailboxes where the target has folders" },
	{ "stats", NULL, mailctl_stats, "stats", "users, messages, queue and disk in numbers" },
	{ "check", NULL, mailctl_check, "check [--repair]", "is the store sound?  65 when it is damaged" },
	{ "backup", NULL, mailctl_backup, "backup FILE|DIR/", "the whole store, while it works; a second time into DIR only what is new" },
	{ "restore", NULL, mailctl_restore, "restore FILE|DIR [--unchanged]", "a store from a backup, into a folder without one" },
	{ "config", "show", mailctl_config_show, "config show", "the configuration in force, defaults filled in" },
};
#define N_VERBS (sizeof verbs / sizeof *verbs)

static bool is_subject(const char *word)
{
	for (size_t i = 0; word != NULL && i < N_VERBS; i++)
		if (strcmp(verbs[i].subject, word) == 0)
			return true;
	return false;
}

/* The action that is one of its subject, else NULL. */
static const char *known_action(const char *subject, const char *word)
{
	for (size_t i = 0; word != NULL && i < N_VERBS; i++)
		if (strcmp(verbs[i].subject, subject) == 0 && verbs[i].action != NULL && strcmp(verbs[i].action, word) == 0)
			return word;
	return NULL;
}

/* words: the verb that was given so far, or as much of it, NULL behind it; what is none means all. */
static int help(FILE *to, int code, char **words)
{
	const char *subject = is_subject(words[0]) ? words[0] : NULL;
	const char *action = subject != NULL ? known_action(subject, words[1]) : NULL;

	fputs("usage: mailctl [-c FILE] [--json] VERB …\n", to);
	for (size_t i = 0; i < N_VERBS; i++) {
		const struct verb *v = &verbs[i];
		if ((subject == NULL || strcmp(v->subject, subject) == 0) && (action == NULL || strcmp(v->action, action) == 0))
			fprintf(to, "  %s\n      %s\n", v->syntax, v->help);
	}
	fputs("  -c, --config FILE  the configuration (" SERVICE_CONFIGURATION ")\n"
	      "      --json         one JSON object a line\n"
	      "  -h, --help; -V, --version\n", to);
	return code;
}

static void add_config(struct mailctl *ctl, const char *path)
{
	ctl->config = path;
	if (ctl->n_configs < MAILCTL_CONFIGS_MAX)
		ctl->configs[ctl->n_configs] = path;
	ctl->n_configs++;
}

/*
 * Take the options that every verb knows out of argv, wherever they stand.  Returns the new argc; -1: to stay with *code.
 */
static int take_common(struct mailctl *ctl, int argc, char **argv, int *code)
{
	int n = 1;

	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (strcmp(word, "--") == 0) {
			while (i < argc)
				argv[n++] = argv[i++];
			break;
		}
		if (strcmp(word, "--json") == 0) {
			ctl->json = true;
		} else if (strncmp(word, "--config=", 9) == 0) {
			add_config(ctl, word + 9);
		} else if (strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0) {
			if (++i == argc || argv[i][0] == '\0') {
				*code = mailctl_usage("%s wants a file", word);
				return -1;
			}
			add_config(ctl, argv[i]);
		} else if (strncmp(word, "-c", 2) == 0) {
			add_config(ctl, word + 2);
		} else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
			argv[n] = NULL;
			*code = help(stdout, EX_OK, argv + 1);
			return -1;
		} else if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
			puts("mailctl (Posta) " SERVICE_VERSION);
			*code = EX_OK;
			return -1;
		} else {
			argv[n++] = argv[i];
		}
	}
	argv[n] = NULL;
	if (ctl->n_configs == 0)
		add_config(ctl, ctl->config);
	if (ctl->n_configs > MAILCTL_CONFIGS_MAX) {
		*code = mailctl_usage("at most %d configurations", MAILCTL_CONFIGS_MAX);
		return -1;
	}
	return n;
}

/* A verb whose syntax names no option has none; its names may stand behind -- as those of all others. */
static int run(const struct verb *v, struct mailctl *ctl, int argc, char **argv)
{
	static const struct option none[] = { { 0 } };

	if (strstr(v->syntax, "--") != NULL)
		return v->run(ctl, argc, argv);
	if (mailctl_option(argc, argv, none) != -1)
		return EX_USAGE;
	argv[optind - 1] = argv[0];
	return v->run(ctl, argc - optind + 1, argv + optind - 1);
}

static int run_verb(struct mailctl *ctl, int argc, char **argv)
{
	const char *subject = argv[1], *action = argc > 2 ? argv[2] : "";
	bool known = false;

	for (size_t i = 0; i < N_VERBS; i++) {
		const struct verb *v = &verbs[i];
		if (strcmp(v->subject, subject) != 0)
			continue;
		known = true;
		if (v->action == NULL)
			return run(v, ctl, argc - 1, argv + 1);
		if (strcmp(v->action, action) == 0)
			return run(v, ctl, argc - 2, argv + 2);
	}
	if (!known)
		return mailctl_usage("there is no verb \"%s\"; mailctl --help lists them", subject);
	if (action[0] == '\0')
		return mailctl_usage("%s wants to be told what to do; mailctl --help lists it", subject);
	return mailctl_usage("there is no \"%s %s\"; mailctl --help lists the verbs", subject, action);
}

/* What could not be said was not done as asked.  A reader who had enough and went knows that himself. */
static int finish(int code)
{
	struct error err = { 0 };

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno != EPIPE) {
		error_set_errno(&err, errno != 0 ? errno : EIO, "standard output");
		mailctl_fail(&err);
	}
	return code == EX_OK ? EX_IOERR : code;
}

int main(int argc, char **argv)
{
	struct mailctl ctl = { .config = SERVICE_CONFIGURATION };
	int code = EX_OK;

	file_fill_standard();
	net_signal_ignore_pipe();
	clock_open_test();
	log_set_level(LOG_LEVEL_WARNING);
	argc = take_common(&ctl, argc, argv, &code);
	if (argc == 1)
		code = help(stderr, EX_USAGE, argv + 1);
	else if (argc > 1)
		code = run_verb(&ctl, argc, argv);
	return finish(code);
}
