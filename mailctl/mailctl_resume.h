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
	struct mailctl_resume_place { char *folder, *place; } *places;  /* of each folder of the source the last letter that is surely stored */
	size_t n_places;
	uint64_t n_letters;             /* stored so far */
	char *into;                     /* the source's folder that was being stored; NULL = nothing was noted, the import is a new one */
	uint32_t uidvalidity;           /* of the mailbox it went to */
	uint32_t next_uid;              /* what was stored there behind its last letter has this UID or a higher one */
};

/* For the import of this source by this user to this folder: reads what was written before, if anything was. */
bool mailctl_resume_init(struct mailctl_resume *, const char *data_dir, const char *user, const char *folder, const char *source, struct error *err);
void mailctl_resume_release(struct mailctl_resume *);
/* NULL: no letter of that folder was stored. */
const char *mailctl_resume_place(const struct mailctl_resume *, const char *folder);
/* The strings of both are copied. */
void mailctl_resume_at(struct mailctl_resume *, const char *folder, const char *place);
void mailctl_resume_into(struct mailctl_resume *, const char *folder, uint32_t uidvalidity, uint32_t next_uid);
/* Whole or not at all. */
bool mailctl_resume_save(const struct mailctl_resume *, struct error *err);
/* All is to be imported anew: nothing is noted here, nor, with `on_disk`, there. */
void mailctl_resume_forget(struct mailctl_resume *, bool on_disk);

#endif
