#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "mailctl/mailctl_outside.h"
#include "mailctl/mailctl_progress.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/backup.h"
#include "service/service_exit.h"
#include "service/service_rights.h"
#include "service/service_settings.h"

static void tell(void *owner, uint64_t done, uint64_t all)
{
	mailctl_progress_show(owner, 0, done, all);
}

/* A folder when it is one, or is written like one. */
static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? S_ISDIR(st.st_mode) : path[0] != '\0' && path[strlen(path) - 1] == '/';
}

static void print_backup(const struct mailctl *ctl, const struct store_backup_options *options, const struct store_backup_result *r, int64_t ms)
{
	char octets[MAILCTL_SHOW_SIZE];

	if (ctl->json) {
		mailctl_print_json(json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:i, s:I}", "backup", mailctl_show_json(options->path),
			"incremental", options->is_folder, "messages", (json_int_t)r->n_messages, "copied", (json_int_t)r->n_bodies,
			"octets", (json_int_t)r->n_octets, "missing", (json_int_t)r->n_missing, "made_at", (json_int_t)r->made_at_s,
			"snapshot_ms", (int)r->snapshot_ms, "ms", (json_int_t)ms));
		return;
	}
	printf("%s: %" PRIu64 " messages; copied %" PRIu64 " bodies, %s, in %.1f s\n", options->path, r->n_messages, r->n_bodies,
	       mailctl_show_octets(r->n_octets, octets), (double)ms / 1000);
}

static void print_restore(const struct mailctl *ctl, const struct store_backup_options *options, const struct store_backup_result *r)
{
	char time[MAILCTL_SHOW_SIZE], octets[MAILCTL_SHOW_SIZE];

	if (ctl->json) {
		mailctl_print_json(json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:I}", "backup", mailctl_show_json(options->path), "data_dir", options->data_dir,
			"messages", (json_int_t)r->n_messages, "octets", (json_int_t)r->n_octets, "missing", (json_int_t)r->n_missing,
			"held", (json_int_t)r->n_held, "made_at", (json_int_t)r->made_at_s));
		return;
	}
	printf("%s: %" PRIu64 " messages, %s, as of %s\n", options->data_dir, r->n_messages, mailctl_show_octets(r->n_octets, octets),
	       mailctl_show_time(r->made_at_s, time));
	if (r->n_held > 0)
		printf("The queue is held: %" PRIu64 " recipients. Some may have got their mail after the backup was made: see \"queue list\", "
		       "then \"queue release\" or \"queue delete\".\n", r->n_held);
}

static int finish(bool ok, const struct store_backup_result *r, const struct error *err)
{
	if (!ok)
		mailctl_outside_fail(err);
	else if (r->n_missing > 0)
		fprintf(stderr, "mailctl: %" PRIu64 " large bodies are missing: see \"mailctl check\"\n", r->n_missing);
	return !ok ? service_exit_code_store(err) : r->n_missing > 0 ? EX_DATAERR : EX_OK;
}

int mailctl_backup(struct mailctl *ctl, int argc, char **argv)
{
	struct mailctl_store m = { 0 };
	struct mailctl_progress progress;
	struct store_backup_result result;
	struct error err = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "backup FILE|DIR/", &code))
		return code;
	if (mailctl_store_prepare(&m, ctl, &code)) {
		struct store_backup_options options = {
			.data_dir = m.settings.data_dir, .path = argv[1], .is_folder = is_folder(argv[1]), .progress = tell, .owner = &progress,
		};
		mailctl_progress_start(&progress);
		bool ok = store_backup(&options, &result, &err);
		int64_t took_ms = mailctl_progress_end_ms(&progress);
		code = finish(ok, &result, &err);
		if (ok)
			print_backup(ctl, &options, &result, took_ms);
	}
	mailctl_store_close(&m);
	return code;
}

/* The folder was moved away, most likely: it is made anew, for the user that the configuration names.  What goes wrong is told when it is looked for. */
static void make_data_dir(const struct mailctl *ctl)
{
	struct service_settings settings;
	struct service_identity who;
	struct arena arena = { 0 };
	struct error ignored = { 0 };

	bool is_known = service_settings_load(ctl->config, &arena, &settings, &ignored);
	bool is_named = is_known && geteuid() == 0 && settings.user != NULL && service_rights_of_user(settings.user, &who, &ignored);
	if (is_known && (is_named || geteuid() != 0) && mkdir(settings.data_dir, 0700) == 0 && is_named && chown(settings.data_dir, who.uid, who.gid) != 0)
		rmdir(settings.data_dir);
	arena_reset(&arena);
}

int mailctl_restore(struct mailctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = { { "unchanged", no_argument, NULL, 'u' }, { 0 } };
	struct mailctl_store m = { 0 };
	struct mailctl_progress progress;
	struct store_backup_result result;
	struct error err = { 0 };
	bool unchanged = false;
	int option, code;

	while ((option = mailctl_option(argc, argv, longs)) != -1) {
		if (option != 'u')
			return EX_USAGE;
		unchanged = true;
	}
	if (!mailctl_wants(argc - optind, 0, "restore FILE|DIR [--unchanged]", &code))
		return code;
	make_data_dir(ctl);
	if (mailctl_store_prepare(&m, ctl, &code)) {
		struct store_backup_options options = {
			.data_dir = m.settings.data_dir, .path = argv[optind], .is_folder = is_folder(argv[optind]), .unchanged = unchanged,
			.progress = tell, .owner = &progress,
		};
		mailctl_progress_start(&progress);
		bool ok = store_restore(&options, &result, &err);
		mailctl_progress_end_ms(&progress);
		code = finish(ok, &result, &err);
		if (ok)
			print_restore(ctl, &options, &result);
	}
	mailctl_store_close(&m);
	return code;
}
