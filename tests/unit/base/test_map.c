#include "base/map.h"

#include <stdio.h>

#include "tests/support/check.h"

#define KEYS 5000

static struct bytes key_of(int i, char text[16])
{
	snprintf(text, 16, "key-%d", i);
	return bytes_text(text);
}

/* Keys come and go; what is left is found, what went is not, and a walk meets each once. */
static void check_many(void)
{
	static int values[KEYS], met[KEYS];
	struct map *map = map_create();
	char text[16];
	bool found = true, gone = true;
	size_t cursor = 0, wrong = 0;
	struct bytes key;
	void *value;

	for (int i = 0; i < KEYS; i++)
		CHECK(map_put(map, key_of(i, text), &values[i]) == NULL);
	for (int i = 0; i < KEYS; i += 3)
		CHECK(map_remove(map, key_of(i, text)) == &values[i]);
	for (int i = 0; i < KEYS; i++) {
		void *got = map_get(map, key_of(i, text));
		found = found && (i % 3 == 0 || got == &values[i]);
		gone = gone && (i % 3 != 0 || got == NULL);
	}
	CHECK(found && gone);
	CHECK(map_count(map) == KEYS - (KEYS + 2) / 3);
	while (map_next(map, &cursor, &key, &value)) {
		met[(int *)value - values]++;
		CHECK(map_remove(map, key) == value);
	}
	for (int i = 0; i < KEYS; i++)
		wrong += met[i] != (i % 3 != 0);
	CHECK(wrong == 0 && map_count(map) == 0);
	map_destroy(map);
}

/* A map that stays small under endless turnover does not grow or slow down. */
static void check_turnover(void)
{
	struct map *map = map_create();
	char text[16];
	int value = 0;

	for (int i = 0; i < 100000; i++) {
		map_put(map, key_of(i, text), &value);
		map_remove(map, key_of(i - 5, text));
	}
	CHECK(map_count(map) == 5);
	map_destroy(map);
}

int main(void)
{
	struct map *map = map_create();
	int one = 1, two = 2;
	size_t cursor = 0;

	CHECK(map_get(map, BYTES("a")) == NULL && map_remove(map, BYTES("a")) == NULL && !map_next(map, &cursor, NULL, NULL));
	CHECK(map_put(map, BYTES("a"), &one) == NULL);
	CHECK(map_put(map, BYTES("a"), &two) == &one && map_count(map) == 1);
	CHECK(map_get(map, BYTES("A")) == NULL);
	map_put(map, BYTES("a\0b"), &one);
	map_put(map, BYTES(""), &one);
	CHECK(map_get(map, BYTES("a")) == &two && map_get(map, BYTES("a\0b")) == &one && map_get(map, BYTES("")) == &one);
	map_destroy(map);
	map_destroy(NULL);
	CHECK(map_hash(BYTES("abc")) == map_hash(BYTES("abc")));
	CHECK(map_hash(BYTES("")) != map_hash(BYTES("\0")) && map_hash(BYTES("12345678")) != map_hash(BYTES("12345678\0")));
	check_many();
	check_turnover();
	return check_finish();
}
