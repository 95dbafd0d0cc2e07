/* random: octets nobody can guess, from the kernel. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_octets(void *at, size_t len);
uint64_t random_u64(void);
/* Uniform in [0, below). */
uint32_t random_below(uint32_t below);
/* Milliseconds since 1970 (41 bits) above 22 random bits: each call gives a larger one, positive as int64. Thread-safe. */
uint64_t random_time_id(int64_t now_ms);

#endif
