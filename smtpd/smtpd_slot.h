/*
 * smtpd_slot: a message handed to the store whose reply is still to come.  Slots keep their order, so that one
 * pipelining connection can fill a group commit; replies given meanwhile wait behind the last slot.  At most SMTPD_SLOTS_MAX
 * of them and SMTPD_SLOT_OCTETS_MAX of bodies; then reading stops.
 */
#ifndef SMTPD_SMTPD_SLOT_H
#define SMTPD_SMTPD_SLOT_H

#include "base/buffer.h"
#include "mailstore/deliver.h"
#include "smtpd/smtpd_session.h"

#define SMTPD_SLOTS_MAX 32
#define SMTPD_SLOT_LATER_MAX (64u * 1024)       /* replies that wait behind one slot */
#define SMTPD_SLOT_LEASE_S 120         /* how long the first attempt of a remote copy is ours */
#define SMTPD_SLOT_OCTETS_MAX (8u * 1024 * 1024)

struct smtpd_slot {
	struct list_node node;
	struct smtpd_session *session;  /* NULL: the client is gone, the message is not */
	struct service_loop *loop;
	uint64_t queue_id;
	size_t octets;
	char *sender;
	char **recipients;              /* the originals: for the log and LMTP's replies */
	size_t n_recipients;
	bool is_lmtp, is_done;
	bool is_mute;                   /* scripted: its reply is lost */
	struct buffer reply;            /* its own */
	struct buffer later;            /* said after it, in wire form */
};

/* Deliver; the transaction's data is copied, delivery->body taken. */
void smtpd_slot_start(struct smtpd_session *, const struct store_delivery *);
bool smtpd_slots_are_full(const struct smtpd_session *);
/* The session ends: open slots go on without it. */
void smtpd_slots_abandon(struct smtpd_session *);

#endif
