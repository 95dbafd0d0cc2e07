#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#define TIME_ID_BITS 22                 /* random bits below the milliseconds */

void random_octets(void *at, size_t len)
{
	char *to = at;

	while (len > 0) {
		ssize_t n = getrandom(to, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort();        /* a guessable secret is worse than no process */
		to += n;
		len -= (size_t)n;
	}
}

uint64_t random_u64(void)
{
	uint64_t value;

	random_octets(&value, sizeof value);
	return value;
}

uint32_t random_below(uint32_t below)
{
	assert(below > 0);
	/* the multiple of below that fits 64 bits misses by less than 2^-32: nobody can measure that */
	return (uint32_t)(random_u64() % below);
}

uint64_t random_time_id(int64_t now_ms)
{
	static _Atomic uint64_t last;
	uint64_t before = atomic_load(&last), id;

	do {
		uint64_t ms = (uint64_t)now_ms & ((UINT64_C(1) << 41) - 1);
		id = ms << TIME_ID_BITS | (random_u64() >> (64 - TIME_ID_BITS));
		/* always rising: two in one millisecond, or a clock set back, must not meet */
		if (id <= before)
			id = before + 1 + random_below(1024);
	} while (!atomic_compare_exchange_weak(&last, &before, id));
	return id;
}
