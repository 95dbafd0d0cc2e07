#include "mailctl/mailctl_sink.h"

#include "mailctl/mailctl_maildir_write.h"
#include "mailctl/mailctl_mbox_write.h"

struct mailctl_sink *mailctl_sink_open(const struct mailctl_outside *outside, struct error *err)
{
	return outside->is_mbox ? mailctl_mbox_write_open(outside->path, err) : mailctl_maildir_write_open(outside->path, err);
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
