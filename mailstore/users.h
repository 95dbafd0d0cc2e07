/* users, aliases, domains, and where an address leads. */
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
	bool disabled;                  /* cannot log in or send; mail for it is refused */
	uint64_t quota, used;           /* octets; quota 0 = none */
	int64_t full_since_s;           /* since then mail is refused for the quota; 0 = it is not */
	uint64_t n_messages;
	uint64_t n_sent, n_sent_to;     /* today (UTC): messages submitted, and their recipients */
	int64_t created_s;
	bool has_password;
	struct password_record password;
};
/* Borrowed during the call; n 0 and NOT_FOUND for a get that found nothing. */
typedef void store_user_fn(void *owner, const struct error *err, const struct store_user *users, size_t n);

/*
 * name is the whole address.  password NULL = cannot log in.  Makes INBOX, Drafts, Sent, Archive, Junk, Trash (with their special use,
 * subscribed).  The completion gets the new user.  EXISTS, but a mailbox that mail made (catch_all) is adopted; NOT_FOUND: its domain is
 * none of ours; SYNTAX.
 */
struct store_request *store_user_create(struct store_client *, struct bytes name, const struct password_record *password, store_user_fn *, void *owner);
/* NOT_FOUND. */
struct store_request *store_user_get(struct store_client *, struct bytes name, store_user_fn *, void *owner);
/* All, sorted by name. */
struct store_request *store_user_list(struct store_client *, store_user_fn *, void *owner);
/* Instead of the one there is.  NOT_FOUND. */
struct store_request *store_user_set_password(struct store_client *, struct bytes name, const struct password_record *, store_done_fn *, void *owner);
/*
 * With its mailboxes, in parts, disabled before the first: one that was cut off is asked for again.  Bodies go when nobody points at
 * them.  Aliases that lead there stay: their mail is then refused, or reported to its sender.  NOT_FOUND.
 */
struct store_request *store_user_delete(struct store_client *, struct bytes name, store_done_fn *, void *owner);

struct store_user_change {
	bool sets_disabled, disabled;
	bool sets_quota;                /* a grace time under way ends with it */
	uint64_t quota;                 /* octets; 0 = none */
};
/* NOT_FOUND; SYNTAX: a quota beyond INT64_MAX. */
struct store_request *store_user_set(struct store_client *, struct bytes name, const struct store_user_change *, store_done_fn *, void *owner);

/*
 * A message that would take a user beyond the quota is refused: for STORE_QUOTA_GRACE_S after the first one so refused as something that may pass
 * (FULL), then for good (LIMIT), until mail is deleted, fits again, or the quota is set anew.  APPEND and COPY only ever get FULL.
 */
#define STORE_QUOTA_GRACE_S (3 * 24 * 3600)
/* Mail for the user was refused as FULL before the message came: the grace time begins, unless it runs. */
struct store_request *store_user_start_grace(struct store_client *, int64_t user_id, store_done_fn *, void *owner);

struct store_domain {
	const char *name;
	bool catch_all;                 /* any recipient makes its mailbox */
	uint64_t n_users, n_aliases;
};
typedef void store_domain_fn(void *owner, const struct error *err, const struct store_domain *domains, size_t n);     /* borrowed */

/* Every daemon of the store knows a change at once.  EXISTS when it is there. */
struct store_request *store_domain_add(struct store_client *, struct bytes domain, bool catch_all, store_done_fn *, void *owner);
struct store_request *store_domain_set(struct store_client *, struct bytes domain, bool catch_all, store_done_fn *, void *owner);
struct store_request *store_domain_list(struct store_client *, store_domain_fn *, void *owner);
/* EXISTS while it has users, or aliases that are in it or lead to it; the text says how many. */
struct store_request *store_domain_delete(struct store_client *, struct bytes domain, store_done_fn *, void *owner);

struct store_alias {
	const char *address;            /* in a domain of ours; "@a.test": whoever is no user or alias there */
	const char *target;             /* one address that it leads to, of ours or not */
};
typedef void store_alias_fn(void *owner, const struct error *err, const struct store_alias *aliases, size_t n);       /* borrowed */

#define STORE_ALIAS_TARGETS_MAX 10000   /* of one address */
/*
 * All n targets, or none.  An alias goes before a user of the same name, who keeps a copy only when he is a target too.  SYNTAX; EXISTS: the
 * address leads to a target already; LIMIT; NOT_FOUND: not a domain of ours, or a target of ours that is no user, alias, role or
 * caught address (is_forced adds it all the same).
 */
struct store_request *store_alias_add(struct store_client *, struct bytes address, const struct bytes *targets, size_t n, bool is_forced,
                                      store_done_fn *, void *owner);
/* By address, then target.  domain: only its own; empty = all. */
struct store_request *store_alias_list(struct store_client *, struct bytes domain, store_alias_fn *, void *owner);
/* target empty = every target.  NOT_FOUND when there is none. */
struct store_request *store_alias_delete(struct store_client *, struct bytes address, struct bytes target, store_done_fn *, void *owner);

enum store_resolution {
	STORE_LOCAL,                    /* at least one target */
	STORE_UNKNOWN_USER,             /* our domain, no such user */
	STORE_FOREIGN,                  /* not our domain */
};
#define STORE_USER_NEW (-1)             /* as a user_id: a mailbox of our domain that is made at delivery */
#define STORE_USER_GONE (-2)            /* an alias leads to this address of ours, and nobody has it: refused at delivery */
struct store_target {                   /* where a recipient's copy goes after aliases */
	int64_t user_id;                /* 0 = remote, STORE_USER_NEW, STORE_USER_GONE; see address */
	const char *address;
	bool disabled;                  /* of a user, as in store_user */
	uint64_t quota, used;
	int64_t full_since_s;
};
/* May a message of so many octets go there?  NONE; NOT_FOUND: gone; DENIED: disabled; FULL or LIMIT: over quota, see above. */
enum error_kind store_target_judge(const struct store_target *, uint64_t octets, int64_t now_s);

typedef void store_resolve_fn(void *owner, const struct error *err, enum store_resolution, const struct store_target *targets, size_t n);
/*
 * Resolve one recipient (local@domain; bare "postmaster" too).  In this order: an alias of that address; a user; the same without +tag;
 * postmaster@ and abuse@ go to the configured postmaster, else to the first user added, else, as when that one is gone or disabled, to a mailbox of
 * their own, made at delivery;
 * the alias @domain; a mailbox made at delivery when the domain catches all.  What aliases lead to is resolved in the same way, each address once,
 * so that a circle ends (10,000 results, depth 10: LIMIT).  Domain and local part compare without case.
 */
struct store_request *store_resolve(struct store_client *, struct bytes address, store_resolve_fn *, void *owner);

#endif
