#include "netcore/net_addr.h"
#include "tests/unit/netcore/rig.h"

static const struct addr_case {
	const char *text, *formatted, *ip;      /* formatted NULL: refused */
	int family, port;
	bool loopback;
} addr_cases[] = {
	{ "127.0.0.1:25",            "127.0.0.1:25",      "127.0.0.1",   AF_INET,  25,    true },
	{ "10.1.2.3:65535",          "10.1.2.3:65535",    "10.1.2.3",    AF_INET,  65535, false },
	{ "0.0.0.0:0",               "0.0.0.0:0",         "0.0.0.0",     AF_INET,  0,     false },
	{ "[::1]:143",               "[::1]:143",         "::1",         AF_INET6, 143,   true },
	{ "[2001:DB8::0:1]:993",     "[2001:db8::1]:993", "2001:db8::1", AF_INET6, 993,   false },
	{ "[::ffff:127.0.0.9]:25",   "127.0.0.9:25",      "127.0.0.9",   AF_INET6, 25,    true },
	{ "[fe80::1%1]:25",          "[fe80::1%1]:25",    "fe80::1%1",   AF_INET6, 25,    false },
	{ "unix:/run/posta/lmtp",    "unix:/run/posta/lmtp", "unix:/run/posta/lmtp", AF_UNIX, -1, true },
	{ "unix:",                   NULL, NULL, 0, 0, false },
	{ "",                        NULL, NULL, 0, 0, false },
	{ "127.0.0.1",               NULL, NULL, 0, 0, false },
	{ "127.0.0.1:",              NULL, NULL, 0, 0, false },
	{ "127.0.0.1:65536",         NULL, NULL, 0, 0, false },
	{ "127.0.0.1:-1",            NULL, NULL, 0, 0, false },
	{ "127.0.0.1:25x",           NULL, NULL, 0, 0, false },
	{ "127.1:25",                NULL, NULL, 0, 0, false },
	{ "localhost:25",            NULL, NULL, 0, 0, false },
	{ "::1:25",                  NULL, NULL, 0, 0, false },
	{ "[::1]",                   NULL, NULL, 0, 0, false },
	{ "[::1:25",                 NULL, NULL, 0, 0, false },
	{ "[::1]25",                 NULL, NULL, 0, 0, false },
	{ "[127.0.0.1]:25",          NULL, NULL, 0, 0, false },
	{ "[::1%]:25",               NULL, NULL, 0, 0, false },
	{ "[::1%nosuchdevice]:25",   NULL, NULL, 0, 0, false },
	{ "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee]:25", NULL, NULL, 0, 0, false },
};

static void addresses_are_read_and_written(void)
{
	for (size_t i = 0; i < sizeof addr_cases / sizeof *addr_cases; i++) {
		const struct addr_case *c = &addr_cases[i];
		struct net_addr a = { 0 }, again;
		struct error err = { 0 };
		char text[NET_ADDR_TEXT];
		bool ok = net_addr_parse(c->text, &a, &err);
		CHECK_ROW(ok == (c->formatted != NULL), c->text);
		CHECK_ROW(ok || (err.kind != ERROR_NONE && err.text[0]), c->text);
		if (!ok)
			continue;
		CHECK_TEXT(net_addr_format(&a, text), c->formatted, c->text);
		CHECK_ROW(net_addr_parse(text, &again, &err), c->text);
		CHECK_TEXT(net_addr_format_ip(&a, text), c->ip, c->text);
		CHECK_ROW(net_addr_family(&a) == c->family && net_addr_port(&a) == c->port, c->text);
		CHECK_ROW(net_addr_is_loopback(&a) == c->loopback, c->text);
		CHECK_ROW(net_addr_equal(&a, &a), c->text);
		net_addr_set_port(&a, 7);
		CHECK_ROW(c->family == AF_UNIX || net_addr_port(&a) == 7, c->text);
	}
}

