/* A remembered success is for this name, password and record, and for a while. */
#include "auth/success_cache.h"

#include "tests/support/check.h"

int main(void)
{
	struct success_cache *c = success_cache_create(64, 1000);
	struct password_record r = { .iterations = 1 }, changed = { .iterations = 1, .salt = { 1 } };

	CHECK(!success_cache_has(c, BYTES("ann"), BYTES("x"), &r, 0));
	success_cache_add(c, BYTES("ann"), BYTES("x"), &r, 100);
	CHECK_ROW(success_cache_has(c, BYTES("ann"), BYTES("x"), &r, 1099), "remembered");
	CHECK_ROW(!success_cache_has(c, BYTES("ann"), BYTES("x"), &r, 1100), "only so long");
	CHECK_ROW(!success_cache_has(c, BYTES("ann"), BYTES("y"), &r, 200), "another password");
	CHECK_ROW(!success_cache_has(c, BYTES("an"), BYTES("nx"), &r, 200), "the border between name and password counts");
	CHECK_ROW(!success_cache_has(c, BYTES("ann"), BYTES("x"), &changed, 200), "a changed record is not served from memory");
	for (int i = 0; i < 5000; i++) {
		char name[2] = { (char)(i & 127), (char)(i >> 7) };
		success_cache_add(c, bytes_of(name, 2), BYTES("x"), &r, 300 + i);
		CHECK_ROW(success_cache_has(c, bytes_of(name, 2), BYTES("x"), &r, 300 + i), "the newest has room in a full cache");
	}
	success_cache_destroy(c);
	return check_finish();
}
