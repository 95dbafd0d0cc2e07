#include "netcore/net_dns_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"

#define KEY_MAX (NET_DNS_NAME_MAX + 5)
#define OVERHEAD 256                    /* of an entry, in the map and on the heap: about */

struct entry {
	struct list_node node;
	unsigned char key[KEY_MAX];
	size_t key_len, len;
	int64_t stored_ms, until_ms;
	char octets[];
};

struct net_dns_cache {
	struct map *map;
	struct list used;               /* the least lately used first */
	size_t max_entries, max_octets, octets;
};

struct net_dns_cache *net_dns_cache_create(size_t max_entries, size_t max_octets)
{
	struct net_dns_cache *c = xcalloc(1, sizeof *c);

	c->map = map_create();
	c->max_entries = max_entries;
	c->max_octets = max_octets;
	return c;
}

static struct bytes key_of(const struct net_dns_question *q, bool wants_dnssec, unsigned char key[KEY_MAX])
{
	struct net_dns_name name = q->name;
	unsigned char tail[5] = {
		(unsigned char)(q->type >> 8), (unsigned char)q->type, (unsigned char)(q->class >> 8), (unsigned char)q->class, wants_dnssec,
	};

	net_dns_name_lower(&name);
	memcpy(key, name.at, name.len);
	memcpy(key + name.len, tail, sizeof tail);
	return bytes_of(key, name.len + sizeof tail);
}

static size_t cost(const struct entry *e)
{
	return sizeof *e + e->len + OVERHEAD;
}

static void drop(struct net_dns_cache *c, struct entry *e)
{
	map_remove(c->map, bytes_of(e->key, e->key_len));
	list_remove(&c->used, &e->node);
	c->octets -= cost(e);
	free(e);
}

void net_dns_cache_destroy(struct net_dns_cache *c)
{
	if (c == NULL)
		return;
	while (c->used.first != NULL)
		drop(c, LIST_OWNER(c->used.first, struct entry, node));
	map_destroy(c->map);
	free(c);
}

size_t net_dns_cache_count(const struct net_dns_cache *c)
{
	return c->used.n;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The SOA's last number is the minimum. */
static uint32_t negative_ttl(const struct net_dns_message *m)
{
	for (size_t i = 0; i < m->n_records; i++) {
		const struct net_dns_record *r = &m->records[i];
		if (r->section != NET_DNS_AUTHORITY || r->type != NET_DNS_SOA || r->data.len < 4)
			continue;
		const unsigned char *at = (const unsigned char *)r->data.at + r->data.len - 4;
		uint32_t minimum = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
		return least(least(minimum, r->ttl), NET_DNS_CACHE_NEGATIVE_MAX);
	}
	return 0;
}

/* Does the chain of aliases end at data, or is its end's absence what the message says? */
static uint32_t ttl_of(const struct net_dns_question *q, const struct net_dns_message *m)
{
	uint32_t ttl = NET_DNS_CACHE_TTL_MAX;
	bool has_data = false;

	if ((m->flags & NET_DNS_TRUNCATED) || (m->rcode != NET_DNS_NOERROR && m->rcode != NET_DNS_NXDOMAIN))
		return 0;
	for (size_t i = 0; i < m->n_records; i++) {
		const struct net_dns_record *r = &m->records[i];
		if (r->section != NET_DNS_ANSWER)
			continue;
		/* a TTL with the highest bit set counts as 0: RFC 2181 8 */
		ttl = least(ttl, r->ttl & 0x80000000u ? 0 : r->ttl);
		has_data = has_data || r->type == q->type || q->type == NET_DNS_ANY;
	}
	return has_data && m->rcode == NET_DNS_NOERROR ? ttl : least(ttl, negative_ttl(m));
}

uint32_t net_dns_cache_put(struct net_dns_cache *c, const struct net_dns_question *q, bool wants_dnssec, struct bytes octets,
                           const struct net_dns_message *m, int64_t now_ms)
{
	uint32_t ttl = ttl_of(q, m);
	unsigned char key[KEY_MAX];
	struct bytes k = key_of(q, wants_dnssec, key);
	struct entry *old = map_get(c->map, k);

	if (old != NULL)
		drop(c, old);
	if (ttl == 0 || sizeof *old + octets.len + OVERHEAD > c->max_octets || c->max_entries == 0)
		return 0;
	struct entry *e = xcalloc(1, sizeof *e + octets.len);
	e->len = octets.len;
	e->key_len = k.len;
	e->stored_ms = now_ms;
	e->until_ms = now_ms + (int64_t)ttl * 1000;
	memcpy(e->key, k.at, k.len);
	memcpy(e->octets, octets.at, octets.len);
	while (c->used.first != NULL && (c->used.n >= c->max_entries || c->octets + cost(e) > c->max_octets))
		drop(c, LIST_OWNER(c->used.first, struct entry, node));
	list_append(&c->used, &e->node);
	map_put(c->map, k, e);
	c->octets += cost(e);
	return ttl;
}

bool net_dns_cache_get(struct net_dns_cache *c, const struct net_dns_question *q, bool wants_dnssec, int64_t now_ms, struct net_dns_message *m)
{
	unsigned char key[KEY_MAX];
	struct entry *e = map_get(c->map, key_of(q, wants_dnssec, key));

	if (e == NULL)
		return false;
	if (now_ms >= e->until_ms || net_dns_message_parse(bytes_of(e->octets, e->len), m) != NET_DNS_OK) {
		drop(c, e);
		return false;
	}
	uint32_t age = (uint32_t)((now_ms - e->stored_ms) / 1000);
	for (size_t i = 0; i < m->n_records; i++) {
		struct net_dns_record *r = &m->records[i];
		r->ttl = r->ttl > age ? r->ttl - age : 0;
		r->ttl = least(r->ttl, (uint32_t)((e->until_ms - now_ms + 999) / 1000));
	}
	list_remove(&c->used, &e->node);
	list_append(&c->used, &e->node);
	return true;
}
