/* users, domains, and where an address leads. */
#ifndef MAILSTORE_USERS_H
#define MAILSTORE_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/password.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mailstore/store.h"

struct store_user {
	int64_t user_id;
	const char *name;               /* the address, lower case */
	bool disabled;
	uint64_t quota, used;           /* octets; quota 0 = none */
	uint64_t n_messages;
	bool has_password;
	struct password_record password;
};
/* Borrowed during the call; n 0 and NOT_FOUND for a get that found nothing. */
typedef void store_user_fn(void *owner, const struct error *err, const struct store_user *users, size_t n);

/* name is the whole address; its domain must exist.  password NULL = cannot log in.  Makes INBOX, Drafts, Sent, Archive, Junk, Trash
 * (with their special use, subscribed).  The completion gets the new user. */
struct store_request *store_user_create(struct store_client *, struct bytes name, const struct password_record *password, store_user_fn *, void *owner);
struct store_request *store_user_get(struct store_client *, struct bytes name, store_user_fn *, void *owner);
struct store_request *store_user_list(struct store_client *, store_user_fn *, void *owner);
struct store_request *store_user_set_password(struct store_client *, struct bytes name, const struct password_record *, store_done_fn *, void *owner);
/* With its mailboxes; bodies go when nobody points at them. */
struct store_request *store_user_delete(struct store_client *, struct bytes name, store_done_fn *, void *owner);

struct store_request *store_domain_add(struct store_client *, struct bytes domain, bool catch_all, store_done_fn *, void *owner);

enum store_resolution {
	STORE_LOCAL,                    /* at least one target */
	STORE_UNKNOWN_USER,             /* our domain, no such user */
	STORE_FOREIGN,                  /* not our domain */
};
#define STORE_USER_NEW (-1)             /* as a user_id: a mailbox of our domain that is made at delivery */
struct store_target {                   /* where a recipient's copy goes after aliases */
	int64_t user_id;                /* 0 = remote, STORE_USER_NEW; see address */
	const char *address;
};
typedef void store_resolve_fn(void *owner, const struct error *err, enum store_resolution, const struct store_target *targets, size_t n);
/*
 * Resolve one recipient (local@domain; bare "postmaster" too).  Aliases are followed (10,000 results, depth 10: LIMIT); user+tag goes to user when
 * there is no such alias; postmaster@ and abuse@ of a domain go to the configured postmaster, else to the first user added, else to a mailbox of their own,
 * made at delivery.  Domain and local part compare without case.
 */
struct store_request *store_resolve(struct store_client *, struct bytes address, store_resolve_fn *, void *owner);

#endif
