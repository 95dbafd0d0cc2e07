#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "tests/support/check.h"

static const struct kind_row {
	enum error_kind kind;
	const char *name;
	bool temporary;
} kinds[] = {
	{ ERROR_NONE, "none", false },
	{ ERROR_SYNTAX, "syntax", false },
	{ ERROR_LIMIT, "limit", false },
	{ ERROR_NOT_FOUND, "not-found", false },
	{ ERROR_EXISTS, "exists", false },
	{ ERROR_DENIED, "denied", false },
	{ ERROR_TRY_LATER, "try-later", true },
	{ ERROR_FULL, "full", true },
	{ ERROR_CORRUPT, "corrupt", true },
	{ ERROR_SYSTEM, "system", true },
	{ ERROR_CLOSED, "closed", true },
};

int main(void)
{
	struct error err = { 0 };
	char longer[600];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct error e = { .kind = kinds[i].kind };
		CHECK_ROW(error_is_temporary(&e) == kinds[i].temporary, kinds[i].name);
		CHECK_TEXT(error_kind_name(kinds[i].kind), kinds[i].name, "the name for logs");
	}
	CHECK(!error_set(NULL, ERROR_LIMIT, "nobody asks"));
	CHECK(!error_set(&err, ERROR_LIMIT, "more than %d\r\n", 5) && err.kind == ERROR_LIMIT);
	CHECK_TEXT(err.text, "more than 5\\x0d\\x0a", "the text is printable");
	CHECK(!error_prefix(&err, "line %d", 3));
	CHECK_TEXT(err.text, "line 3: more than 5\\x0d\\x0a", "the context stands in front");
	CHECK(!error_set(&err, ERROR_SYNTAX, "again: %s", err.text));
	CHECK_TEXT(err.text, "again: line 3: more than 5\\x0d\\x0a", "its own text may be an argument");
	CHECK(!error_set_errno(&err, ENOENT, "%s", "posta.conf") && err.kind == ERROR_SYSTEM && err.sys_errno == ENOENT);
	CHECK_TEXT(err.text, "posta.conf: No such file or directory", "the system's reason is added");
	CHECK(!error_set_errno(&err, ENOSPC, "write") && err.kind == ERROR_FULL);
	CHECK(!error_set_errno(&err, EDQUOT, "write") && err.kind == ERROR_FULL);
	for (size_t i = 0; i + 2 < sizeof longer; i += 2)
		memcpy(longer + i, "\xc3\xa4", 3);
	for (const char *const *start = (const char *const[]){ "", "x", NULL }; *start != NULL; start++) {
		error_set(&err, ERROR_SYNTAX, "%s%s is not an address", *start, longer);
		CHECK(strlen(err.text) >= 236 && strlen(err.text) <= 239 && text_is_utf8(bytes_text(err.text)));
		CHECK(bytes_starts(bytes_text(err.text), bytes_text(*start)) && strstr(err.text, "\xe2\x80\xa6") != NULL);
		CHECK(bytes_ends_nocase(bytes_text(err.text), BYTES("\xc3\xa4 is not an address")));
	}
	error_clear(&err);
	CHECK(err.kind == ERROR_NONE && err.text[0] == '\0');
	return check_finish();
}
