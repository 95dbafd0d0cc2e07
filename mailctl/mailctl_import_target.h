/*
 * mailctl_import_target: the mailboxes an import goes to: letters are collected to batches, some of which are under way at once, and what is
 * surely stored is noted so that the import can go on after whatever stopped it.
 */
#ifndef MAILCTL_MAILCTL_IMPORT_TARGET_H
#define MAILCTL_MAILCTL_IMPORT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "mailctl/mailctl_resume.h"
#include "mailctl/mailctl_source.h"
#include "mailstore/bodies.h"
#include "mailstore/store.h"
#include "message/summary.h"

struct mailctl_import_batch;

struct mailctl_import_target {          /* mailctl_import_target_init */
	struct store_client *client;
	int64_t user_id;
	const char *root;               /* the folder that was named */
	struct mailctl_resume *resume;
	char *mailbox;                  /* where letters go now; NULL = nowhere yet */
	int64_t mailbox_id;
	uint32_t uidvalidity, next_uid;
	struct mailctl_import_seen { uint64_t fingerprint, n; } *seen;  /* sorted: of what an import that was stopped may have stored last, how many */
	size_t n_seen;
	struct mailctl_import_batch *batch;     /* that is collected */
	size_t n_under_way;
	int64_t save_ms;                /* when the place is noted next */
	uint64_t n_stored, n_mailboxes, n_there;        /* n_there: letters that were found in place */
	struct error err;               /* the first failure */
};

void mailctl_import_target_init(struct mailctl_import_target *, struct store_client *, int64_t user_id, const char *root, struct mailctl_resume *);
/* Waits for what is under way and notes the place. */
void mailctl_import_target_release(struct mailctl_import_target *);

/* Is the mailbox that the import before this one stopped in still there?  False: ->err says that it is not, or is another of that name. */
bool mailctl_import_target_goes_on(struct mailctl_import_target *);
/* This folder of the source has a mailbox, though there may be no letter for it.  False: ->err. */
bool mailctl_import_target_make(struct mailctl_import_target *, const char *folder);
/* Letters of this folder of the source come now: its mailbox is made when there is none.  False: ->err. */
bool mailctl_import_target_enter(struct mailctl_import_target *, const char *folder);
/* body and summary are taken.  False: ->err, some batch before failed. */
bool mailctl_import_target_add(struct mailctl_import_target *, const struct mailctl_letter *, struct store_body *, struct summary *);
/* Until all is stored. */
bool mailctl_import_target_finish(struct mailctl_import_target *);

#endif
