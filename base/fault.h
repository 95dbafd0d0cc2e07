/* fault: named places where a test makes the process die or a call fail.  Nothing of it is in the release binary. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

/*
 * Test builds read POSTA_TEST_FAULT once: `die:store.after_commit:3` kills the process with SIGKILL at the
 * third pass of that point; `fail:store.write:1` makes fault_fails answer true at the first pass;
 * `slow:store.read:200` sleeps 200 ms at each pass.  Several are separated by commas.
 */
#ifdef POSTA_TEST
void fault_point(const char *name);
bool fault_fails(const char *name);
#else
static inline void fault_point(const char *name) { (void)name; }
static inline bool fault_fails(const char *name) { (void)name; return false; }
#endif

#endif
