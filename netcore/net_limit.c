#include "netcore/net_limit.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"

struct net_limit {
	size_t total_max, address_max;
	const struct net_cidr *exempt;
	size_t n_exempt;
	size_t total;
	unsigned v4_bits, v6_bits;
	struct map *by_address;         /* the value is the count itself */
};

struct net_limit *net_limit_create(size_t total, size_t per_address, const struct net_cidr *exempt, size_t n_exempt)
{
	struct net_limit *l = xcalloc(1, sizeof *l);

	*l = (struct net_limit){ total, per_address, exempt, n_exempt, 0, 32, 64, map_create() };
	return l;
}

void net_limit_destroy(struct net_limit *l)
{
	if (l == NULL)
		return;
	map_destroy(l->by_address);
	free(l);
}

static bool is_exempt(const struct net_limit *l, const struct net_addr *a)
{
	for (size_t i = 0; i < l->n_exempt; i++)
		if (net_cidr_contains(&l->exempt[i], a))
			return true;
	return false;
}

void net_limit_change(struct net_limit *l, size_t total, size_t per_address, const struct net_cidr *exempt, size_t n_exempt)
{
	l->total_max = total;
	l->address_max = per_address;
	l->exempt = exempt;
	l->n_exempt = n_exempt;
}

void net_limit_set_prefix(struct net_limit *l, unsigned v4_bits, unsigned v6_bits)
{
	assert(l->total == 0 && v4_bits <= 32 && v6_bits <= 128);
	l->v4_bits = v4_bits;
	l->v6_bits = v6_bits;
}

/* False: this address is not counted by itself.  Exempt ones are counted too: they may not stay exempt. */
static bool counted_key(const struct net_limit *l, const struct net_addr *a, unsigned char prefix[NET_ADDR_PREFIX_MAX], struct bytes *key)
{
	*key = bytes_of(prefix, net_addr_prefix(a, l->v4_bits, l->v6_bits, prefix));
	return key->len > 0;
}

static size_t held(const struct net_limit *l, struct bytes key)
{
	return (size_t)(uintptr_t)map_get(l->by_address, key);
}

static void set_held(struct net_limit *l, struct bytes key, size_t n)
{
	if (n > 0)
		map_put(l->by_address, key, (void *)(uintptr_t)n);
	else
		map_remove(l->by_address, key);
}

enum net_limit_answer net_limit_enter(struct net_limit *l, const struct net_addr *a)
{
	unsigned char prefix[NET_ADDR_PREFIX_MAX];
	struct bytes key;
	bool counted = counted_key(l, a, prefix, &key);

	if (l->total_max > 0 && l->total >= l->total_max)
		return NET_LIMIT_TOTAL;
	if (counted && l->address_max > 0 && held(l, key) >= l->address_max && !is_exempt(l, a))
		return NET_LIMIT_ADDRESS;
	l->total++;
	if (counted)
		set_held(l, key, held(l, key) + 1);
	return NET_LIMIT_OK;
}

void net_limit_leave(struct net_limit *l, const struct net_addr *a)
{
	unsigned char prefix[NET_ADDR_PREFIX_MAX];
	struct bytes key;

	assert(l->total > 0);
	l->total--;
	if (counted_key(l, a, prefix, &key)) {
		assert(held(l, key) > 0);
		set_held(l, key, held(l, key) - 1);
	}
}
