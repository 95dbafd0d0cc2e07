/* net_dns_data: what the data of a record holds, by type: a table of fields, for checking, decompressing and showing.  RFC 1035 3.3, 3596, 2782, 4034, 6698. */
#ifndef NETCORE_NET_DNS_DATA_H
#define NETCORE_NET_DNS_DATA_H

#include "base/buffer.h"
#include "netcore/net_dns_name.h"

enum net_dns_type {
	NET_DNS_A = 1, NET_DNS_NS = 2, NET_DNS_CNAME = 5, NET_DNS_SOA = 6, NET_DNS_PTR = 12, NET_DNS_MX = 15, NET_DNS_TXT = 16,
	NET_DNS_AAAA = 28, NET_DNS_SRV = 33, NET_DNS_OPT = 41, NET_DNS_DS = 43, NET_DNS_RRSIG = 46, NET_DNS_NSEC = 47,
	NET_DNS_DNSKEY = 48, NET_DNS_TLSA = 52, NET_DNS_ANY = 255,
};

#define NET_DNS_TYPE_TEXT 16
/* "MX", or "TYPE999" (RFC 3597); -1 when it is neither. */
int net_dns_type_parse(const char *text);
const char *net_dns_type_format(unsigned type, char text[NET_DNS_TYPE_TEXT]);

/*
 * Append the data message[at..at+len) of a record with its names uncompressed.  DATA when it does not fit its type; types that
 * are not in the table are copied.
 */
enum net_dns_status net_dns_data_read(unsigned type, struct bytes message, size_t at, size_t len, struct buffer *out);
/* As a zone file has it; data as net_dns_data_read made it (or as it came: then \# and hexadecimal digits).  RFC 3597 5. */
void net_dns_data_format(unsigned type, struct bytes data, struct buffer *out);
/* Offset of the one name that other names may be sorted out by: where a PTR, NS, CNAME, MX or SRV points.  False for other types. */
bool net_dns_data_target(unsigned type, struct bytes data, struct net_dns_name *target);
/* Where in the data the names are that may be compressed when written (RFC 1035's own types only, RFC 3597 4): offsets of at most two; returns how many. */
size_t net_dns_data_compressible(unsigned type, struct bytes data, size_t at[2]);

#endif
