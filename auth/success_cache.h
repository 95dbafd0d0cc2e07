/*
 * success_cache: password checks that succeeded lately, so that a client that logs in again costs no PBKDF2.
 * An entry is an HMAC, under a key of this process, of name, password and the stored record: a changed
 * record simply no longer matches.  Passwords are not kept.  Thread-safe.
 */
#ifndef AUTH_SUCCESS_CACHE_H
#define AUTH_SUCCESS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/password.h"
#include "base/bytes.h"

#define SUCCESS_CACHE_KEEP_MS (5 * 60 * 1000)

struct success_cache;

/* Room for n entries (rounded up); the oldest of a few neighbours gives way.  Never NULL. */
struct success_cache *success_cache_create(size_t n, int64_t keep_ms);
/* NULL accepted. */
void success_cache_destroy(struct success_cache *);

/* now_ms: any monotonic clock, always the same one.  Fast: callable in a loop. */
bool success_cache_has(struct success_cache *, struct bytes name, struct bytes password, const struct password_record *, int64_t now_ms);
void success_cache_add(struct success_cache *, struct bytes name, struct bytes password, const struct password_record *, int64_t now_ms);

#endif
