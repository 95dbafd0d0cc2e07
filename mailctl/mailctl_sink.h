/*
 * mailctl_sink: mail written outside the store, letter by letter: an mbox file, a folder of mbox files (one a mailbox, named FOLDER.mbox), or a Maildir++.
 * Lines end LF there.
 */
#ifndef MAILCTL_MAILCTL_SINK_H
#define MAILCTL_MAILCTL_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "mailctl/mailctl_outside.h"
#include "mailstore/messages.h"

struct mailctl_sink;
struct mailctl_sink_ops {
	bool (*enter)(struct mailctl_sink *, const char *folder, const struct store_snapshot *, struct error *err);
	bool (*has)(struct mailctl_sink *, const struct store_message *);
	bool (*begin)(struct mailctl_sink *, const struct store_message *, struct error *err);
	bool (*write)(struct mailctl_sink *, struct bytes octets, struct error *err);
	bool (*end)(struct mailctl_sink *, struct error *err);
	bool (*close)(struct mailctl_sink *, bool keep, struct error *err);
};
struct mailctl_sink {
	const struct mailctl_sink_ops *ops;
	bool takes_folders;             /* else only the one named "" */
};

/* An mbox file, a folder of them (its path ends in a slash), or a Maildir.  What is there is never overwritten.  NULL: err says why. */
struct mailctl_sink *mailctl_sink_open(const struct mailctl_outside *, struct error *err);
/* Everything is synced when it returns true.  !keep: what is not whole goes. */
bool mailctl_sink_close(struct mailctl_sink *, bool keep, struct error *err);

/* Letters of this folder come now ("" = the one that was named); its keywords are in the snapshot, which lives until the next enter. */
bool mailctl_sink_enter(struct mailctl_sink *, const char *folder, const struct store_snapshot *, struct error *err);
/* Was this letter written by an export that was stopped? */
bool mailctl_sink_has(struct mailctl_sink *, const struct store_message *);
/* A letter: begin, its octets in any pieces, end. */
bool mailctl_sink_begin(struct mailctl_sink *, const struct store_message *, struct error *err);
bool mailctl_sink_write(struct mailctl_sink *, struct bytes octets, struct error *err);
bool mailctl_sink_end(struct mailctl_sink *, struct error *err);

#endif
