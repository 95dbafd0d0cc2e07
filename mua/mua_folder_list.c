#include "mua/mua_folder_list.h"

#include <string.h>
#include <strings.h>

#include "imap/imap_client.h"
#include "imap/imap_mailbox_name.h"
#include "imap/imap_write.h"
#include "mua/mua_exit.h"
#include "mua/mua_folder_change.h"

#define FOLDERS_MAX 100000

static const char *decode_name(struct arena *arena, struct bytes wire)
{
	struct buffer name = { 0 };
	const char *kept;

	/* Some servers send UTF-8 although nobody asked. */
	if (!imap_mailbox_name_decode(wire, &name))
		buffer_add_bytes(&name, wire);
	kept = arena_bytes(arena, buffer_bytes(&name)).at;
	buffer_release(&name);
	return kept ? kept : "";
}

static struct mua_folder_entry *add_entry(struct mua_folder_list *list)
{
	if (list->n == list->capacity) {
		struct mua_folder_entry *grown;
		list->capacity = 2 * list->capacity + 16;
		grown = arena_alloc(&list->arena, list->capacity * sizeof *grown);
		if (list->n > 0)
			memcpy(grown, list->at, list->n * sizeof *grown);
		list->at = grown;
	}
	return &list->at[list->n++];
}

static void on_list(void *owner, const struct imap_reply *reply)
{
	struct mua_folder_list *list = owner;
	struct imap_reply_list entry;

	if (reply->kind != IMAP_REPLY_LIST)
		return;
	if (list->n == FOLDERS_MAX || !imap_reply_list(reply->rest, &list->arena, &entry)) {
		list->is_damaged = true;
		return;
	}
	*add_entry(list) = (struct mua_folder_entry){
		.name = decode_name(&list->arena, entry.name),
		.wire_name = arena_bytes(&list->arena, entry.name).at,
		.special_use = entry.special_use.len > 0 ? arena_bytes(&list->arena, entry.special_use).at : "",
		.is_noselect = entry.is_noselect,
	};
}

bool mua_folder_list_fetch(struct mua_folder_list *list, struct mua_run *run)
{
	if (!mua_run_command(run, "LIST", BYTES("LIST \"\" \"*\""), on_list, list))
		return false;
	return !list->is_damaged || mua_run_refuse(run, MUA_EXIT_PROTOCOL, "the server sent a LIST that cannot be read");
}

struct counting {
	struct mua_folder_list *list;
	struct mua_folder_entry *entry;
};

static void on_status(void *owner, const struct imap_reply *reply)
{
	struct counting *c = owner;
	struct imap_reply_status status;

	if (reply->kind != IMAP_REPLY_STATUS)
		return;
	if (!imap_reply_status(reply->rest, &c->list->arena, &status) || !status.has_messages || !status.has_unseen) {
		c->list->is_damaged = true;
		return;
	}
	c->entry->has_counts = true;
	c->entry->messages = status.messages;
	c->entry->unseen = status.unseen;
}

bool mua_folder_list_count(struct mua_folder_list *list, size_t i, struct mua_run *run)
{
	struct counting counting = { list, &list->at[i] };
	struct buffer command = { 0 };
	bool ok;

	buffer_add_text(&command, "STATUS ");
	imap_write_astring(&command, bytes_text(list->at[i].wire_name));
	buffer_add_text(&command, " (MESSAGES UNSEEN)");
	ok = mua_run_command(run, list->at[i].name, buffer_bytes(&command), on_status, &counting);
	buffer_release(&command);
	if (!ok)
		return false;
	return !list->is_damaged || mua_run_refuse(run, MUA_EXIT_PROTOCOL, "the server sent a STATUS that cannot be read");
}

const struct mua_folder_entry *mua_folder_list_find(const struct mua_folder_list *list, const char *special_use, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i].special_use, special_use) == 0)
			return &list->at[i];
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i].name, name) == 0)
			return &list->at[i];
	return NULL;
}

const struct mua_folder_entry *mua_folder_list_named(const struct mua_folder_list *list, const char *name)
{
	bool is_inbox = strcasecmp(name, "INBOX") == 0;

	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i].name, name) == 0 || (is_inbox && strcasecmp(list->at[i].name, name) == 0))
			return &list->at[i];
	return NULL;
}

const struct mua_folder_entry *mua_folder_list_create(struct mua_folder_list *list, struct mua_run *run, const char *name)
{
	struct mua_folder_entry *made;

	if (!mua_folder_change(run, "CREATE", name, NULL))
		return NULL;
	made = add_entry(list);
	*made = (struct mua_folder_entry){ .name = arena_text(&list->arena, name), .special_use = "" };
	made->wire_name = mua_folder_wire_name(&list->arena, name);
	return made;
}

void mua_folder_list_release(struct mua_folder_list *list)
{
	arena_reset(&list->arena);
	*list = (struct mua_folder_list){ 0 };
}
