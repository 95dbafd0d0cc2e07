#include "base/random.h"

#include <pthread.h>
#include <string.h>

#include "tests/support/check.h"

#define IDS 20000

static uint64_t ids[4][IDS];

static void *make_ids(void *to)
{
	uint64_t *at = to;

	for (int i = 0; i < IDS; i++)
		at[i] = random_time_id(1700000000000);
	return NULL;
}

/* Four threads in one millisecond: no two ids meet, because each thread's rise and the last is shared. */
static void check_time_ids(void)
{
	pthread_t threads[4];
	size_t at[4] = { 0 }, n = 0;
	uint64_t last = 0;
	bool rising = true;

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, make_ids, ids[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	/* merge the four: duplicates would stand side by side */
	for (; n < (size_t)4 * IDS; n++) {
		int least = -1;
		for (int i = 0; i < 4; i++) {
			if (at[i] < IDS && (least < 0 || ids[i][at[i]] < ids[least][at[least]]))
				least = i;
		}
		rising = rising && ids[least][at[least]] > last;
		last = ids[least][at[least]++];
	}
	CHECK(rising);
	CHECK((int64_t)last > 0 && last >> 22 >= 1700000000000);
	CHECK(random_time_id(1600000000000) > last);
	CHECK(random_time_id(1900000000000) >> 22 == 1900000000000);
}

int main(void)
{
	unsigned char a[64] = { 0 }, b[64] = { 0 };
	unsigned seen = 0;

	random_octets(a, sizeof a);
	random_octets(b, sizeof b);
	CHECK(memcmp(a, b, sizeof a) != 0);
	CHECK(random_u64() != random_u64());
	for (int i = 0; i < 1000; i++) {
		uint32_t value = random_below(7);
		CHECK(value < 7);
		seen |= 1u << value;
	}
	CHECK(seen == 0x7f && random_below(1) == 0);
	check_time_ids();
	return check_finish();
}
