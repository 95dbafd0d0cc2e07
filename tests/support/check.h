/* check: the few words a unit test needs.  A failure prints file:line, the claim and the expression. */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Count one expectation; a false one is printed with its claim (may be NULL). */
void check_expect(bool ok, const char *claim, const char *expression, const char *file, int line);

/* Compare octets and print both, escaped, when they differ. */
void check_expect_bytes(const void *got, size_t got_len, const void *want, size_t want_len,
                        const char *claim, const char *file, int line);

/* Print the count; return what main returns: 0 when every expectation held, 1 otherwise. */
int check_finish(void);

/* A fresh private folder below TMPDIR, removed by check_finish. */
const char *check_folder(void);

#define CHECK(expression)            check_expect((expression), NULL, #expression, __FILE__, __LINE__)
#define CHECK_ROW(expression, claim) check_expect((expression), (claim), #expression, __FILE__, __LINE__)
#define CHECK_TEXT(got, want, claim) \
	check_expect_bytes((got), strlen(got), (want), strlen(want), (claim), __FILE__, __LINE__)

#endif
