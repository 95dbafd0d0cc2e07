/*
 * store_reader: the threads that read, in batches of about 10 ms; no read transaction outlives its batch.  Who asks for little
 * does not wait for who asks for much: see is_long in store_request.h.
 */
#ifndef MAILSTORE_STORE_READER_H
#define MAILSTORE_STORE_READER_H

#include "base/error.h"
#include "mailstore/store.h"

struct store;
struct store_readers;
struct store_request;

struct store_readers *store_readers_create(struct store *, unsigned n, struct error *err);
/* Finishes what waits. */
void store_readers_destroy(struct store_readers *);
void store_readers_add(struct store_readers *, struct store_request *);

#endif
