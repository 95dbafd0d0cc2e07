#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

/* A buffer that grew octet by octet holds what was added, with a NUL behind it. */
static void check_growth(void)
{
	struct buffer b = { 0 };
	bool terminated = true;

	for (int i = 0; i < 1000; i++) {
		buffer_add_octet(&b, (char)('a' + i % 26));
		terminated = terminated && b.at[b.len] == '\0';
	}
	CHECK(terminated);
	CHECK(b.len == 1000 && b.at[999] == (char)('a' + 999 % 26));
	buffer_drop(&b, 990);
	CHECK_TEXT(b.at, "cdefghijkl", "the rest moves to the front");
	buffer_truncate(&b, 3);
	CHECK_TEXT(b.at, "cde", "the end is cut");
	buffer_clear(&b);
	CHECK(b.len == 0 && b.at != NULL && b.at[0] == '\0');
	buffer_release(&b);
	CHECK(b.at == NULL);
}

static void check_adding(void)
{
	struct buffer b = { 0 };
	char longer[300];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	buffer_add_text(&b, "one ");
	buffer_add_bytes(&b, BYTES("two "));
	buffer_printf(&b, "%d ", 3);
	buffer_add_u64(&b, 0);
	buffer_add_octet(&b, ' ');
	buffer_add_u64(&b, UINT64_MAX);
	buffer_add(&b, NULL, 0);
	CHECK_TEXT(b.at, "one two 3 0 18446744073709551615", "every way to add");
	buffer_clear(&b);
	buffer_printf(&b, "<%s>", longer);
	CHECK(b.len == 301 && b.at[0] == '<' && b.at[300] == '>');
	memcpy(buffer_reserve(&b, 2), "!?", 2);
	buffer_added(&b, 2);
	CHECK(b.len == 303 && strcmp(b.at + 300, ">!?") == 0);
	buffer_release(&b);
}

static void check_taking(void)
{
	struct buffer b = { 0 };
	size_t len = 9;
	char *at = buffer_take(&b, &len);

	CHECK(len == 0 && at != NULL && at[0] == '\0');
	free(at);
	buffer_add_text(&b, "mine");
	at = buffer_take(&b, &len);
	CHECK(len == 4 && strcmp(at, "mine") == 0 && b.at == NULL && b.len == 0 && b.capacity == 0);
	free(at);
}

int main(void)
{
	check_growth();
	check_adding();
	check_taking();
	return check_finish();
}
