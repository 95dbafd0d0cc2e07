#include "mua/mua_tally.h"

#include "mua/mua_exit.h"
#include "mua/mua_json.h"

void mua_tally_ok(struct mua_tally *t)
{
	t->n_ok++;
}

static bool report(struct mua_run *run, const char *key, const char *name)
{
	struct buffer out = { 0 };
	json_t *object;
	int exit_code = run->exit_code;
	bool ok;

	if (!run->options->json)
		return true;
	object = mua_json_object("posta.error.1");
	mua_json_set_text(object, key, bytes_text(name));
	mua_json_set_text(object, "error", bytes_text(run->err.text));
	json_object_set_new(object, "exit_code", json_integer(exit_code));
	mua_json_write(&out, object);
	ok = mua_run_print(run, buffer_bytes(&out));
	buffer_release(&out);
	return ok;
}

bool mua_tally_failure(struct mua_tally *t, struct mua_run *run, const char *key, const char *name)
{
	int exit_code = run->exit_code;

	t->exit_code = t->n_failed == 0 || t->exit_code == exit_code ? exit_code : MUA_EXIT_GENERIC;
	t->n_failed++;
	if (exit_code >= MUA_EXIT_UNREACHABLE && !mua_sync_is_open(run->sync))
		t->lost_code = exit_code;
	if (exit_code != MUA_EXIT_OUTPUT && report(run, key, name))
		return true;
	t->exit_code = MUA_EXIT_OUTPUT;
	return false;
}

int mua_tally_exit_code(const struct mua_tally *t)
{
	return t->n_ok > 0 && t->n_failed > 0 && t->exit_code != MUA_EXIT_OUTPUT ? MUA_EXIT_PARTIAL : t->exit_code;
}
