/*
 * mailctl_resume: how far an import came, in a small file of the data folder (`import/…`), written anew as it goes and removed at its end.  The same
 * import, started again, goes on there.
 */
#ifndef MAILCTL_MAILCTL_RESUME_H
#define MAILCTL_MAILCTL_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct mailctl_resume {
	char *path;                     /* of the file; mailctl_resume_release */
	char *folder, *place;           /* of the last letter that is surely stored; NULL = none */
	uint64_t n_letters;             /* stored so far */
	char *into;                     /* the source's folder that was being stored; NULL = nothing was noted, the import is a new one */
	uint32_t uidvalidity;           /* of the mailbox it went to */
	uint32_t next_uid;              /* what was stored there behind that letter has this UID or a higher one */
};

/* For the import of this source by this user to this folder: reads what was written before, if anything was. */
bool mailctl_resume_init(struct mailctl_resume *, const char *data_dir, const char *user, const char *folder, const char *source, struct error *err);
void mailctl_resume_release(struct mailctl_resume *);
/* The strings of both are copied. */
void mailctl_resume_at(struct mailctl_resume *, const char *folder, const char *place);
void mailctl_resume_into(struct mailctl_resume *, const char *folder, uint32_t uidvalidity, uint32_t next_uid);
/* Whole or not at all. */
bool mailctl_resume_save(const struct mailctl_resume *, struct error *err);
/* All is imported, or is to be imported anew: nothing is noted, on disk nor here. */
void mailctl_resume_forget(struct mailctl_resume *);

#endif
