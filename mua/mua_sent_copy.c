#include "mua/mua_sent_copy.h"

#include "imap/imap_write.h"
#include "message/compose.h"
#include "mua/mua_folder_change.h"
#include "mua/mua_folder_list.h"

static bool append(struct mua_run *run, const struct mua_folder_entry *folder, struct bytes letter, const char *bcc)
{
	struct buffer command = { 0 }, field = { 0 };
	bool ok;

	if (bcc != NULL && !compose_field_addresses(&field, "Bcc", bytes_text(bcc), &run->err)) {
		mua_run_complain(&run->err);
		return false;
	}
	buffer_add_text(&command, "APPEND ");
	imap_write_astring(&command, bytes_text(folder->wire_name));
	buffer_add_text(&command, " (\\Seen) ");
	imap_write_literal(&command, field.len + letter.len);
	buffer_add_bytes(&command, buffer_bytes(&field));
	buffer_add_bytes(&command, letter);
	ok = mua_run_command(run, folder->name, buffer_bytes(&command), NULL, NULL);
	buffer_release(&command);
	buffer_release(&field);
	return ok;
}

bool mua_sent_copy_keep(struct mua_run *run, struct bytes letter, const char *bcc)
{
	struct mua_folder_list folders = { 0 };
	const struct mua_folder_entry *sent;
	bool ok;

	/* An answer has the mail open already. */
	ok = (run->sync != NULL || mua_run_open_mail(run)) && mua_folder_list_fetch(&folders, run);
	if (ok) {
		sent = mua_folder_list_find(&folders, "\\Sent", "Sent");
		/* a new account may have none yet: other clients look for it under this name too */
		if (sent == NULL) {
			sent = mua_folder_list_create(&folders, run, "Sent");
			ok = sent != NULL && mua_folder_change(run, "SUBSCRIBE", "Sent", NULL);
		}
		ok = ok && append(run, sent, letter, bcc);
	}
	mua_folder_list_release(&folders);
	return ok;
}
