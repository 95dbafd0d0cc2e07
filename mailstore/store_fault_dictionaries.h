/* store_fault_dictionaries: dictionaries one of whose two rows, or both, cannot be used. */
#ifndef MAILSTORE_STORE_FAULT_DICTIONARIES_H
#define MAILSTORE_STORE_FAULT_DICTIONARIES_H

#include "database/database.h"

typedef void store_fault_dictionary_fn(void *owner, unsigned number, const char *text);
/* Outside any transaction: fn may write. */
void store_fault_dictionaries_walk(struct database *, store_fault_dictionary_fn *, void *owner);

#endif
