/* net_addr: IPv4, IPv6 and Unix socket addresses as text and back; CIDR blocks. */
#ifndef NETCORE_NET_ADDR_H
#define NETCORE_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/error.h"

struct net_addr {
	socklen_t len;                  /* 0 = no address */
	struct sockaddr_storage storage;
};

#define NET_ADDR_TEXT 128               /* room for any formatted address */

/* "127.0.0.1:25", "[::1]:25", "unix:/path": numbers only, no look-up. */
bool net_addr_parse(const char *text, struct net_addr *, struct error *err);
/* "host:port" or "[v6]:port" in parts; host may be a name.  Port may be missing: default_port is used. */
bool net_addr_split(const char *text, int default_port, char *host, size_t host_size, int *port, struct error *err);
/* An IPv4 or IPv6 address without brackets or port.  False: it is none. */
bool net_addr_from_ip(const char *ip, int port, struct net_addr *);
/* The form net_addr_parse reads.  ::ffff:a.b.c.d prints as IPv4. */
const char *net_addr_format(const struct net_addr *, char text[NET_ADDR_TEXT]);
/* Without the port: for logs, limits and Received. */
const char *net_addr_format_ip(const struct net_addr *, char text[NET_ADDR_TEXT]);

int net_addr_family(const struct net_addr *);           /* AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC */
int net_addr_port(const struct net_addr *);             /* -1 when it has none */
void net_addr_set_port(struct net_addr *, int port);
bool net_addr_equal(const struct net_addr *, const struct net_addr *);
/* 127.0.0.0/8, ::1 and Unix sockets. */
bool net_addr_is_loopback(const struct net_addr *);
/* For system calls, with .len; valid as long as the address. */
const struct sockaddr *net_addr_sockaddr(const struct net_addr *);

#define NET_ADDR_PREFIX_MAX 17
/*
 * What addresses of one block have in common: the family and so many leading bits, the rest zero.  ::ffff:a.b.c.d counts as IPv4.
 * Returns the length, 0 for Unix sockets and no address.
 */
size_t net_addr_prefix(const struct net_addr *, unsigned v4_bits, unsigned v6_bits, unsigned char prefix[NET_ADDR_PREFIX_MAX]);

struct net_cidr {
	int family;
	unsigned bits;
	unsigned char octets[16];
};

/* "10.0.0.0/8", "::1" (a whole address). */
bool net_cidr_parse(const char *text, struct net_cidr *, struct error *err);
/* A v4-mapped IPv6 address is compared as IPv4. */
bool net_cidr_contains(const struct net_cidr *, const struct net_addr *);

#endif
