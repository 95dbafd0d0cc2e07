#include "netcore/net_addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

static struct sockaddr_in *v4(const struct net_addr *a)
{
	return (struct sockaddr_in *)(void *)(uintptr_t)&a->storage;
}

static struct sockaddr_in6 *v6(const struct net_addr *a)
{
	return (struct sockaddr_in6 *)(void *)(uintptr_t)&a->storage;
}

static struct sockaddr_un *local(const struct net_addr *a)
{
	return (struct sockaddr_un *)(void *)(uintptr_t)&a->storage;
}

int net_addr_family(const struct net_addr *a)
{
	return a->len ? a->storage.ss_family : AF_UNSPEC;
}

const struct sockaddr *net_addr_sockaddr(const struct net_addr *a)
{
	return (const struct sockaddr *)(const void *)&a->storage;
}

/* The path's octets; empty for an unnamed socket. */
static struct bytes unix_path(const struct net_addr *a)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);

	if (a->len <= start)
		return (struct bytes){ "", 0 };
	return (struct bytes){ local(a)->sun_path, strnlen(local(a)->sun_path, a->len - start) };
}

/* The 4 or 16 octets that matter; a v4-mapped IPv6 address counts as IPv4. */
static const unsigned char *ip_octets(const struct net_addr *a, int *family)
{
	*family = net_addr_family(a);
	if (*family == AF_INET)
		return (const unsigned char *)&v4(a)->sin_addr;
	if (*family != AF_INET6)
		return NULL;
	const unsigned char *octets = v6(a)->sin6_addr.s6_addr;
	if (IN6_IS_ADDR_V4MAPPED(&v6(a)->sin6_addr)) {
		*family = AF_INET;
		return octets + 12;
	}
	return octets;
}

static bool parse_unix(const char *path, struct net_addr *a, struct error *err)
{
	size_t len = strlen(path);

	if (len == 0)
		return error_set(err, ERROR_SYNTAX, "unix: needs a path");
	if (len >= sizeof local(a)->sun_path)
		return error_set(err, ERROR_LIMIT, "the path of a Unix socket has at most %zu octets, not %zu",
		                 sizeof local(a)->sun_path - 1, len);
	*a = (struct net_addr){ .len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1) };
	local(a)->sun_family = AF_UNIX;
	memcpy(local(a)->sun_path, path, len + 1);
	return true;
}

static bool parse_scope(const char *text, uint32_t *scope)
{
	uint64_t number;

	if (bytes_to_u64(bytes_text(text), UINT32_MAX, &number))
		*scope = (uint32_t)number;
	else
		*scope = if_nametoindex(text);
	return *scope != 0;
}

bool net_addr_from_ip(const char *ip, int port, struct net_addr *a)
{
	struct net_addr found = { .len = sizeof(struct sockaddr_in) };
	char address[INET6_ADDRSTRLEN];

	assert(port >= 0 && port <= 65535);
	if (inet_pton(AF_INET, ip, &v4(&found)->sin_addr) == 1) {
		found.storage.ss_family = AF_INET;
		v4(&found)->sin_port = htons((uint16_t)port);
		*a = found;
		return true;
	}
	struct bytes rest = bytes_text(ip), front;
	bool scoped = bytes_cut(&rest, '%', &front);
	found = (struct net_addr){ .len = sizeof(struct sockaddr_in6) };
	if (!bytes_copy_text(front, address, sizeof address) || inet_pton(AF_INET6, address, &v6(&found)->sin6_addr) != 1)
		return false;
	if (scoped && !parse_scope(ip + front.len + 1, &v6(&found)->sin6_scope_id))
		return false;
	found.storage.ss_family = AF_INET6;
	v6(&found)->sin6_port = htons((uint16_t)port);
	*a = found;
	return true;
}

static bool parse_port(struct bytes text, int *port, struct error *err)
{
	uint64_t number;

	if (!bytes_to_u64(text, 65535, &number))
		return error_set(err, ERROR_SYNTAX, "\"%.*s\" is not a port (0 to 65535)", BYTES_PRINT(bytes_slice(text, 0, 40)));
	*port = (int)number;
	return true;
}

bool net_addr_split(const char *text, int default_port, char *host, size_t host_size, int *port, struct error *err)
{
	struct bytes rest = bytes_text(text), name;
	bool has_port;
	struct net_addr a;

	if (bytes_starts(rest, BYTES("["))) {
		rest = bytes_skip(rest, 1);
		if (!bytes_cut(&rest, ']', &name))
			return error_set(err, ERROR_SYNTAX, "\"[\" without \"]\" in an address");
		has_port = bytes_starts(rest, BYTES(":"));
		if (!has_port && rest.len > 0)
			return error_set(err, ERROR_SYNTAX, "after \"]\" only \":port\" may follow");
		rest = bytes_skip(rest, 1);
	} else if (net_addr_from_ip(text, 0, &a)) {
		name = rest;                    /* "::1" alone: its colons are not a port's */
		has_port = false;
	} else {
		has_port = bytes_cut(&rest, ':', &name);
	}
	if (name.len == 0)
		return error_set(err, ERROR_SYNTAX, "an address needs a host");
	if (!has_port && default_port < 0)
		return error_set(err, ERROR_SYNTAX, "an address needs a port (host:port)");
	int found = default_port;
	if (has_port && !parse_port(rest, &found, err))
		return false;
	if (!bytes_copy_text(name, host, host_size))
		return error_set(err, ERROR_LIMIT, "the host name is too long");
	*port = found;
	return true;
}

