/* net_dns_name: a domain name as labels and as text.  RFC 1035 2.3.4, 3.1, 5.1. */
#ifndef NETCORE_NET_DNS_NAME_H
#define NETCORE_NET_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

#define NET_DNS_NAME_MAX 255            /* octets on the wire, the root's included */
#define NET_DNS_LABEL_MAX 63
#define NET_DNS_NAME_TEXT 1024          /* room for any formatted name: four characters an octet */

/* Uncompressed labels, each after its length, the empty one last: always whole.  Zero-initialised it is no name; net_dns_name_root makes the root. */
struct net_dns_name {
	unsigned char len;              /* octets used, 1 for the root */
	unsigned char at[NET_DNS_NAME_MAX];
};

void net_dns_name_root(struct net_dns_name *);
/* "mail.test" or "mail.test.": always absolute.  "\." is a dot inside a label, "\DDD" any octet. */
bool net_dns_name_parse(const char *text, struct net_dns_name *, struct error *err);
/* With a final dot, everything but printable ASCII as \DDD. */
const char *net_dns_name_format(const struct net_dns_name *, char text[NET_DNS_NAME_TEXT]);
/* Put a label in front: of 1 to 63 octets, any.  False when the name would be too long. */
bool net_dns_name_prepend(struct net_dns_name *, struct bytes label);

/* ASCII letters compare without case. */
bool net_dns_name_equal(const struct net_dns_name *, const struct net_dns_name *);
/* Is it the zone's name, or below it? */
bool net_dns_name_is_below(const struct net_dns_name *, const struct net_dns_name *zone);
size_t net_dns_name_labels(const struct net_dns_name *);        /* 0 for the root */
/* The first label; empty for the root. */
struct bytes net_dns_name_first(const struct net_dns_name *);
/* Without the first label; false for the root. */
bool net_dns_name_parent(const struct net_dns_name *, struct net_dns_name *parent);
/* In lower case: a key for tables. */
void net_dns_name_lower(struct net_dns_name *);

enum net_dns_status {
	NET_DNS_OK,
	NET_DNS_SHORT,                  /* something ends in the middle */
	NET_DNS_POINTER,                /* a compression pointer that does not lead back: loops are impossible */
	NET_DNS_LABEL,                  /* a label of an unknown kind */
	NET_DNS_LONG,                   /* a name over 255 octets */
	NET_DNS_DATA,                   /* the data is not what its type says */
};

/*
 * Read the name at message[*at], following compression pointers; *at moves behind it.  A pointer must lead to an earlier
 * place than any it was reached by, so that reading ends.  RFC 1035 4.1.4.
 */
enum net_dns_status net_dns_name_read(struct bytes message, size_t *at, struct net_dns_name *);
const char *net_dns_status_text(enum net_dns_status);

#endif
