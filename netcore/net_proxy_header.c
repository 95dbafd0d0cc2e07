#include "netcore/net_proxy_header.h"

#include <netinet/in.h>
#include <sys/un.h>

/* ---- version 1: PROXY TCP4 client server client-port server-port CRLF ---- */

/* An address as it is written by inet_ntop's rules and no others, of one family. */
static bool take_ip(struct bytes text, int family, struct net_addr *a)
{
	char ip[INET6_ADDRSTRLEN];

	return bytes_copy_text(text, ip, sizeof ip) && net_addr_from_ip(ip, 0, a) && net_addr_family(a) == family && bytes_find(text, '%') == text.len;
}

static bool take_port(struct bytes text, struct net_addr *a)
{
	uint64_t port;

	if ((text.len > 1 && text.at[0] == '0') || !bytes_to_u64(text, 65535, &port))
		return false;
	net_addr_set_port(a, (int)port);
	return true;
}

static bool parse_words(struct bytes line, struct net_proxy_header *h)
{
	struct bytes family, client, server, client_port;

	if (bytes_equal(line, BYTES("UNKNOWN")) || bytes_starts(line, BYTES("UNKNOWN ")))
		return h->is_local = true;
	if (!bytes_cut(&line, ' ', &family) || !bytes_cut(&line, ' ', &client) || !bytes_cut(&line, ' ', &server) || !bytes_cut(&line, ' ', &client_port))
		return false;
	int wanted = bytes_equal(family, BYTES("TCP4")) ? AF_INET : bytes_equal(family, BYTES("TCP6")) ? AF_INET6 : AF_UNSPEC;
	return wanted != AF_UNSPEC && take_ip(client, wanted, &h->client) && take_ip(server, wanted, &h->server) &&
	       take_port(client_port, &h->client) && take_port(line, &h->server);
}

static enum net_proxy_header_status parse_v1(struct bytes input, struct net_proxy_header *h, size_t *used)
{
	struct bytes front = bytes_slice(input, 0, NET_PROXY_HEADER_V1_MAX);
	size_t end = bytes_find(front, '\n');

	if (end == front.len)
		return front.len == NET_PROXY_HEADER_V1_MAX ? NET_PROXY_HEADER_BAD : NET_PROXY_HEADER_MORE;
	if (end == 0 || front.at[end - 1] != '\r')
		return NET_PROXY_HEADER_BAD;
	h->version = 1;
	if (!parse_words(bytes_slice(front, strlen("PROXY "), end - 1), h))
		return NET_PROXY_HEADER_BAD;
	*used = end + 1;
	return NET_PROXY_HEADER_OK;
}

/* ---- version 2: signature, version and command, family, length, addresses, extensions ---- */

#define V2_HEAD 16u
static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
#define SIGNATURE_LEN (sizeof signature - 1)

static void take_inet(const char *at, const char *port, struct net_addr *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	memcpy(&in.sin_addr, at, 4);
	memcpy(&in.sin_port, port, 2);
	*a = (struct net_addr){ .len = sizeof in };
	memcpy(&a->storage, &in, sizeof in);
}

static void take_inet6(const char *at, const char *port, struct net_addr *a)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6 };

	memcpy(&in.sin6_addr, at, 16);
	memcpy(&in.sin6_port, port, 2);
	*a = (struct net_addr){ .len = sizeof in };
	memcpy(&a->storage, &in, sizeof in);
}

#define UNIX_PATH_LEN 108u

static void take_unix(const char *at, struct net_addr *a)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	_Static_assert(sizeof un.sun_path >= UNIX_PATH_LEN, "room for the path");
	memcpy(un.sun_path, at, UNIX_PATH_LEN);
	un.sun_path[sizeof un.sun_path - 1] = '\0';
	*a = (struct net_addr){ .len = sizeof un };
	memcpy(&a->storage, &un, sizeof un);
}

/* The family's high half says which addresses there are; a family that is not known is skipped like UNKNOWN. */
static bool take_addresses(unsigned family, struct bytes rest, struct net_proxy_header *h)
{
	switch (family >> 4) {
	case 1:
		if (rest.len < 12)
			return false;
		take_inet(rest.at, rest.at + 8, &h->client);
		take_inet(rest.at + 4, rest.at + 10, &h->server);
		return true;
	case 2:
		if (rest.len < 36)
			return false;
		take_inet6(rest.at, rest.at + 32, &h->client);
		take_inet6(rest.at + 16, rest.at + 34, &h->server);
		return true;
	case 3:
		if (rest.len < 2 * UNIX_PATH_LEN)
			return false;
		take_unix(rest.at, &h->client);
		take_unix(rest.at + UNIX_PATH_LEN, &h->server);
		return true;
	default:
		h->is_local = true;
		return family >> 4 == 0;
	}
}

static enum net_proxy_header_status parse_v2(struct bytes input, struct net_proxy_header *h, size_t *used)
{
	if (input.len < V2_HEAD)
		return NET_PROXY_HEADER_MORE;
	unsigned version = (unsigned char)input.at[12], family = (unsigned char)input.at[13];
	size_t len = (size_t)((unsigned char)input.at[14] << 8 | (unsigned char)input.at[15]);
	if (version >> 4 != 2 || (version & 15) > 1 || V2_HEAD + len > NET_PROXY_HEADER_MAX)
		return NET_PROXY_HEADER_BAD;
	if (input.len < V2_HEAD + len)
		return NET_PROXY_HEADER_MORE;
	h->version = 2;
	*used = V2_HEAD + len;
	if ((version & 15) == 0) {
		h->is_local = true;
		return NET_PROXY_HEADER_OK;
	}
	return (family & 15) <= 2 && take_addresses(family, bytes_slice(input, V2_HEAD, *used), h) ? NET_PROXY_HEADER_OK : NET_PROXY_HEADER_BAD;
}

/* Is one the beginning of the other? */
static bool may_begin(struct bytes input, struct bytes with)
{
	size_t len = input.len < with.len ? input.len : with.len;

	return bytes_equal(bytes_slice(input, 0, len), bytes_slice(with, 0, len));
}

enum net_proxy_header_status net_proxy_header_parse(struct bytes input, struct net_proxy_header *header, size_t *used)
{
	struct net_proxy_header found = { 0 };
	struct bytes v1 = BYTES("PROXY "), v2 = { signature, SIGNATURE_LEN };
	size_t found_used = 0;
	enum net_proxy_header_status status;

	if (bytes_starts(input, v1))
		status = parse_v1(input, &found, &found_used);
	else if (bytes_starts(input, v2))
		status = parse_v2(input, &found, &found_used);
	else
		return may_begin(input, v1) || may_begin(input, v2) ? NET_PROXY_HEADER_MORE : NET_PROXY_HEADER_BAD;
	if (status == NET_PROXY_HEADER_OK) {
		*header = found;
		*used = found_used;
	}
	return status;
}