static const struct split_case {
	const char *text;
	int default_port;
	const char *host;               /* NULL: refused */
	int port;
} split_cases[] = {
	{ "mx.a.test:26",  25, "mx.a.test", 26 },
	{ "mx.a.test",     25, "mx.a.test", 25 },
	{ "[::1]:26",      25, "::1",       26 },
	{ "[::1]",         25, "::1",       25 },
	{ "::1",           25, "::1",       25 },
	{ "127.0.0.1",     25, "127.0.0.1", 25 },
	{ "mx.a.test",     -1, NULL,        0 },
	{ ":25",           25, NULL,        0 },
	{ "mx:smtp",       25, NULL,        0 },
	{ "a:b:25",        25, NULL,        0 },
	{ "a-host-name-longer-than-the-room-there-is.test:25", 25, NULL, 0 },
};

static void hosts_and_ports_are_split(void)
{
	for (size_t i = 0; i < sizeof split_cases / sizeof *split_cases; i++) {
		const struct split_case *c = &split_cases[i];
		struct error err = { 0 };
		char host[32];
		int port = -2;
		bool ok = net_addr_split(c->text, c->default_port, host, sizeof host, &port, &err);
		CHECK_ROW(ok == (c->host != NULL), c->text);
		if (ok) {
			CHECK_TEXT(host, c->host, c->text);
			CHECK_ROW(port == c->port, c->text);
		}
	}
}

static const struct cidr_case {
	const char *block, *addr;
	int contains;                   /* -1: the block is refused */
} cidr_cases[] = {
	{ "127.0.0.0/8",        "127.255.0.1:1",          1 },
	{ "127.0.0.0/8",        "128.0.0.1:1",            0 },
	{ "0.0.0.0/0",          "9.9.9.9:1",              1 },
	{ "0.0.0.0/0",          "[::1]:1",                0 },
	{ "10.1.2.3",           "10.1.2.3:1",             1 },
	{ "10.1.2.3",           "10.1.2.4:1",             0 },
	{ "10.1.2.128/25",      "10.1.2.127:1",           0 },
	{ "10.1.2.128/25",      "10.1.2.200:1",           1 },
	{ "::1",                "[::1]:1",                1 },
	{ "2001:db8::/32",      "[2001:db8:ffff::1]:1",   1 },
	{ "2001:db8::/33",      "[2001:db8:ffff::1]:1",   0 },
	{ "127.0.0.0/8",        "[::ffff:127.0.0.1]:1",   1 },
	{ "::ffff:10.0.0.0/104", "10.9.9.9:1",            1 },
	{ "::/0",               "unix:/x",                0 },
	{ "10.0.0.1/8",         "10.0.0.1:1",            -1 },
	{ "10.0.0.0/33",        "10.0.0.1:1",            -1 },
	{ "10.0.0.0/",          "10.0.0.1:1",            -1 },
	{ "10.0.0/8",           "10.0.0.1:1",            -1 },
	{ "",                   "10.0.0.1:1",            -1 },
	{ "::/129",             "[::1]:1",               -1 },
};

static void blocks_contain_addresses(void)
{
	for (size_t i = 0; i < sizeof cidr_cases / sizeof *cidr_cases; i++) {
		const struct cidr_case *c = &cidr_cases[i];
		struct error err = { 0 };
		struct net_cidr block;
		struct net_addr a = rig_addr(c->addr);
		bool ok = net_cidr_parse(c->block, &block, &err);
		CHECK_ROW(ok == (c->contains >= 0), c->block);
		CHECK_ROW(!ok || net_cidr_contains(&block, &a) == (c->contains == 1), c->block);
	}
}

int main(void)
{
	char path[200] = "unix:/";
	struct net_addr a = { 0 }, b = rig_addr("127.0.0.1:25"), c = rig_addr("127.0.0.1:26"), d = rig_addr("[::1]:25");
	struct error err = { 0 };

	addresses_are_read_and_written();
	hosts_and_ports_are_split();
	blocks_contain_addresses();
	CHECK(!net_addr_equal(&b, &c) && !net_addr_equal(&b, &d) && !net_addr_equal(&a, &b));
	memset(path + 6, 'x', 106);
	CHECK_ROW(net_addr_parse(path, &a, &err), "107 octets of path fit");
	memset(path + 6, 'x', 107);
	CHECK_ROW(!net_addr_parse(path, &a, &err) && err.kind == ERROR_LIMIT, "108 octets of path do not");
	return check_finish();
}
