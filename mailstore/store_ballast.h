/*
 * store_ballast: octets set aside in the data folder (the file `ballast`), given up when the disk is full so that the store can
 * still expunge and empty its log.  64 MiB, at most a sixteenth of the disk, none where that is under 1 MiB; an ephemeral store has none.
 * The file at length 0 says that it was given up: new mail then needs that much more room than the reserve, so that it is
 * not what fills the gap.
 */
#ifndef MAILSTORE_STORE_BALLAST_H
#define MAILSTORE_STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

struct store;

/* Make it, or make it again, when the disk has its reserve and twice the ballast's size free.  Blocks for the disk. */
void store_ballast_keep(const struct store *);
/* Give it up.  True: it was there, and the disk has room now. */
bool store_ballast_drop(const struct store *);
/* Octets it holds now; 0 = none, or given up. */
uint64_t store_ballast_octets(const struct store *);
/* What must stay free for new mail to be taken: options.reserve, and the ballast's size while it is given up. */
uint64_t store_ballast_reserve(const struct store *);

#endif
