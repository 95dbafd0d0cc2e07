#include "netcore/net_limit.h"
#include "tests/unit/netcore/rig.h"

/* One script of arrivals (+) and departures (-) against total 4, 2 an address, 192.0.2.0/24 exempt. */
static const struct limit_step {
	char what;
	const char *addr;
	enum net_limit_answer answer;
	const char *claim;
} steps[] = {
	{ '+', "10.0.0.1:1",            NET_LIMIT_OK,      "the first" },
	{ '+', "10.0.0.1:2",            NET_LIMIT_OK,      "the second, whatever its port" },
	{ '+', "10.0.0.1:3",            NET_LIMIT_ADDRESS, "the third is one too many" },
	{ '+', "[::ffff:10.0.0.1]:3",   NET_LIMIT_ADDRESS, "also in IPv6 clothes" },
	{ '+', "10.0.0.2:1",            NET_LIMIT_OK,      "another address" },
	{ '-', "10.0.0.1:1",            NET_LIMIT_OK,      "one leaves" },
	{ '+', "10.0.0.1:4",            NET_LIMIT_OK,      "one may come" },
	{ '+', "10.0.0.3:1",            NET_LIMIT_OK,      "the fourth in all" },
	{ '+', "10.0.0.4:1",            NET_LIMIT_TOTAL,   "the house is full" },
	{ '+', "192.0.2.1:1",           NET_LIMIT_TOTAL,   "exempt addresses count towards the total" },
	{ '-', "10.0.0.1:2",            NET_LIMIT_OK,      "leaving" },
	{ '-', "10.0.0.1:4",            NET_LIMIT_OK,      "leaving" },
	{ '-', "10.0.0.2:1",            NET_LIMIT_OK,      "leaving" },
	{ '-', "10.0.0.3:1",            NET_LIMIT_OK,      "leaving" },
	{ '+', "192.0.2.1:1",           NET_LIMIT_OK,      "an exempt address" },
	{ '+', "192.0.2.1:2",           NET_LIMIT_OK,      "an exempt address" },
	{ '+', "192.0.2.1:3",           NET_LIMIT_OK,      "has no bound of its own" },
	{ '-', "192.0.2.1:1",           NET_LIMIT_OK,      "leaving" },
	{ '-', "192.0.2.1:2",           NET_LIMIT_OK,      "leaving" },
	{ '-', "192.0.2.1:3",           NET_LIMIT_OK,      "leaving" },
	{ '+', "[2001:db8::1]:1",       NET_LIMIT_OK,      "one host's /64" },
	{ '+', "[2001:db8::2]:1",       NET_LIMIT_OK,      "one host's /64" },
	{ '+', "[2001:db8::3]:1",       NET_LIMIT_ADDRESS, "counts as one address" },
	{ '+', "[2001:db8:0:1::3]:1",   NET_LIMIT_OK,      "the next /64 does not" },
};

static void blocks_are_counted_together(void)
{
	struct net_limit *l = net_limit_create(0, 2, NULL, 0);
	struct net_addr one = rig_addr("10.0.0.1:1"), two = rig_addr("10.0.0.2:1"), next = rig_addr("10.0.1.1:1");
	struct net_addr six = rig_addr("[2001:db8:0:1::1]:1"), neighbour = rig_addr("[2001:db8:0:2::1]:1");

	net_limit_set_prefix(l, 24, 48);
	CHECK_ROW(net_limit_enter(l, &one) == NET_LIMIT_OK && net_limit_enter(l, &two) == NET_LIMIT_OK, "two of a /24");
	CHECK_ROW(net_limit_enter(l, &one) == NET_LIMIT_ADDRESS && net_limit_enter(l, &next) == NET_LIMIT_OK, "no third, but one of the next");
	CHECK_ROW(net_limit_enter(l, &six) == NET_LIMIT_OK && net_limit_enter(l, &neighbour) == NET_LIMIT_OK && net_limit_enter(l, &six) == NET_LIMIT_ADDRESS, "a /48");
	net_limit_leave(l, &two);
	CHECK_ROW(net_limit_enter(l, &one) == NET_LIMIT_OK, "one of the block left");
	net_limit_destroy(l);
}

int main(void)
{
	struct error err = { 0 };
	struct net_cidr exempt;

	CHECK(net_cidr_parse("192.0.2.0/24", &exempt, &err));
	struct net_limit *limit = net_limit_create(4, 2, &exempt, 1);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct net_addr a = rig_addr(steps[i].addr);
		if (steps[i].what == '-')
			net_limit_leave(limit, &a);
		else
			CHECK_ROW(net_limit_enter(limit, &a) == steps[i].answer, steps[i].claim);
	}
	net_limit_destroy(limit);
	net_limit_destroy(NULL);

	struct net_limit *open = net_limit_create(0, 0, NULL, 0);
	struct net_addr local = rig_addr("unix:/x"), a = rig_addr("10.0.0.1:1");
	for (int i = 0; i < 100; i++)
		CHECK_ROW(net_limit_enter(open, i % 2 ? &a : &local) == NET_LIMIT_OK, "0 is no bound");
	net_limit_change(open, 0, 51, NULL, 0);
	CHECK_ROW(net_limit_enter(open, &a) == NET_LIMIT_OK, "under a bound that came later, those who are in count");
	CHECK_ROW(net_limit_enter(open, &a) == NET_LIMIT_ADDRESS, "and the next is one too many");
	net_limit_change(open, 101, 51, NULL, 0);
	CHECK_ROW(net_limit_enter(open, &local) == NET_LIMIT_TOTAL, "a bound on all, too");
	net_limit_destroy(open);
	blocks_are_counted_together();
	return check_finish();
}
