/*
 * mailctl_source: mail that lies outside the store, read letter by letter in an order that is the same each time: an mbox file
 * (or a folder of them), or a Maildir with its subfolders (Maildir++).
 */
#ifndef MAILCTL_MAILCTL_SOURCE_H
#define MAILCTL_MAILCTL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mailctl/mailctl_outside.h"
#include "mailctl/mailctl_resume.h"
#include "mailstore/messages.h"

struct mailctl_letter {
	const char *folder;             /* below the one that is imported to, levels separated by '/'; "" = itself */
	const char *place;              /* within the source: what mailctl_resume notes, and a person finds it by; NULL = no letter: a folder begins */
	uint64_t flags;                 /* STORE_SEEN … */
	const char *keywords[STORE_KEYWORDS_MAX];
	size_t n_keywords;
	int64_t internal_date_s;        /* 0 = not known */
};

struct mailctl_source;
struct mailctl_source_ops {
	bool (*next)(struct mailctl_source *, struct error *err);
	bool (*read)(struct mailctl_source *, struct buffer *out, struct error *err);
	void (*close)(struct mailctl_source *);
};
struct mailctl_source {
	const struct mailctl_source_ops *ops;
	const struct mailctl_resume *resume;    /* what is passed over; NULL = nothing */
	struct mailctl_letter letter;   /* the one that is read; its flags and keywords are whole at its end */
	uint64_t done, total;           /* octets of an mbox, letters of a Maildir: for the progress bar */
};

/* An mbox file, a folder of them, or a Maildir.  NULL: err says why. */
struct mailctl_source *mailctl_source_open(const struct mailctl_outside *, struct error *err);
/* NULL accepted. */
void mailctl_source_close(struct mailctl_source *);
/* To the next letter, or to a folder, which comes before its letters and may have none; false at the end, or err is set. */
bool mailctl_source_next(struct mailctl_source *, struct error *err);
/* Append some octets of the letter, lines ending CRLF.  False at its end, or err is set. */
bool mailctl_source_read(struct mailctl_source *, struct buffer *out, struct error *err);
/* Before the first letter: of each folder only what is behind its place comes.  Borrowed. */
void mailctl_source_resume(struct mailctl_source *, const struct mailctl_resume *);
/* The place to go on behind in this folder; NULL = from its start. */
const char *mailctl_source_place(const struct mailctl_source *, const char *folder);

#endif
