/* clock: wall time and monotonic time.  Test builds can move both forward; the release binary cannot. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Unix time in seconds and in milliseconds. */
int64_t clock_now_s(void);
int64_t clock_now_ms(void);
/* CLOCK_MONOTONIC in milliseconds: for deadlines. */
int64_t clock_monotonic_ms(void);

/*
 * Test builds (POSTA_TEST) only, otherwise it does nothing: when the environment names a file in
 * POSTA_TEST_CLOCK, its first 8 octets (int64, host order, milliseconds) are mapped and added to every
 * answer above.  Call before the sandbox.  True: such a clock is in force, and the loop wakes at least
 * every 20 ms to see it move.
 */
bool clock_open_test(void);
bool clock_is_test(void);

#endif
