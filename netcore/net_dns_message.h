/* net_dns_message: a whole DNS message read and written.  RFC 1035 4, EDNS of RFC 6891. */
#ifndef NETCORE_NET_DNS_MESSAGE_H
#define NETCORE_NET_DNS_MESSAGE_H

#include <stdint.h>

#include "base/arena.h"
#include "netcore/net_dns_data.h"

#define NET_DNS_MESSAGE_MAX 65535
#define NET_DNS_UDP_PLAIN 512           /* without EDNS */
#define NET_DNS_UDP_SIZE 1232           /* what we offer: fits any path without fragments */
#define NET_DNS_PORT 53
#define NET_DNS_IN 1

/* Flags of the header, as they stand on the wire. */
#define NET_DNS_RESPONSE 0x8000u
#define NET_DNS_AUTHORITATIVE 0x0400u
#define NET_DNS_TRUNCATED 0x0200u
#define NET_DNS_RECURSION_DESIRED 0x0100u
#define NET_DNS_RECURSION_AVAILABLE 0x0080u
#define NET_DNS_AUTHENTIC 0x0020u
#define NET_DNS_CHECKING_DISABLED 0x0010u
#define NET_DNS_OPCODE 0x7800u
#define NET_DNS_RCODE 0x000fu

enum net_dns_rcode { NET_DNS_NOERROR, NET_DNS_FORMERR, NET_DNS_SERVFAIL, NET_DNS_NXDOMAIN, NET_DNS_NOTIMP, NET_DNS_REFUSED };
/* "NXDOMAIN", or "RCODE9". */
const char *net_dns_rcode_format(unsigned rcode, char text[NET_DNS_TYPE_TEXT]);

enum net_dns_section { NET_DNS_ANSWER, NET_DNS_AUTHORITY, NET_DNS_ADDITIONAL };

struct net_dns_question {
	struct net_dns_name name;
	uint16_t type, class;           /* mDNS: the class's highest bit asks for a unicast reply */
};

struct net_dns_record {
	struct net_dns_name name;
	uint16_t type, class;           /* mDNS: the class's highest bit says that these are all of the name and type */
	uint32_t ttl;
	enum net_dns_section section;
	struct bytes data;              /* names in it are not compressed */
};

struct net_dns_edns {                   /* the OPT record; not among the records */
	bool is_there;
	uint16_t udp_size;
	bool wants_dnssec;              /* DO */
	uint8_t version;
};

struct net_dns_message {
	uint16_t id, flags;
	unsigned rcode;                 /* with EDNS's upper bits */
	struct net_dns_question *questions;
	size_t n_questions;
	struct net_dns_record *records; /* in the order of the message */
	size_t n_records;
	struct net_dns_edns edns;
	struct arena arena;             /* all of the above lives here */
};

/* Anything but OK: nothing is to release.  OK: release it; nothing borrows from `octets`.  Octets behind the last record are refused. */
enum net_dns_status net_dns_message_parse(struct bytes octets, struct net_dns_message *);
void net_dns_message_release(struct net_dns_message *);

/* Writing: begin, then questions and records in the order of sections, then end.  Zero-initialise. */
struct net_dns_writer {
	struct buffer *out;
	size_t base, max;               /* where the message begins; its largest size */
	uint16_t counts[4];
	bool is_truncated;              /* a record did not fit: those after it are left out too */
	uint16_t places[64];            /* offsets of names that others may point to */
	size_t n_places;
};

/* Appends to `out`, which is borrowed until net_dns_write_end; names are compressed unless for DNSSEC. */
void net_dns_write_begin(struct net_dns_writer *, struct buffer *out, size_t max, uint16_t id, uint16_t flags);
bool net_dns_write_question(struct net_dns_writer *, const struct net_dns_name *, uint16_t type, uint16_t class);
/* False: it does not fit, and nothing of it was written. */
bool net_dns_write_record(struct net_dns_writer *, enum net_dns_section, const struct net_dns_record *);
/* The OPT record, last in the additional section. */
bool net_dns_write_edns(struct net_dns_writer *, const struct net_dns_edns *, unsigned rcode);
/* The counts, and TC when records were left out. */
void net_dns_write_end(struct net_dns_writer *);

/* A query of one question, with EDNS: appended to `out`. */
void net_dns_query_format(struct buffer *out, uint16_t id, bool wants_recursion, bool wants_dnssec, const struct net_dns_question *);
/* Does the message answer this query (id, response, and the question, but for letters' case)? */
bool net_dns_answers(const struct net_dns_message *, uint16_t id, const struct net_dns_question *);

#endif
