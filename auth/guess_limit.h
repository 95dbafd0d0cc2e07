/*
 * guess_limit: failed log-ins counted by client address at three prefix lengths (IPv4 /32 /26 /21, IPv6 /64 /48 /32):
 * 10, 30, 90 a minute and 50, 150, 450 a day.  Accounts are never locked.  Bounded memory.  Thread-safe.
 * Who is exempt is the caller's business.
 */
#ifndef AUTH_GUESS_LIMIT_H
#define AUTH_GUESS_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guess_limit;

/* Never NULL. */
struct guess_limit *guess_limit_create(void);
/* NULL accepted. */
void guess_limit_destroy(struct guess_limit *);

/*
 * octets, len: the address in network order, 4 or 16 octets; a v4-mapped IPv6 address counts as IPv4.  Any
 * other length (a Unix socket) is always allowed.  now_ms: any monotonic clock, always the same one.
 */
bool guess_limit_allows(struct guess_limit *, const unsigned char *octets, size_t len, int64_t now_ms);
void guess_limit_count_failure(struct guess_limit *, const unsigned char *octets, size_t len, int64_t now_ms);

#endif
