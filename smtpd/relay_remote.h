/* relay_remote: one connection to a destination, used for message after message, closed after a minute of rest. */
#ifndef SMTPD_RELAY_REMOTE_H
#define SMTPD_RELAY_REMOTE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/list.h"
#include "mailstore/store.h"
#include "smtpd/relay_pool.h"

#define RELAY_JOBS_MAX 32               /* as many as another Posta answers at a time (smtpd_slot), so that they can fill a group commit */

/* One message on its way, with its first octets as soon as the store gave them. */
struct relay_job {
	struct relay_remote *remote;
	struct list items;
	struct smtp_client_recipient *recipients;
	struct smtp_client_message message;
	char transaction[CODEC_ID_LEN + 1];
	struct store_request *read;
	struct buffer first;
	bool is_wanted;                 /* the client waits for the octets that are being read */
	bool is_whole;                  /* to be given to the client with all its octets */
};

struct relay_remote {
	struct list_node node;          /* of relay_destination.remotes */
	struct relay_destination *destination;
	struct service_generation *generation;
	struct smtp_client *client;
	char address[256];              /* for logs and reports: the host as configured */
	bool is_open, is_spent;         /* is_spent: it will take no further message */
	bool has_answered, has_failed;  /* a message got a reply in this session; one was lost */
	bool is_stuck;                  /* no reply to the final dot for long: others go elsewhere meanwhile */
	struct net_timer idle, patience;
	bool is_checking;               /* NOOP: is it still there? */
	int64_t idle_since_ms;          /* loop time */
	/* A ring: the message under way, those behind it, and those that wait for their octets; the client has the first n_given. */
	struct relay_job jobs[RELAY_JOBS_MAX];
	unsigned first, n_jobs, n_given;
};

bool relay_remote_open(struct relay_destination *, const struct relay_route *, struct error *err);
bool relay_remote_is_idle(const struct relay_remote *);
/* It takes one message more, behind the one under way. */
bool relay_remote_has_room(const struct relay_remote *);
/* How many recipients the peer takes at once. */
size_t relay_remote_recipients_max(const struct relay_remote *);
/* Idle for so long that it is asked first (NOOP); dispatched again when it answers. */
bool relay_remote_check(struct relay_remote *);
/* Opened under settings that were replaced since. */
bool relay_remote_is_outdated(const struct relay_remote *);
/*
 * One message for these recipients, which become the remote's; only when idle, or with room.  Of a peer that takes whole messages
 * (smtp_client_takes_whole) up to RELAY_JOBS_MAX are under way.
 */
void relay_remote_send(struct relay_remote *, struct list *items);
/* Finish the message under way, then QUIT; at once when there is none. */
void relay_remote_stop(struct relay_remote *);

#endif
