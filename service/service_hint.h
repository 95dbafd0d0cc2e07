/*
 * service_hint: tells the other processes of this host which mailboxes a commit touched, by one multicast datagram on
 * loopback.  A hint only wakes: what changed is read from the store.  Without multicast the 1 s poll does it alone.
 */
#ifndef SERVICE_SERVICE_HINT_H
#define SERVICE_SERVICE_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "mailstore/store.h"
#include "netcore/net_loop.h"

struct service_hint;

/*
 * Opens the sockets (before the sandbox).  Group 239.255.x.y and port follow from the data folder's device and inode number: all
 * processes of a store meet there, those of other stores elsewhere.  NULL: no multicast here.
 */
struct service_hint *service_hint_open(const char *data_dir, struct error *err);
/* NULL accepted. */
void service_hint_close(struct service_hint *);

/* Runs in the loop, for hints of other processes that carry the right tag. */
typedef void service_hint_fn(void *owner, const struct store_hint *hints, size_t n);
/* Receive in this loop until service_hint_stop; send may be called from now on. */
bool service_hint_start(struct service_hint *, struct net_loop *, const char *uuid, const unsigned char secret[32],
                        service_hint_fn *, void *owner, struct error *err);
void service_hint_stop(struct service_hint *);

/* From one thread at a time, never waits; what does not fit the socket is lost. */
void service_hint_send(struct service_hint *, const struct store_hint *, size_t n);

/* The datagram, for tests: parse returns how many hints were taken (at most max), 0 for a foreign, forged or broken one. */
#define SERVICE_HINT_MAX 64             /* in one datagram */
#define SERVICE_HINT_OCTETS (40 + 16 * SERVICE_HINT_MAX)
struct service_hint_key {
	unsigned char store[8], secret[32];
	uint64_t sender;
};
size_t service_hint_format(const struct service_hint_key *, const struct store_hint *, size_t n, unsigned char out[SERVICE_HINT_OCTETS]);
size_t service_hint_parse(const struct service_hint_key *, const unsigned char *at, size_t len, struct store_hint out[SERVICE_HINT_MAX]);

#endif
