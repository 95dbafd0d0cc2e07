#define _GNU_SOURCE
#include "service/service_rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

static void set_identity(struct service_identity *who, const struct passwd *entry)
{
	who->uid = entry->pw_uid;
	who->gid = entry->pw_gid;
	if (!bytes_copy_text(bytes_text(entry->pw_name), who->name, sizeof who->name))
		who->name[0] = '\0';
}

bool service_rights_of_user(const char *name, struct service_identity *who, struct error *err)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (entry == NULL)
		return error_set(err, ERROR_NOT_FOUND, "there is no user \"%s\" on this host", name);
	set_identity(who, entry);
	return true;
}

bool service_rights_of_settings(const struct service_settings *s, struct service_identity *who, struct error *err)
{
	const struct passwd *entry;
	struct stat st;

	if (s->user != NULL) {
		if (!service_rights_of_user(s->user, who, err))
			return error_prefix(err, "%s: user", s->path);
	} else {
		if (stat(s->data_dir, &st) < 0)
			return error_set_errno(err, errno, "%s", s->data_dir);
		*who = (struct service_identity){ .uid = st.st_uid, .gid = st.st_gid };
		entry = getpwuid(st.st_uid);
		if (entry != NULL)
			set_identity(who, entry);
	}
	if (who->uid == 0)
		return error_set(err, ERROR_DENIED, "%s: %s is root's, and nothing here runs as root: name a user, or give the "
		                 "folder to one", s->path, s->user != NULL ? "user" : s->data_dir);
	return true;
}

bool service_rights_become(const struct service_identity *who, struct error *err)
{
	gid_t own = who->gid;

	if (geteuid() == who->uid && getuid() == who->uid)
		return true;
	if (geteuid() != 0)
		return error_set(err, ERROR_DENIED, "only %s%s%d or root may do this", who->name,
		                 who->name[0] != '\0' ? ", user " : "user ", (int)who->uid);
	int failed = who->name[0] != '\0' ? initgroups(who->name, own) : setgroups(1, &own);
	if (failed < 0 || setresgid(own, own, own) < 0 || setresuid(who->uid, who->uid, who->uid) < 0)
		return error_set_errno(err, errno, "become user %d", (int)who->uid);
	if (setuid(0) == 0)
		return error_set(err, ERROR_DENIED, "user %d could become root again", (int)who->uid);
	return true;
}
