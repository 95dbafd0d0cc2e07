/* mua flag: sets and clears flags of messages. */

#include "imap/imap_argument.h"
#include "imap/imap_flag.h"
#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_exit.h"

struct change {
	char sign;
	struct buffer flags;            /* as STORE takes them, spaces between */
};

struct flagging {
	struct mua_run run;             /* first: mua_each hands it on */
	struct change add, remove;
};

static bool is_keyword(struct bytes word)
{
	if (word.len == 0 || word.len > IMAP_KEYWORD_LEN_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (!imap_is_atom_octet((unsigned char)word.at[i]))
			return false;
	return true;
}

/* "seen" and "\Seen" are the system's flag, any other atom is a keyword. */
static bool add_flag(struct buffer *list, struct bytes word)
{
	char name[16] = "\\";
	bool is_system = word.len > 0 && word.at[0] == '\\';
	uint64_t bit = 0;

	if (is_system)
		word = bytes_skip(word, 1);
	if (bytes_copy_text(word, name + 1, sizeof name - 1))
		bit = imap_flag_system(bytes_text(name));
	if (bit == 0 && (is_system || !is_keyword(word)))
		return false;
	if (list->len > 0)
		buffer_add_octet(list, ' ');
	if (bit != 0)
		buffer_add_octet(list, '\\');
	buffer_add_bytes(list, word);
	return true;
}

static bool is_change(const char *word)
{
	return word[0] == '+' || word[0] == '-';
}

/* The ids are left at the front of the arguments. */
static bool read_changes(struct flagging *f, const struct mua_options *o, size_t *n_ids)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_arguments; i++) {
		char *word = o->arguments[i];
		if (!is_change(word))
			o->arguments[n++] = word;
		else if (!add_flag(word[0] == '+' ? &f->add.flags : &f->remove.flags, bytes_text(word + 1)))
			return mua_run_refuse(&f->run, MUA_EXIT_DATA, "%s: not a flag", word);
	}
	*n_ids = n;
	if (n == 0 || (f->add.flags.len == 0 && f->remove.flags.len == 0))
		return mua_run_refuse(&f->run, MUA_EXIT_USAGE, "usage: mua %s", o->command->usage);
	return true;
}

static bool store(struct mua_run *run, uint32_t uid, const struct change *change)
{
	struct buffer command = { 0 };
	bool ok;

	if (change->flags.len == 0)
		return true;
	buffer_printf(&command, "UID STORE %u %cFLAGS (%s)", uid, change->sign, change->flags.at);
	ok = mua_run_command(run, "STORE", buffer_bytes(&command), NULL, NULL);
	buffer_release(&command);
	return ok;
}

static bool flag_one(struct mua_run *run, const char *folder, uint32_t uid)
{
	struct flagging *f = (struct flagging *)run;

	if (!mua_run_is_there(run, uid))
		return false;
	if (mua_sync_is_read_only(run->sync))
		return mua_run_refuse(run, MUA_EXIT_GENERIC, "%s may only be read", folder);
	return store(run, uid, &f->add) && store(run, uid, &f->remove);
}

int mua_flag(const struct mua_options *o)
{
	struct flagging f = { .add.sign = '+', .remove.sign = '-' };
	size_t n_ids = 0;
	int exit_code;

	if (read_changes(&f, o, &n_ids) && mua_run_open(&f.run, o) && mua_run_open_mail(&f.run))
		mua_each(&f.run, o->arguments, n_ids, flag_one);
	exit_code = mua_run_close(&f.run);
	buffer_release(&f.add.flags);
	buffer_release(&f.remove.flags);
	return exit_code;
}
