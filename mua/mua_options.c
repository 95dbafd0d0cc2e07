#include "mua/mua_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/text.h"
#include "mua/mua_commands.h"
#include "mua/mua_exit.h"
#include "service/service_version.h"

#define ANY_COMMAND (~0u)
#define IN_FOLDER (MUA_LIST | MUA_SEARCH | MUA_READ | MUA_SAVE | MUA_FLAG | MUA_DELETE | MUA_MOVE | MUA_COPY | MUA_ARCHIVE | MUA_SYNC)

enum kind { TEXT, LIST, FILES, FLAG, NUMBER, DURATION, HELP, VERSION };

static const struct row {
	const char *name, *argument, *help;
	char letter;
	enum kind kind;
	unsigned commands;
	size_t offset;
} rows[] = {
#define AT(field) offsetof(struct mua_options, field)
	{ "imap", "URL", "imap://user@host:port or imaps://…", 0, TEXT, ANY_COMMAND, AT(imap) },
	{ "smtp", "URL", "smtp://user@host:port or smtps://…", 0, TEXT, ANY_COMMAND, AT(smtp) },
	{ "password-command", "COMMAND", "a command that prints the password", 0, TEXT, ANY_COMMAND, AT(password_command) },
	{ "tls-ca", "FILE", "trust this certificate authority", 0, TEXT, ANY_COMMAND, AT(tls_ca) },
	{ "tls-fingerprint", "sha256:HEX", "trust exactly this certificate", 0, TEXT, ANY_COMMAND, AT(tls_fingerprint) },
	{ "timeout", "TIME", "longest silence of a server (default 30s)", 0, DURATION, ANY_COMMAND, AT(timeout_s) },
	{ "trace", NULL, "print the dialogue to standard error", 0, FLAG, ANY_COMMAND, AT(trace) },
	{ "json", NULL, "one JSON object a line", 0, FLAG, ANY_COMMAND, AT(json) },
	{ "from", "ADDRESS", "sender, if it is not the account's", 0, TEXT, MUA_SEND, AT(from) },
	{ "to", "LIST", "recipients; may be repeated", 0, LIST, MUA_SEND, AT(to) },
	{ "cc", "LIST", "copies; may be repeated", 0, LIST, MUA_SEND, AT(cc) },
	{ "bcc", "LIST", "hidden copies; may be repeated", 0, LIST, MUA_SEND, AT(bcc) },
	{ "subject", "TEXT", "subject", 's', TEXT, MUA_SEND, AT(subject) },
	{ "body-file", "FILE", "the text; - is standard input", 0, TEXT, MUA_SEND, AT(body_file) },
	{ "attach", "FILE", "attach this file; may be repeated", 'a', FILES, MUA_SEND, AT(attachments) },
	{ "reply-to-id", "ID", "answer this message", 0, TEXT, MUA_SEND, AT(reply_to_id) },
	{ "all", NULL, "answer all recipients; save all attachments", 0, FLAG, MUA_SEND | MUA_SAVE, AT(all) },
	{ "dry-run", NULL, "print envelope and letter, send nothing", 0, FLAG, MUA_SEND, AT(dry_run) },
	{ "no-copy", NULL, "keep no copy in the folder for sent mail", 0, FLAG, MUA_SEND, AT(no_copy) },
	{ "folder", "FOLDER", "default INBOX; sync: all", 'f', TEXT, IN_FOLDER, AT(folder) },
	{ "all-folders", NULL, "in all folders", 0, FLAG, MUA_SEARCH, AT(all_folders) },
	{ "server", NULL, "let the server look for texts", 0, FLAG, MUA_SEARCH, AT(server) },
	{ "local", NULL, "only what the cache holds; the server is not asked", 0, FLAG, MUA_LIST | MUA_SEARCH, AT(local) },
	{ "limit", "N", "at most N messages", 0, NUMBER, MUA_LIST | MUA_SEARCH, AT(limit) },
	{ "query", "QUERY", "only what matches", 'q', TEXT, MUA_LIST, AT(query) },
	{ "counts", NULL, "count messages and unread ones", 0, FLAG, MUA_FOLDERS, AT(counts) },
	{ "create", NULL, "make the target when it is not there", 0, FLAG, MUA_MOVE | MUA_COPY | MUA_ARCHIVE, AT(create) },
	{ "once", NULL, "end when all is level (default)", 0, FLAG, MUA_SYNC, AT(once) },
	{ "watch", NULL, "stay, and follow every change", 0, FLAG, MUA_SYNC, AT(watch) },
	{ "offline-bodies", "DAYS", "keep the messages of the last DAYS days", 0, NUMBER, MUA_SYNC, AT(offline_days) },
	{ "purge", NULL, "delete for good", 0, FLAG, MUA_DELETE, AT(purge) },
	{ "part", "N", "only this part, such as 2 or 1.2", 0, TEXT, MUA_READ | MUA_SAVE, AT(part) },
	{ "output", "FOLDER", "where to save (default: here)", 'o', TEXT, MUA_SAVE, AT(output) },
	{ "raw", NULL, "the message as it is", 0, FLAG, MUA_READ, AT(raw) },
	{ "headers", NULL, "all header fields", 0, FLAG, MUA_READ, AT(headers) },
	{ "no-mark", NULL, "do not mark as seen", 0, FLAG, MUA_READ, AT(no_mark) },
	{ "help", NULL, "this page", 'h', HELP, ANY_COMMAND, 0 },
	{ "version", NULL, "version", 'V', VERSION, ANY_COMMAND, 0 },
#undef AT
};
#define N_ROWS (sizeof rows / sizeof *rows)

