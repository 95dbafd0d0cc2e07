/* Guesses are stopped by address and by the network around it; other networks and later days are not. */
#include "auth/guess_limit.h"

#include <string.h>

#include "tests/support/check.h"

static void fail_often(struct guess_limit *l, const unsigned char *octets, size_t len, int n, int64_t now_ms)
{
	for (int i = 0; i < n; i++)
		guess_limit_count_failure(l, octets, len, now_ms);
}

static void minute_and_day(void)
{
	struct guess_limit *l = guess_limit_create();
	const unsigned char a[4] = { 192, 0, 2, 1 }, near[4] = { 192, 0, 2, 2 }, far[4] = { 198, 51, 100, 1 };
	int64_t now = 1;

	fail_often(l, a, 4, 9, now);
	CHECK_ROW(guess_limit_allows(l, a, 4, now), "nine guesses");
	fail_often(l, a, 4, 1, now);
	CHECK_ROW(!guess_limit_allows(l, a, 4, now), "the tenth of a minute closes the address");
	CHECK_ROW(guess_limit_allows(l, near, 4, now), "not its neighbour");
	now += 60000;
	CHECK_ROW(guess_limit_allows(l, a, 4, now), "open again after a minute");
	for (int i = 0; i < 5; i++, now += 60000)
		fail_often(l, a, 4, 8, now);
	CHECK_ROW(!guess_limit_allows(l, a, 4, now), "50 a day close it for the day");
	CHECK_ROW(guess_limit_allows(l, far, 4, now), "not another network");
	CHECK_ROW(guess_limit_allows(l, a, 4, now + INT64_C(86400000)), "open again the day after");
	guess_limit_destroy(l);
}

static void networks(void)
{
	struct guess_limit *l = guess_limit_create();

	for (unsigned char i = 0; i < 30; i++)
		fail_often(l, (const unsigned char[4]){ 10, 0, 0, i }, 4, 1, 1);
	CHECK_ROW(!guess_limit_allows(l, (const unsigned char[4]){ 10, 0, 0, 60 }, 4, 1), "30 from a /26 close it");
	CHECK_ROW(guess_limit_allows(l, (const unsigned char[4]){ 10, 0, 0, 64 }, 4, 1), "the next /26 is open");
	for (unsigned char i = 0; i < 60; i++)
		fail_often(l, (const unsigned char[4]){ 10, 0, (unsigned char)(i % 4), (unsigned char)(64 + i) }, 4, 1, 1);
	CHECK_ROW(!guess_limit_allows(l, (const unsigned char[4]){ 10, 0, 7, 200 }, 4, 1), "90 from a /21 close it");
	CHECK_ROW(guess_limit_allows(l, (const unsigned char[4]){ 10, 0, 8, 1 }, 4, 1), "the next /21 is open");
	guess_limit_destroy(l);
}

static void version_six(void)
{
	struct guess_limit *l = guess_limit_create();
	unsigned char a[16] = { 0x20, 1, 0xd, 0xb8, 0, 1, 0, 1 }, b[16];
	unsigned char mapped[16] = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1 };

	memcpy(b, a, 16);
	b[15] = 9;
	fail_often(l, a, 16, 10, 1);
	CHECK_ROW(!guess_limit_allows(l, b, 16, 1), "a /64 is one guesser");
	b[7] = 2;
	CHECK_ROW(guess_limit_allows(l, b, 16, 1), "the next /64 is another");
	fail_often(l, mapped, 16, 10, 1);
	CHECK_ROW(!guess_limit_allows(l, mapped + 12, 4, 1), "a mapped address is its IPv4 address");
	CHECK_ROW(guess_limit_allows(l, a, 0, 1), "a Unix socket has no address");
	guess_limit_destroy(l);
}

int main(void)
{
	minute_and_day();
	networks();
	version_six();
	return check_finish();
}
