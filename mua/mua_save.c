/* mua save: parts of messages into files. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_exit.h"
#include "mua/mua_file.h"
#include "mua/mua_json.h"
#include "mua/mua_parts.h"
#include "mua/mua_safe.h"
#include "mua/mua_safe_name.h"

struct saving {
	struct mua_run run;             /* first: mua_each hands it on */
	int folder_fd;
	size_t n_saved;
};

static const char *folder_of(const struct mua_run *run)
{
	return run->options->output ? run->options->output : ".";
}

static bool report(struct saving *s, const struct mua_part *one, const char *name, size_t size)
{
	struct buffer out = { 0 }, path = { 0 };
	bool ok;

	buffer_printf(&path, "%s/%s", folder_of(&s->run), name);
	if (s->run.options->json) {
		json_t *object = mua_json_object("posta.saved.1");
		mua_json_set_text(object, "part", bytes_text(one->section));
		mua_json_set_text(object, "file", buffer_bytes(&path));
		json_object_set_new(object, "size", json_integer((json_int_t)size));
		mua_json_write(&out, object);
	} else {
		mua_safe_line(&out, buffer_bytes(&path));
		buffer_add_octet(&out, '\n');
	}
	ok = mua_run_print(&s->run, buffer_bytes(&out));
	buffer_release(&out);
	buffer_release(&path);
	return ok;
}

static bool save_part(struct saving *s, const struct mua_parts *parts, const struct mua_part *one)
{
	struct buffer name = { 0 }, used = { 0 }, content = { 0 };
	struct error err = { 0 };
	bool ok;

	if (one->name[0] != '\0')
		mua_safe_name(&name, bytes_text(one->name));
	else
		buffer_printf(&name, "part-%s", one->section);
	mua_parts_decode(parts, one, &content);
	ok = mua_file_save(s->folder_fd, buffer_bytes(&name), buffer_bytes(&content), &used, &err) ||
	     mua_run_refuse(&s->run, MUA_EXIT_OUTPUT, "%s", err.text);
	ok = ok && report(s, one, used.at, content.len);
	s->n_saved += ok;
	buffer_release(&name);
	buffer_release(&used);
	buffer_release(&content);
	return ok;
}

static bool save_one(struct mua_run *run, const char *folder, uint32_t uid)
{
	struct saving *s = (struct saving *)run;
	struct mua_parts parts;
	struct mua_part one;
	bool ok = true;

	(void)folder;
	if (!mua_run_body(run, uid))
		return false;
	mua_parts_open(&parts, buffer_bytes(&run->octets));
	if (run->options->part != NULL) {
		ok = mua_parts_find(&parts, run->options->part, &one) ? save_part(s, &parts, &one)
		     : mua_run_refuse(run, MUA_EXIT_NOT_FOUND, "UID %u has no part %s", uid, run->options->part);
	} else {
		for (size_t i = 0; ok && i < parts.n; i++)
			if (parts.at[i].is_attachment)
				ok = save_part(s, &parts, &parts.at[i]);
	}
	mua_parts_close(&parts);
	return ok;
}

static bool open_folder(struct saving *s)
{
	s->folder_fd = open(folder_of(&s->run), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->folder_fd >= 0)
		return true;
	error_set_errno(&s->run.err, errno, "%s", folder_of(&s->run));
	mua_run_complain(&s->run.err);
	s->run.exit_code = MUA_EXIT_OUTPUT;
	return false;
}

int mua_save(const struct mua_options *o)
{
	struct saving s = { .folder_fd = -1 };

	s.run.options = o;
	if ((o->part != NULL) == o->all)
		mua_run_refuse(&s.run, MUA_EXIT_USAGE, "give --part or --all");
	else if (open_folder(&s) && mua_run_open(&s.run, o) && mua_run_open_mail(&s.run)) {
		mua_each_from_cache(&s.run, o->arguments, o->n_arguments, save_one);
		if (s.run.exit_code == MUA_EXIT_OK && s.n_saved == 0)
			s.run.exit_code = MUA_EXIT_EMPTY;
	}
	if (s.folder_fd >= 0)
		close(s.folder_fd);
	return mua_run_close(&s.run);
}