static void print_help(const struct mua_command *command)
{
	printf("usage: mua %s\n", command ? command->usage : "[OPTIONS] VERB …");
	if (command == NULL)
		for (const struct mua_command *c = mua_commands; c->name != NULL; c++)
			printf("  %-8s %s\n", c->name, c->help);
	printf("options:\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		if (command != NULL ? !(rows[i].commands & command->bit) : rows[i].commands != ANY_COMMAND)
			continue;
		printf("  --%s%s%s\n        %s\n", rows[i].name, rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "", rows[i].help);
	}
}

static bool fail(int *status, const char *format, const char *what)
{
	fprintf(stderr, "mua: ");
	fprintf(stderr, format, what);
	fprintf(stderr, "; mua --help lists what there is\n");
	*status = MUA_EXIT_USAGE;
	return false;
}

static bool store(struct mua_options *o, const struct row *row, const char *value, int *status)
{
	void *field = (char *)o + row->offset;
	char *joined;

	switch (row->kind) {
	case TEXT:
		*(const char **)field = value;
		return true;
	case LIST:
		joined = *(char **)field ? xprintf("%s, %s", *(char **)field, value) : xstrdup(value);
		free(*(char **)field);
		*(char **)field = joined;
		return true;
	case FILES:
		o->attachments = xreallocarray(o->attachments, o->n_attachments + 1, sizeof *o->attachments);
		o->attachments[o->n_attachments++] = value;
		return true;
	case FLAG:
		*(bool *)field = true;
		return true;
	case NUMBER:
		return bytes_to_u64(bytes_text(value), UINT32_MAX, field) ? true : fail(status, "%s is not a number", value);
	case DURATION:
		return text_parse_duration_s(value, field) && *(int64_t *)field > 0 ? true : fail(status, "%s is not a time such as 30s", value);
	case HELP:
	case VERSION:
		break;
	}
	return true;
}

static void make_tables(struct option *longs, char *shorts)
{
	/* In their order, so that the verb is known when its words come. */
	*shorts++ = '-';
	*shorts++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		longs[i] = (struct option){ rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, 256 + (int)i };
		if (rows[i].letter == 0)
			continue;
		*shorts++ = rows[i].letter;
		if (rows[i].argument != NULL)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[N_ROWS] = (struct option){ 0 };
}

static const struct row *row_of(int choice)
{
	if (choice >= 256)
		return &rows[choice - 256];
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].letter == choice)
			return &rows[i];
	return NULL;
}

static bool check_command(struct mua_options *o, unsigned used, const char *last_used, int *status)
{
	if (o->command == NULL)
		return fail(status, "%s", "the full-screen client is not built yet: give a verb");
	if (!(used & o->command->bit))
		return fail(status, "--%s does not belong to this verb", last_used);
	if (o->n_arguments < o->command->min_arguments || o->n_arguments > o->command->max_arguments)
		return fail(status, "usage: mua %s", o->command->usage);
	return true;
}

/* The verb, or one of its arguments: they are gathered in argv, behind what was read. */
static bool take_word(struct mua_options *o, char **argv, char *word, int *status)
{
	if (o->command != NULL) {
		o->arguments[o->n_arguments++] = word;
		return true;
	}
	o->command = mua_command_find(word);
	o->arguments = argv + 1;
	return o->command != NULL || fail(status, "unknown verb %s", word);
}

/* "-flagged" takes a flag away; -f alone, and what begins with "--", are options. */
static bool is_flag_word(const struct mua_options *o, const char *word)
{
	return o->command != NULL && o->command->bit == MUA_FLAG && word != NULL && word[0] == '-' && word[1] != '-' && strlen(word) > 2;
}

bool mua_options_parse(struct mua_options *o, int argc, char **argv, int *status)
{
	struct option longs[N_ROWS + 1];
	char shorts[2 * N_ROWS + 3];
	unsigned used = ANY_COMMAND;
	const char *last_used = "";
	bool wants_help = false;
	int choice;

	*o = (struct mua_options){ 0 };
	make_tables(longs, shorts);
	for (;;) {
		while (is_flag_word(o, argv[optind]))
			take_word(o, argv, argv[optind++], status);
		choice = getopt_long(argc, argv, shorts, longs, NULL);
		if (choice == -1)
			break;
		const struct row *row = row_of(choice);
		if (choice == 1) {
			if (!take_word(o, argv, optarg, status))
				return false;
			continue;
		}
		if (choice == ':')
			return fail(status, "%s needs a value", argv[optind - 1]);
		if (row == NULL)
			return fail(status, "unknown option %s", argv[optind - 1]);
		if (row->kind == VERSION) {
			puts("mua (Posta) " SERVICE_VERSION);
			*status = MUA_EXIT_OK;
			return false;
		}
		wants_help |= row->kind == HELP;
		if ((used & row->commands) != used)
			last_used = row->name;
		used &= row->commands;
		if (!store(o, row, optarg, status))
			return false;
	}
	for (; optind < argc; optind++)
		if (!take_word(o, argv, argv[optind], status))
			return false;
	if (wants_help) {
		print_help(o->command);
		*status = MUA_EXIT_OK;
		return false;
	}
	return check_command(o, used, last_used, status);
}

void mua_options_release(struct mua_options *o)
{
	free(o->to);
	free(o->cc);
	free(o->bcc);
	free(o->attachments);
}
