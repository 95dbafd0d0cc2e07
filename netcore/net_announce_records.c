#include "netcore/net_announce_records.h"

#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

#define TTL_HOST_S 120                  /* what has a host's address or name in it: RFC 6762 10 */
#define TTL_S 4500
#define META "_services._dns-sd._udp.local"

bool net_announce_set_init(struct net_announce_set *set, const struct net_announce_options *o, struct error *err)
{
	*set = (struct net_announce_set){ .n = o->n_services };
	if (!bytes_copy_text(bytes_text(o->instance), set->instance, sizeof set->instance) || set->instance[0] == '\0' ||
	    !text_is_utf8(bytes_text(o->instance)))
		return error_set(err, ERROR_SYNTAX, "announce: an instance is a name of 1 to 63 octets of UTF-8");
	if (!bytes_copy_text(bytes_text(o->host), set->host, sizeof set->host) || set->host[0] == '\0')
		return error_set(err, ERROR_SYNTAX, "announce: a host is a label of 1 to 63 octets");
	if (o->n_services == 0 || o->n_services > NET_ANNOUNCE_SERVICES_MAX)
		return error_set(err, ERROR_LIMIT, "announce: 1 to %d services", NET_ANNOUNCE_SERVICES_MAX);
	for (size_t i = 0; i < o->n_services; i++) {
		char text[128];
		set->services[i] = o->services[i];
		size_t len = bytes_find_bytes(bytes_text(o->services[i].type), BYTES("."));
		if (o->services[i].type[0] != '_' || len < 2 || strlen(o->services[i].type) > 80)
			return error_set(err, ERROR_SYNTAX, "\"%.80s\" is not a type of service (_imap._tcp)", o->services[i].type);
		bytes_copy_text(bytes_text(o->services[i].type), text, sizeof text - 6);
		memcpy(text + strlen(text), ".local", 7);
		if (!net_dns_name_parse(text, &set->types[i], err))
			return false;
		set->services[i].type = NULL;
		for (const char *const *t = o->services[i].texts; t != NULL && *t != NULL; t++) {
			if (strlen(*t) > 255)
				return error_set(err, ERROR_LIMIT, "announce: a text has at most 255 octets");
			buffer_add_octet(&set->texts[i], (char)strlen(*t));
			buffer_add_text(&set->texts[i], *t);
		}
		/* the record is compulsory, and may not be empty: RFC 6763 6.1 */
		if (set->texts[i].len == 0)
			buffer_add_octet(&set->texts[i], '\0');
		set->services[i].texts = NULL;
	}
	net_announce_set_name(set);
	return true;
}

void net_announce_set_release(struct net_announce_set *set)
{
	for (size_t i = 0; i < NET_ANNOUNCE_SERVICES_MAX; i++)
		buffer_release(&set->texts[i]);
}

void net_announce_set_name(struct net_announce_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		set->instances[i] = set->types[i];
		net_dns_name_prepend(&set->instances[i], bytes_text(set->instance));
	}
	net_dns_name_parse("local", &set->host_name, NULL);
	net_dns_name_prepend(&set->host_name, bytes_text(set->host));
}

static bool is_wildcard(const struct net_addr *a)
{
	char text[NET_ADDR_TEXT];

	return a->len == 0 || strcmp(net_addr_format_ip(a, text), "0.0.0.0") == 0 || strcmp(net_addr_format_ip(a, text), "::") == 0;
}

uint64_t net_announce_items_on(const struct net_announce_set *set, const struct net_interface *i)
{
	uint64_t items = 0;

	for (unsigned s = 0; s < set->n; s++)
		if (is_wildcard(&set->services[s].bound) || net_interface_has(i, &set->services[s].bound))
			items |= BIT(ITEM_OF(s, ITEM_PTR)) | BIT(ITEM_OF(s, ITEM_SRV)) | BIT(ITEM_OF(s, ITEM_TXT)) | BIT(ITEM_OF(s, ITEM_META));
	if (items != 0 && net_interface_has_family(i, AF_INET))
		items |= BIT(ITEM_A);
	if (items != 0 && net_interface_has_family(i, AF_INET6))
		items |= BIT(ITEM_AAAA);
	return items;
}

bool net_announce_item_is_shared(unsigned item)
{
	return item < ITEM_A && (item % ITEMS_OF_SERVICE == ITEM_PTR || item % ITEMS_OF_SERVICE == ITEM_META);
}

static uint64_t if_type(const struct net_dns_question *q, unsigned type, unsigned item)
{
	return q->type == type || q->type == NET_DNS_ANY ? BIT(item) : 0;
}

