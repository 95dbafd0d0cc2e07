#include "netcore/net_rate.h"
#include "tests/unit/netcore/rig.h"

/* 60 a minute, a burst of 3, by /24 and /64. */
static const struct rate_step {
	const char *addr;
	int64_t now_ms;
	uint32_t tokens;
	bool ok;
	const char *claim;
} steps[] = {
	{ "10.0.0.1:1",          0,    1, true,  "the burst's first" },
	{ "10.0.0.1:2",          0,    2, true,  "its second and third, whatever the port" },
	{ "10.0.0.1:1",          0,    1, false, "no more at once" },
	{ "10.0.0.200:1",        0,    1, false, "its neighbour shares the bucket" },
	{ "[::ffff:10.0.0.1]:1", 0,    1, false, "also in IPv6 clothes" },
	{ "10.0.1.1:1",          0,    3, true,  "another block has its own" },
	{ "10.0.0.1:1",          999,  1, false, "almost a second" },
	{ "10.0.0.1:1",          1000, 1, true,  "a token a second" },
	{ "10.0.0.1:1",          500,  1, false, "time that runs backwards gives nothing" },
	{ "10.0.0.1:1",          3000, 3, false, "two are not three" },
	{ "10.0.0.1:1",          3000, 2, true,  "and were not taken by the refusal" },
	{ "10.0.0.1:1",          1000000000, 3, true,  "never more than the burst" },
	{ "10.0.0.1:1",          1000000000, 1, false, "however long the silence" },
	{ "[2001:db8::1]:1",     0,    3, true,  "IPv6" },
	{ "[2001:db8::2]:1",     0,    1, false, "of one /64" },
	{ "[2001:db8:0:1::1]:1", 0,    1, true,  "of the next" },
	{ "unix:/socket",        0,    3, true,  "Unix sockets" },
	{ "unix:/socket",        0,    3, true,  "are not counted" },
};

static void memory_is_bounded(void)
{
	struct net_rate *r = net_rate_create(&(struct net_rate_settings){ 1, 1, 32, 64 });
	char text[64];

	for (unsigned i = 0; i < NET_RATE_BUCKETS_MAX + 1000; i++) {
		snprintf(text, sizeof text, "10.%u.%u.%u:1", i >> 16, i >> 8 & 255, i & 255);
		struct net_addr a = rig_addr(text);
		net_rate_take(r, &a, 1, 0);
	}
	CHECK_ROW(net_rate_count(r) == NET_RATE_BUCKETS_MAX, "a flood of addresses finds no more buckets than these");
	struct net_addr a = rig_addr("192.0.2.1:1");
	for (int i = 0; i < 100; i++) {
		net_rate_take(r, &a, 0, 10 * 60000 + i);
		a = rig_addr(i % 2 ? "192.0.2.1:1" : "192.0.2.2:1");
	}
	CHECK_ROW(net_rate_count(r) < NET_RATE_BUCKETS_MAX, "full buckets are forgotten");
	net_rate_destroy(r);
}

int main(void)
{
	struct net_rate *r = net_rate_create(&(struct net_rate_settings){ 60, 3, 24, 64 });
	struct net_addr a = rig_addr("172.16.0.1:1");

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct net_addr at = rig_addr(steps[i].addr);
		CHECK_ROW(net_rate_take(r, &at, steps[i].tokens, steps[i].now_ms) == steps[i].ok, steps[i].claim);
	}
	CHECK_ROW(net_rate_take(r, &a, 3, 5000) && net_rate_wait_ms(r, &a, 2, 5000) == 2000 && net_rate_wait_ms(r, &a, 2, 7000) == 0, "how long to wait");
	net_rate_destroy(r);
	memory_is_bounded();
	return check_finish();
}
