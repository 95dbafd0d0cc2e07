#include "mua/mua_commands.h"

#include <string.h>

const struct mua_command mua_commands[] = {
	{ "send", "send --to LIST [--cc LIST] [--bcc LIST] [-s SUBJECT] [--from ADDRESS] [--body-file FILE|-] [-a FILE]... "
	  "[--reply-to-id ID [--all]] [--no-copy] [--dry-run]",
	  "send a letter; the body comes from a file or standard input", MUA_SEND, mua_send, 0, 0 },
	{ "list", "list [-f FOLDER] [-q QUERY] [--limit N] [--local] [--json]", "list a folder, newest first", MUA_LIST, mua_list, 0, 0 },
	{ "search", "search QUERY [-f FOLDER|--all-folders] [--server|--local] [--limit N] [--json]", "list what matches", MUA_SEARCH, mua_search, 1, 1000 },
	{ "read", "read ID... [--part N] [--raw|--headers] [--no-mark] [--json]", "show messages and mark them seen", MUA_READ, mua_read, 1, 1000 },
	{ "save", "save ID... --part N|--all [-o FOLDER] [-f FOLDER]", "save parts of messages as files", MUA_SAVE, mua_save, 1, 1000 },
	{ "flag", "flag ID... [-f FOLDER] +FLAG... -FLAG...", "set and clear flags: seen answered flagged deleted draft, or any keyword",
	  MUA_FLAG, mua_flag, 2, 1000 },
	{ "folders", "folders [--counts] [--json] | create|delete|subscribe|unsubscribe NAME | rename NAME NEW", "list or change the folders",
	  MUA_FOLDERS, mua_folders, 0, 3 },
	{ "move", "move ID... FOLDER [-f FOLDER] [--create]", "move messages to another folder", MUA_MOVE, mua_move, 2, 1000 },
	{ "copy", "copy ID... FOLDER [-f FOLDER] [--create]", "copy messages to another folder", MUA_COPY, mua_copy, 2, 1000 },
	{ "archive", "archive ID... [-f FOLDER] [--create]", "move messages to the archive", MUA_ARCHIVE, mua_archive, 1, 1000 },
	{ "delete", "delete ID... [-f FOLDER] [--purge]", "move messages to the folder for deleted mail, or delete them for good",
	  MUA_DELETE, mua_delete, 1, 1000 },
	{ "sync", "sync [-f FOLDER] [--once|--watch] [--offline-bodies DAYS] [--json]", "bring the cache level with the server", MUA_SYNC,
	  mua_synchronise, 0, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0, 0 },
};

const struct mua_command *mua_command_find(const char *name)
{
	for (const struct mua_command *c = mua_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