bool net_addr_parse(const char *text, struct net_addr *a, struct error *err)
{
	char host[64] = "";
	int port = 0;

	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, a, err);
	if (!net_addr_split(text, -1, host, sizeof host, &port, err))
		return false;
	/* Brackets are for IPv6: [127.0.0.1]:25 is a slip of the pen. */
	bool bracketed = text[0] == '[';
	if (bracketed != (strchr(host, ':') != NULL) || !net_addr_from_ip(host, port, a))
		return error_set(err, ERROR_SYNTAX, "\"%.63s\" is not an IP address (names are not looked up here)", host);
	return true;
}

const char *net_addr_format_ip(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
	int family;
	const unsigned char *octets = ip_octets(a, &family);

	text[0] = '\0';
	if (family == AF_UNIX) {
		struct bytes path = unix_path(a);
		snprintf(text, NET_ADDR_TEXT, "unix:%.*s", BYTES_PRINT(path));
	} else if (octets) {
		inet_ntop(family, octets, text, NET_ADDR_TEXT);
		if (family == AF_INET6 && v6(a)->sin6_scope_id)
			snprintf(text + strlen(text), 16, "%%%u", (unsigned)v6(a)->sin6_scope_id);
	} else {
		snprintf(text, NET_ADDR_TEXT, "unknown");
	}
	return text;
}

const char *net_addr_format(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
	char ip[NET_ADDR_TEXT];
	int port = net_addr_port(a);

	if (port < 0)
		return net_addr_format_ip(a, text);
	net_addr_format_ip(a, ip);
	snprintf(text, NET_ADDR_TEXT, strchr(ip, ':') ? "[%.100s]:%d" : "%.100s:%d", ip, port);
	return text;
}

int net_addr_port(const struct net_addr *a)
{
	switch (net_addr_family(a)) {
	case AF_INET:
		return ntohs(v4(a)->sin_port);
	case AF_INET6:
		return ntohs(v6(a)->sin6_port);
	default:
		return -1;
	}
}

void net_addr_set_port(struct net_addr *a, int port)
{
	assert(port >= 0 && port <= 65535);
	if (net_addr_family(a) == AF_INET)
		v4(a)->sin_port = htons((uint16_t)port);
	else if (net_addr_family(a) == AF_INET6)
		v6(a)->sin6_port = htons((uint16_t)port);
}

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
	if (net_addr_family(a) != net_addr_family(b) || net_addr_port(a) != net_addr_port(b))
		return false;
	switch (net_addr_family(a)) {
	case AF_INET:
		return v4(a)->sin_addr.s_addr == v4(b)->sin_addr.s_addr;
	case AF_INET6:
		return memcmp(&v6(a)->sin6_addr, &v6(b)->sin6_addr, 16) == 0 && v6(a)->sin6_scope_id == v6(b)->sin6_scope_id;
	case AF_UNIX:
		return bytes_equal(unix_path(a), unix_path(b));
	default:
		return true;
	}
}

bool net_addr_is_loopback(const struct net_addr *a)
{
	int family;
	const unsigned char *octets = ip_octets(a, &family);

	if (family == AF_INET)
		return octets[0] == 127;
	if (family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6(a)->sin6_addr);
	return family == AF_UNIX;
}

size_t net_addr_prefix(const struct net_addr *a, unsigned v4_bits, unsigned v6_bits, unsigned char prefix[NET_ADDR_PREFIX_MAX])
{
	int family;
	const unsigned char *octets = ip_octets(a, &family);
	size_t len = family == AF_INET ? 4 : 16;
	unsigned bits = family == AF_INET ? v4_bits : v6_bits;

	if (octets == NULL)
		return 0;
	prefix[0] = family == AF_INET ? 4 : 6;
	for (size_t i = 0; i < len; i++) {
		unsigned kept = bits >= 8 * (i + 1) ? 8 : bits > 8 * i ? bits - 8 * (unsigned)i : 0;
		prefix[1 + i] = (unsigned char)(octets[i] & (0xff00u >> kept));
	}
	return 1 + len;
}

static bool bits_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & (0xff00u >> rest) & 0xffu) == 0;
}

bool net_cidr_parse(const char *text, struct net_cidr *block, struct error *err)
{
	struct bytes rest = bytes_text(text), front;
	bool has_bits = bytes_cut(&rest, '/', &front);
	char ip[64];
	struct net_addr a;
	struct net_cidr found = { 0 };

	if (!bytes_copy_text(front, ip, sizeof ip) || !net_addr_from_ip(ip, 0, &a))
		return error_set(err, ERROR_SYNTAX, "\"%.60s\" is not an address block", text);
	unsigned max = net_addr_family(&a) == AF_INET ? 32 : 128;
	uint64_t bits = max;
	if (has_bits && !bytes_to_u64(rest, max, &bits))
		return error_set(err, ERROR_SYNTAX, "the prefix length of \"%.60s\" is not 0 to %u", text, max);
	const unsigned char *octets = ip_octets(&a, &found.family);
	if (max == 128 && found.family == AF_INET) {
		if (bits < 96)
			return error_set(err, ERROR_SYNTAX, "\"%.60s\" mixes IPv4 and IPv6", text);
		bits -= 96;
		max = 32;
	}
	found.bits = (unsigned)bits;
	memcpy(found.octets, octets, max / 8);
	for (unsigned bit = found.bits; bit < max; bit++)
		if (found.octets[bit / 8] >> (7 - bit % 8) & 1)
			return error_set(err, ERROR_SYNTAX, "\"%.60s\" has address bits beyond its prefix length", text);
	*block = found;
	return true;
}

bool net_cidr_contains(const struct net_cidr *block, const struct net_addr *a)
{
	int family;
	const unsigned char *octets = ip_octets(a, &family);

	return octets != NULL && family == block->family && bits_equal(octets, block->octets, block->bits);
}
