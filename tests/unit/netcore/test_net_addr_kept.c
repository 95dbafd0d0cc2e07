#include <string.h>

#include "netcore/net_addr_kept.h"
#include "tests/support/check.h"

static void an_address_comes_back_as_it_was(const char *text)
{
	struct error err = { 0 };
	struct net_addr a;
	struct net_addr_kept kept = { 0 };

	CHECK_ROW(net_addr_parse(text, &a, &err), text);
	net_addr_kept_set(&kept, &a);
	const struct net_addr *whole = net_addr_kept_whole(&kept);
	CHECK_ROW(whole->len == a.len && memcmp(&whole->storage, &a.storage, a.len) == 0, text);
	CHECK_ROW(net_addr_kept_whole(&kept) == whole, text);
	net_addr_kept_release(&kept);
}

static void no_address_stays_none(void)
{
	struct net_addr none = { 0 };
	struct net_addr_kept kept = { 0 };

	net_addr_kept_set(&kept, &none);
	CHECK(net_addr_family(net_addr_kept_whole(&kept)) == AF_UNSPEC && net_addr_kept_whole(&kept)->len == 0);
	net_addr_kept_release(&kept);
}

int main(void)
{
	static const char *const texts[] = {
		"127.0.0.1:25", "[::1]:65535", "[fe80::1234:5678:9abc:def0]:1", "unix:/a",
		"unix:/a/path/that/is/a/good/deal/longer/than/any/address/of/the/internet/and/still/short/enough",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		an_address_comes_back_as_it_was(texts[i]);
	no_address_stays_none();
	return check_finish();
}
