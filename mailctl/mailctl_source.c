#include "mailctl/mailctl_source.h"

#include "mailctl/mailctl_maildir.h"
#include "mailctl/mailctl_mbox.h"

struct mailctl_source *mailctl_source_open(const struct mailctl_outside *outside, struct error *err)
{
	return outside->is_mbox ? mailctl_mbox_open(outside->path, err) : mailctl_maildir_open(outside->path, err);
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
	source->letter.place = NULL;
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
	const struct mailctl_resume_place *noted = source->resume != NULL ? mailctl_resume_find(source->resume, folder) : NULL;

	return noted != NULL ? noted->place : NULL;
}
