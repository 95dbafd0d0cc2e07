/*
 * store_stager: the thread that writes the files of bodies, so that no loop waits for the disk.
 * A staged file is shared: the body's thread adds octets, this thread writes, seals and closes.
 */
#ifndef MAILSTORE_STORE_STAGER_H
#define MAILSTORE_STORE_STAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/list.h"
#include "mailstore/store.h"
#include "mailstore/store_file.h"

struct store;
struct store_request;
struct store_stager;

struct store_staged {
	struct list_node node;          /* in the stager's list while there is work */
	struct store_file file;         /* the stager's thread only; the writer's once sealed */
	struct error error;             /* the first failure: nothing is written after it */
	struct list blocks;             /* octets not written yet */
	size_t n_waiting;               /* their number; counted in the budget */
	struct store_request *ready;    /* posted once they are written */
	bool is_queued, is_busy;
	_Atomic bool is_abandoned;      /* nobody but the stager holds it: close it; read while its octets are written, without the mutex */
	bool keep;                      /* and leave its name there */
};

struct store_stager *store_stager_create(struct store *, struct error *err);
/* Returns once every request handed to it has left. */
void store_stager_drain(struct store_stager *);
void store_stager_destroy(struct store_stager *);

/* A file without octets; the stager's thread makes it when the first come.  Ends with store_stager_abandon. */
struct store_staged *store_staged_create(void);
/* Take the buffer's octets, which the budget counts already (it is empty after).  False: it failed before. */
bool store_stager_take(struct store_stager *, struct store_staged *, struct buffer *octets, struct error *err);
/* Copy octets the budget counts already. */
bool store_stager_add(struct store_stager *, struct store_staged *, struct bytes octets, struct error *err);
/* Taken: posted once what waits now is written. */
void store_stager_wait(struct store_stager *, struct store_staged *, struct store_request *ready);
/* Is so much waiting that the body's thread should stop for now? */
bool store_stager_is_behind(struct store_stager *, struct store_staged *);
/* Write and seal the request's bodies, then give it to the writer; back to its client when that fails. */
void store_stager_seal(struct store_stager *, struct store_request *);
/* The body lets go of it: the stager closes and frees it, and removes what it is named unless that is to be kept. */
void store_stager_abandon(struct store_stager *, struct store_staged *, bool keep);

#endif
