/* store_faults: the questions a sound store answers with nothing, and what to do about each answer. */
#ifndef MAILSTORE_STORE_FAULTS_H
#define MAILSTORE_STORE_FAULTS_H

#include <stddef.h>
#include <stdint.h>

#include "mailstore/store_context.h"

/* "; UID 3 of INBOX of bob@a.test; …": whose the message of that id is. */
#define STORE_FAULT_WHOSE(message_id) "(SELECT ifnull(group_concat(printf('; UID %d of %s of %s', w.id & 4294967295, b.name, o.name), ''), '') FROM msg w " \
	"LEFT JOIN mailbox b ON b.mailbox_id = w.id >> 32 LEFT JOIN user o USING (user_id) WHERE w.message_id = " message_id ")"

/* Inside a transaction: put right what `key` names.  What was done, as words; "" when somebody else did meanwhile. */
typedef const char *store_fault_fn(struct store_context *, int64_t key);

/* A table that may be long is asked about in slices of its keys. */
struct store_slice {
	const char *last;               /* the key where a slice ends that begins at ?1, ?2 rows behind it */
	int64_t low_bits;               /* keys that differ in these only stay together */
	int64_t min, max;
};

struct store_fault {
	/* A row a finding: its text, and the key for the repair.  ?1 is the time from which tombstones are young; with a slice, ?2 and ?3 are its first and last key. */
	const char *question;
	const char *sql[3];             /* the repair: statements with the key as ?1 … */
	const char *done;               /* … and what they did */
	store_fault_fn *repair;         /* or this one */
	const struct store_slice *slice;        /* NULL: few rows */
};

/* In the order of repair: what one leaves wrong is asked for by a later one. */
extern const struct store_fault store_faults[];
extern const size_t store_n_faults;

#endif
