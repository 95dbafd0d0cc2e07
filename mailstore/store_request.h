/*
 * store_request: one request on its way through the store's threads and back to its client's thread.
 * A kind of request is a struct that begins with struct store_request, and a table of four functions.
 */
#ifndef MAILSTORE_STORE_REQUEST_H
#define MAILSTORE_STORE_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/list.h"
#include "mailstore/bodies.h"

struct store_body;
struct store_client;
struct store_context;
struct store_request;

enum store_run {
	STORE_RUN_DONE,
	STORE_RUN_MORE,                 /* this batch is good; run again in a later one */
	STORE_RUN_FAILED,               /* request->error says why, or a statement of this run failed */
};

enum store_thread {
	STORE_IN_READER,                /* inside a read transaction */
	STORE_IN_WRITER,                /* inside the batch's transaction */
	STORE_BESIDE_WRITER,            /* the writer's connection, outside any transaction */
};

struct store_request_ops {
	const char *name;               /* for logs */
	enum store_thread thread;
	bool grows;                     /* refused while the disk has less than its reserve */
	bool is_long;                   /* in a reader: its further batches come behind all others, and never take the last free reader */
	bool can_fail_halfway;          /* run may write and then fail: it gets a savepoint */
	/* Called again from the start when a batch fails and its requests are tried one by one. */
	enum store_run (*run)(struct store_request *, struct store_context *);
	const struct store_request_ops *next;   /* what it becomes when done, before it completes; NULL: nothing.  A reader's may go to the writer, not the other way */
	/* In the writer's thread, once a part is committed; may be NULL. */
	void (*committed)(struct store_request *, struct store_context *);
	/* In the client's thread: call the caller's function.  request->error.kind is NONE when all went well. */
	void (*complete)(struct store_request *);
	/* In any thread: free results nobody took; may be NULL. */
	void (*release)(struct store_request *);
};

struct store_request {
	struct list_node node;
	const struct store_request_ops *ops;
	struct store_client *client;
	struct arena arena;             /* arguments, and results borrowed by the completion */
	struct error error;
	struct store_body **bodies;     /* taken from the caller: sealed before the writer sees the request */
	size_t n_bodies;
	size_t weight;                  /* octets it is about to write */
	atomic_bool forgotten;          /* written in the client's thread; a reader does not run a further part of it */
	bool committed;                 /* at least one part of it */
	bool in_doubt;                  /* COMMIT failed in a way that may have succeeded */
};

/* size: of the struct that begins with a struct store_request; zeroed. */
void *store_request_create(struct store_client *, const struct store_request_ops *, size_t size);
/* The body is the request's, and goes with it; a useless one makes the request fail. */
void store_request_take_body(struct store_request *, struct store_body *);
/* Hand it to the thread it needs; one that has its error already only completes.  Returns it, for the caller's caller. */
struct store_request *store_request_submit(struct store_request *);
/* From any thread: what ran well goes on to its next stage, if there is one; the others stay in the list. */
void store_request_go_on(struct list *finished);
void store_request_destroy(struct store_request *);

#endif
