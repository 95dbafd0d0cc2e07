#include "mailctl/mailctl_source.h"

#include <string.h>

#include "mailctl/mailctl_maildir.h"
#include "mailctl/mailctl_mbox.h"

struct mailctl_source *mailctl_source_open(const char *name, struct error *err)
{
	if (strncmp(name, "mbox:", 5) == 0 && name[5] != '\0')
		return mailctl_mbox_open(name + 5, err);
	if (strncmp(name, "maildir:", 8) == 0 && name[8] != '\0')
		return mailctl_maildir_open(name + 8, err);
	error_set(err, ERROR_SYNTAX, "%s: say mbox:FILE or maildir:DIR", name);
	return NULL;
}

void mailctl_source_close(struct mailctl_source *source)
{
	if (source != NULL)
		source->ops->close(source);
}

bool mailctl_source_next(struct mailctl_source *source, struct error *err)
{
	source->letter.flags = 0;
	source->letter.n_keywords = 0;
	source->letter.internal_date_s = 0;
	return source->ops->next(source, err);
}

bool mailctl_source_read(struct mailctl_source *source, struct buffer *out, struct error *err)
{
	return source->ops->read(source, out, err);
}

void mailctl_source_resume(struct mailctl_source *source, const struct mailctl_resume *resume)
{
	source->resume = resume;
}

const char *mailctl_source_place(const struct mailctl_source *source, const char *folder)
{
	return source->resume != NULL ? mailctl_resume_place(source->resume, folder) : NULL;
}
