/* store_writer: the one thread of a process that writes; what waits is committed together. */
#ifndef MAILSTORE_STORE_WRITER_H
#define MAILSTORE_STORE_WRITER_H

#include "base/error.h"
#include "mailstore/store.h"

struct store;
struct store_request;
struct store_writer;

struct store_writer *store_writer_create(struct store *, struct error *err);
/* Finishes what waits. */
void store_writer_destroy(struct store_writer *);
/* From any thread. */
void store_writer_add(struct store_writer *, struct store_request *);

#endif
