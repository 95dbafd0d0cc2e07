#include "netcore/net_proxy_header.h"
#include "tests/unit/netcore/rig.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define OK NET_PROXY_HEADER_OK
#define BAD NET_PROXY_HEADER_BAD
#define MORE NET_PROXY_HEADER_MORE
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct proxy_case {
	const char *name, *text;
	size_t len;
	enum net_proxy_header_status status;
	const char *client, *server;    /* NULL: local */
	size_t used;
} cases[] = {
	{ "v1 IPv4", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\nEHLO"), OK, "192.0.2.1:4000", "192.0.2.2:25", 40 },
	{ "v1 IPv6", TEXT("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n"), OK, "[2001:db8::1]:65535", "[::1]:0", 36 },
	{ "v1 unknown", TEXT("PROXY UNKNOWN\r\n"), OK, NULL, NULL, 15 },
	{ "v1 unknown with words", TEXT("PROXY UNKNOWN a b c d\r\n"), OK, NULL, NULL, 23 },
	{ "v1 families mixed", TEXT("PROXY TCP4 ::1 ::1 1 2\r\n"), BAD, NULL, NULL, 0 },
	{ "v1 other family", TEXT("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), BAD, NULL, NULL, 0 },
	{ "v1 two spaces", TEXT("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"), BAD, NULL, NULL, 0 },
	{ "v1 port too large", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"), BAD, NULL, NULL, 0 },
	{ "v1 port with zero in front", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"), BAD, NULL, NULL, 0 },
	{ "v1 word too many", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"), BAD, NULL, NULL, 0 },
	{ "v1 scope", TEXT("PROXY TCP6 fe80::1%1 ::1 1 2\r\n"), BAD, NULL, NULL, 0 },
	{ "v1 bare LF", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"), BAD, NULL, NULL, 0 },
	{ "v1 without end", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2"), MORE, NULL, NULL, 0 },
	{ "v1 longer than any", TEXT("PROXY UNKNOWN 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"), BAD, NULL, NULL, 0 },
	{ "v1 lower case", TEXT("proxy TCP4"), BAD, NULL, NULL, 0 },
	{ "nothing yet", TEXT(""), MORE, NULL, NULL, 0 },
	{ "the beginning of v2", TEXT("\r\n\r"), MORE, NULL, NULL, 0 },
	{ "a client's EHLO", TEXT("EHLO x\r\n"), BAD, NULL, NULL, 0 },
	{ "a client's empty line", TEXT("\r\nx"), BAD, NULL, NULL, 0 },
	{ "v2 IPv4", TEXT(SIGNATURE "\x21\x11\0\x0c" "\xc0\0\2\1" "\xc0\0\2\2" "\x0f\xa0" "\0\x19" "rest"), OK, "192.0.2.1:4000", "192.0.2.2:25", 28 },
	{ "v2 IPv4 with an extension", TEXT(SIGNATURE "\x21\x11\0\x0f" "\xc0\0\2\1" "\xc0\0\2\2" "\x0f\xa0" "\0\x19" "\4\0\0"), OK, "192.0.2.1:4000", "192.0.2.2:25", 31 },
	{ "v2 IPv6", TEXT(SIGNATURE "\x21\x21\0\x24" "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" "\0\1" "\0\2"), OK,
	  "[2001:db8::1]:1", "[::1]:2", 52 },
	{ "v2 local", TEXT(SIGNATURE "\x20\0\0\0"), OK, NULL, NULL, 16 },
	{ "v2 local with octets", TEXT(SIGNATURE "\x20\x11\0\2xx"), OK, NULL, NULL, 18 },
	{ "v2 unspecified", TEXT(SIGNATURE "\x21\0\0\0"), OK, NULL, NULL, 16 },
	{ "v2 addresses cut", TEXT(SIGNATURE "\x21\x11\0\x0b" "\xc0\0\2\1" "\xc0\0\2\2" "\x0f\xa0" "\0"), BAD, NULL, NULL, 0 },
	{ "v2 not all there", TEXT(SIGNATURE "\x21\x11\0\x0c" "\xc0\0\2\1"), MORE, NULL, NULL, 0 },
	{ "v2 version 1", TEXT(SIGNATURE "\x11\x11\0\0"), BAD, NULL, NULL, 0 },
	{ "v2 command 2", TEXT(SIGNATURE "\x22\x11\0\0"), BAD, NULL, NULL, 0 },
	{ "v2 family 4", TEXT(SIGNATURE "\x21\x41\0\0"), BAD, NULL, NULL, 0 },
	{ "v2 transport 3", TEXT(SIGNATURE "\x21\x13\0\0"), BAD, NULL, NULL, 0 },
	{ "v2 longer than is read", TEXT(SIGNATURE "\x21\x11\xff\xff"), BAD, NULL, NULL, 0 },
};

/* Cut anywhere, a good header waits for more, and a bad one never becomes good. */
static void cuts_wait(const struct proxy_case *c)
{
	struct net_proxy_header h = { 0 };
	size_t used;

	for (size_t cut = 0; cut < c->used; cut++)
		CHECK_ROW(net_proxy_header_parse(bytes_of(c->text, cut), &h, &used) == MORE, c->name);
}

static void unix_paths_are_taken(void)
{
	char text[16 + 216] = SIGNATURE "\x21\x31\0\xd8";
	struct net_proxy_header h = { 0 };
	size_t used = 0;
	char shown[NET_ADDR_TEXT];

	memcpy(text + 16, "/run/a", 6);
	memcpy(text + 16 + 108, "/run/b", 6);
	CHECK_ROW(net_proxy_header_parse(bytes_of(text, sizeof text), &h, &used) == OK && used == sizeof text, "v2 Unix");
	CHECK_TEXT(net_addr_format(&h.client, shown), "unix:/run/a", "client");
	CHECK_TEXT(net_addr_format(&h.server, shown), "unix:/run/b", "server");
	memset(text + 16, 'x', 108);
	CHECK_ROW(net_proxy_header_parse(bytes_of(text, sizeof text), &h, &used) == OK && strlen(net_addr_format(&h.client, shown)) < NET_ADDR_TEXT, "a path without its end");
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct proxy_case *c = &cases[i];
		struct net_proxy_header h = { 0 };
		char text[NET_ADDR_TEXT];
		size_t used = 0;
		CHECK_ROW(net_proxy_header_parse(bytes_of(c->text, c->len), &h, &used) == c->status && used == c->used, c->name);
		cuts_wait(c);
		if (c->status != OK)
			continue;
		CHECK_ROW(h.is_local == (c->client == NULL), c->name);
		if (c->client) {
			CHECK_TEXT(net_addr_format(&h.client, text), c->client, c->name);
			CHECK_TEXT(net_addr_format(&h.server, text), c->server, c->name);
		}
	}
	unix_paths_are_taken();
	return check_finish();
}
