/*
 * mailctl_resume: how far an import came, in a small file of the data folder (`import/…`), written anew as it goes and kept.  The same import, given
 * again, goes on behind that: after whatever stopped it, or with what came to the source since.
 */
#ifndef MAILCTL_MAILCTL_RESUME_H
#define MAILCTL_MAILCTL_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mailctl_resume {
	char *path;                     /* of the file; mailctl_resume_release */
	struct mailctl_resume_place {   /* of a folder of the source */
		char *folder;
		char *place;            /* of the last letter that is surely stored; NULL = none is */
		uint32_t uidvalidity;   /* of the mailbox it went to */
		uint32_t next_uid;      /* what was stored there behind its last letter has this UID or a higher one */
	} *places;
	size_t n_places;
	uint64_t n_letters;             /* stored so far */
	char *into;                     /* the folder that was being stored; NULL = nothing was noted, the import is a new one */
};

/* For the import of this source by this user to this folder: reads what was written before, if anything was. */
void mailctl_resume_init(struct mailctl_resume *, const char *data_dir, const char *user, const char *folder, const char *source);
void mailctl_resume_release(struct mailctl_resume *);
/* NULL: that folder was not stored to.  Borrowed until the next change. */
const struct mailctl_resume_place *mailctl_resume_find(const struct mailctl_resume *, const char *folder);
/* Letters of this folder come now; what was noted of it stays when they go to the same mailbox as before.  Strings are copied. */
void mailctl_resume_into(struct mailctl_resume *, const char *folder, uint32_t uidvalidity, uint32_t next_uid);
/* This letter of that folder is stored, before the UID. */
void mailctl_resume_at(struct mailctl_resume *, const char *folder, const char *place, uint32_t next_uid);
/* Whole or not at all. */
bool mailctl_resume_save(const struct mailctl_resume *, struct error *err);
/* All is to be imported anew: nothing is noted here, nor, with `on_disk`, there. */
void mailctl_resume_forget(struct mailctl_resume *, bool on_disk);

#endif
