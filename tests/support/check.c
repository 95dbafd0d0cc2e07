#define _XOPEN_SOURCE 700             /* nftw */

#include "tests/support/check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned n_checks, n_failures;
static char folder[256];

void check_expect(bool ok, const char *claim, const char *expression, const char *file, int line)
{
	n_checks++;
	if (ok)
		return;
	n_failures++;
	fprintf(stderr, "%s:%d: %s%sfailed: %s\n", file, line, claim ? claim : "", claim ? ": " : "", expression);
}

static void print_escaped(const char *label, const unsigned char *at, size_t len)
{
	fprintf(stderr, "  %s (%zu) \"", label, len);
	for (size_t i = 0; i < len && i < 2000; i++) {
		if (at[i] >= 0x20 && at[i] < 0x7f && at[i] != '\\')
			fputc(at[i], stderr);
		else
			fprintf(stderr, "\\x%02x", at[i]);
	}
	fprintf(stderr, "\"\n");
}

void check_expect_bytes(const void *got, size_t got_len, const void *want, size_t want_len,
                        const char *claim, const char *file, int line)
{
	bool same = got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0);

	check_expect(same, claim, "same octets", file, line);
	if (!same) {
		print_escaped("got ", got, got_len);
		print_escaped("want", want, want_len);
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

const char *check_folder(void)
{
	if (folder[0] == '\0') {
		const char *base = getenv("TMPDIR");
		snprintf(folder, sizeof folder, "%s/posta-test-XXXXXX", base ? base : "/tmp");
		if (mkdtemp(folder) == NULL) {
			perror(folder);
			exit(1);
		}
	}
	return folder;
}

int check_finish(void)
{
	if (folder[0] != '\0')
		nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	printf("%u checks, %u failed\n", n_checks, n_failures);
	return n_failures != 0;
}
