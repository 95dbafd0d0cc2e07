#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"

static int pipes[2];

/* What the last call wrote: one read gets one write. */
static const char *written(void)
{
	static char line[8192];
	ssize_t n = read(pipes[0], line, sizeof line - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void check_written(const char *want, const char *claim)
{
	const char *got = written();

	CHECK_TEXT(got, want, claim);
}

#define START "level=info area=a event=e "

static const struct value_row {
	const char *claim, *value, *want;
} values[] = {
	{ "a word stays as it is", "ann@x.test", "ann@x.test" },
	{ "a space needs quotes", "a b", "\"a b\"" },
	{ "an equals sign needs quotes", "a=b", "\"a=b\"" },
	{ "quotes are escaped", "say \"hi\"", "\"say \\\"hi\\\"\"" },
	{ "a backslash in quotes is escaped", "a \\n", "\"a \\\\n\"" },
	{ "a line end cannot break the line", "a\r\nlevel=error", "\"a\\x0d\\x0alevel=error\"" },
	{ "escape sequences are disarmed", "\x1b[2J", "\"\\x1b[2J\"" },
	{ "invalid UTF-8 is escaped", "\xff", "\"\\xff\"" },
	{ "UTF-8 is quoted", "\xc3\xa4", "\"\xc3\xa4\"" },
	{ "nothing is seen as nothing", "", "\"\"" },
};

static void check_conversions(void)
{
	log_info("a", "e", "d=%d u=%u x=%x c=%c", -1, 4000000000u, 255u, 'q');
	check_written(START "d=-1 u=4000000000 x=ff c=q\n", "int");
	log_info("a", "e", "ld=%ld lu=%lu lld=%lld llu=%llu", -1L, 1ul, INT64_MIN + 0LL, UINT64_MAX + 0ULL);
	check_written(START "ld=-1 lu=1 lld=-9223372036854775808 llu=18446744073709551615\n", "long");
	log_info("a", "e", "zu=%zu zd=%zd p=%" PRId64 " u=%" PRIu64, (size_t)7, (ssize_t)-7, (int64_t)5, (uint64_t)6);
	check_written(START "zu=7 zd=-7 p=5 u=6\n", "sizes and fixed widths");
	log_info("a", "e", "cut=%.*s at=%s:%d load=100%% id=%016" PRIx64, 3, "abcdef", "::1", 25, (uint64_t)0xabc);
	check_written(START "cut=abc at=::1:25 load=100% id=0000000000000abc\n", "slices and parts of a value");
	const char *volatile nothing = NULL;
	log_info("a", "e", "none=%s", nothing);
	check_written(START "none=\"\"\n", "NULL is empty");
	log_info("a", "e", "%s", "x");
	check_written(START "x\n", "a value at the front");
}

int main(void)
{
	static char longest[5000];

	if (pipe(pipes) != 0)
		return 1;
	log_set_fd(pipes[1]);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		char want[200];
		snprintf(want, sizeof want, START "v=%s n=1\n", values[i].want);
		log_info("a", "e", "v=%s n=%d", values[i].value, 1);
		check_written(want, values[i].claim);
	}
	check_conversions();

	log_debug("a", "e", "v=%d", 1);
	log_warning("a", "seen", "v=%d", 2);
	check_written("level=warning area=a event=seen v=2\n", "debug is off unless asked for");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("a", "hidden", "v=%d", 3);
	log_error("a", "seen", " ");
	CHECK(log_get_level() == LOG_LEVEL_ERROR && strncmp(written(), "level=error area=a event=seen", 29) == 0);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("a", "seen", "v=%d", 4);
	check_written("level=debug area=a event=seen v=4\n", "debug when asked for");

	memset(longest, 'x', sizeof longest - 1);
	log_info("a", "e", "v=%s", longest);
	const char *line = written();
	CHECK_ROW(strlen(line) < 1100 && strcmp(line + strlen(line) - 5, "x...\n") == 0, "a long value is cut");
	log_set_fd(-1);
	log_error("a", "silent", "v=%d", 1);
	close(pipes[1]);
	check_written("", "-1 silences");
	return check_finish();
}
