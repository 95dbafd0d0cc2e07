#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "tests/support/check.h"

static const struct size_row {
	const char *claim;
	size_t size;
} sizes[] = {
	{ "nothing still has an address", 0 },
	{ "one octet", 1 },
	{ "just under a block", 1023 },
	{ "a whole block", 1024 },
	{ "more than the largest block", 200000 },
	{ "small again", 3 },
};

int main(void)
{
	struct arena arena = { 0 };

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			unsigned char *at = arena_alloc(&arena, sizes[i].size);
			bool zeroed = true;
			for (size_t k = 0; k < sizes[i].size; k++)
				zeroed = zeroed && at[k] == 0;
			CHECK_ROW(zeroed, sizes[i].claim);
			CHECK_ROW((uintptr_t)at % _Alignof(max_align_t) == 0, sizes[i].claim);
			if (sizes[i].size > 0)
				memset(at, 0xff, sizes[i].size);
		}
		CHECK_TEXT(arena_text(&arena, "kept"), "kept", "text is copied");
		CHECK_TEXT(arena_printf(&arena, "%d-%s", 7, "x"), "7-x", "text is formatted");
		struct bytes copy = arena_bytes(&arena, BYTES("a\0b"));
		CHECK(copy.len == 3 && memcmp(copy.at, "a\0b", 4) == 0);
		CHECK(arena.used > 200000);
		arena_reset(&arena);
		CHECK(arena.blocks == NULL && arena.used == 0);
	}
	return check_finish();
}