uint64_t net_announce_items_asked(const struct net_announce_set *set, const struct net_dns_question *q)
{
	struct net_dns_name meta;
	uint64_t items = 0;

	if ((q->class & 0x7fff) != NET_DNS_IN && (q->class & 0x7fff) != 255)
		return 0;
	net_dns_name_parse(META, &meta, NULL);
	bool is_meta = net_dns_name_equal(&q->name, &meta);
	for (unsigned s = 0; s < set->n; s++) {
		if (is_meta)
			items |= if_type(q, NET_DNS_PTR, ITEM_OF(s, ITEM_META));
		if (net_dns_name_equal(&q->name, &set->types[s]))
			items |= if_type(q, NET_DNS_PTR, ITEM_OF(s, ITEM_PTR));
		if (net_dns_name_equal(&q->name, &set->instances[s]))
			items |= if_type(q, NET_DNS_SRV, ITEM_OF(s, ITEM_SRV)) | if_type(q, NET_DNS_TXT, ITEM_OF(s, ITEM_TXT));
	}
	if (net_dns_name_equal(&q->name, &set->host_name))
		items |= if_type(q, NET_DNS_A, ITEM_A) | if_type(q, NET_DNS_AAAA, ITEM_AAAA);
	return items;
}

uint64_t net_announce_items_beside(uint64_t asked)
{
	uint64_t beside = 0;

	for (unsigned s = 0; s < NET_ANNOUNCE_SERVICES_MAX; s++) {
		if (asked & BIT(ITEM_OF(s, ITEM_PTR)))
			beside |= BIT(ITEM_OF(s, ITEM_SRV)) | BIT(ITEM_OF(s, ITEM_TXT)) | BIT(ITEM_A) | BIT(ITEM_AAAA);
		if (asked & BIT(ITEM_OF(s, ITEM_SRV)))
			beside |= BIT(ITEM_A) | BIT(ITEM_AAAA);
	}
	if (asked & (BIT(ITEM_A) | BIT(ITEM_AAAA)))
		beside |= BIT(ITEM_A) | BIT(ITEM_AAAA);
	return beside & ~asked;
}

static void begin(struct net_dns_record *r, const struct net_dns_name *name, unsigned type, uint32_t ttl, bool is_unique)
{
	*r = (struct net_dns_record){
		.name = *name, .type = (uint16_t)type, .ttl = ttl, .class = (uint16_t)(NET_DNS_IN | (is_unique ? NET_DISCOVER_FLUSH : 0)),
	};
}

static size_t addresses(const struct net_announce_set *set, unsigned item, const struct net_interface *i, struct net_dns_record *records)
{
	int family = item == ITEM_A ? AF_INET : AF_INET6;
	size_t n = 0;

	for (size_t at = 0; at < i->n_addrs; at++) {
		const struct net_addr *a = &i->addrs[at].addr;
		if (net_addr_family(a) != family)
			continue;
		begin(&records[n], &set->host_name, item == ITEM_A ? NET_DNS_A : NET_DNS_AAAA, TTL_HOST_S, true);
		records[n++].data = family == AF_INET ?
			bytes_of(&((const struct sockaddr_in *)(const void *)&a->storage)->sin_addr, 4) :
			bytes_of(&((const struct sockaddr_in6 *)(const void *)&a->storage)->sin6_addr, 16);
	}
	return n;
}

size_t net_announce_item_records(const struct net_announce_set *set, unsigned item, const struct net_interface *i, struct buffer *room,
                                 struct net_dns_record records[NET_ANNOUNCE_RECORDS_MAX])
{
	unsigned s = item / ITEMS_OF_SERVICE;
	struct net_dns_name meta;

	if (item >= ITEM_A)
		return addresses(set, item, i, records);
	switch (item % ITEMS_OF_SERVICE) {
	case ITEM_PTR:
		begin(records, &set->types[s], NET_DNS_PTR, TTL_S, false);
		records->data = bytes_of(set->instances[s].at, set->instances[s].len);
		break;
	case ITEM_SRV: {
		const unsigned char head[6] = { 0, 0, 0, 0, (unsigned char)(set->services[s].port >> 8), (unsigned char)set->services[s].port };
		buffer_clear(room);
		buffer_add(room, head, sizeof head);
		buffer_add(room, set->host_name.at, set->host_name.len);
		begin(records, &set->instances[s], NET_DNS_SRV, TTL_HOST_S, true);
		records->data = buffer_bytes(room);
		break;
	}
	case ITEM_TXT:
		begin(records, &set->instances[s], NET_DNS_TXT, TTL_S, true);
		records->data = buffer_bytes(&set->texts[s]);
		break;
	default:
		net_dns_name_parse(META, &meta, NULL);
		begin(records, &meta, NET_DNS_PTR, TTL_S, false);
		records->data = bytes_of(set->types[s].at, set->types[s].len);
	}
	return 1;
}
