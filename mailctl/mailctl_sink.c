#include "mailctl/mailctl_sink.h"

#include <string.h>

#include "mailctl/mailctl_maildir_write.h"
#include "mailctl/mailctl_mbox_write.h"

struct mailctl_sink *mailctl_sink_open(const char *name, struct error *err)
{
	if (strncmp(name, "mbox:", 5) == 0 && name[5] != '\0')
		return mailctl_mbox_write_open(name + 5, err);
	if (strncmp(name, "maildir:", 8) == 0 && name[8] != '\0')
		return mailctl_maildir_write_open(name + 8, err);
	error_set(err, ERROR_SYNTAX, "%s: say mbox:FILE, mbox:DIR/ or maildir:DIR", name);
	return NULL;
}

bool mailctl_sink_close(struct mailctl_sink *sink, bool keep, struct error *err)
{
	return sink == NULL || sink->ops->close(sink, keep, err);
}

bool mailctl_sink_enter(struct mailctl_sink *sink, const char *folder, const struct store_snapshot *snapshot, struct error *err)
{
	return sink->ops->enter(sink, folder, snapshot, err);
}

bool mailctl_sink_has(struct mailctl_sink *sink, const struct store_message *message)
{
	return sink->ops->has(sink, message);
}

bool mailctl_sink_begin(struct mailctl_sink *sink, const struct store_message *message, struct error *err)
{
	return sink->ops->begin(sink, message, err);
}

bool mailctl_sink_write(struct mailctl_sink *sink, struct bytes octets, struct error *err)
{
	return sink->ops->write(sink, octets, err);
}

bool mailctl_sink_end(struct mailctl_sink *sink, struct error *err)
{
	return sink->ops->end(sink, err);
}
