#include "netcore/net_rate.h"

#include <assert.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"

#define MINUTE_MS 60000                 /* a token is this many parts: whole numbers lose nothing */

struct net_rate {
	struct net_rate_settings settings;
	struct map *by_prefix;
	struct list silent_first;
};

struct bucket {
	struct list_node node;
	unsigned char prefix[NET_ADDR_PREFIX_MAX];
	size_t prefix_len;
	int64_t level, at_ms;           /* parts of tokens, as of then */
};

struct net_rate *net_rate_create(const struct net_rate_settings *settings)
{
	struct net_rate *r = xcalloc(1, sizeof *r);

	assert(settings->per_minute > 0 && settings->burst > 0);
	r->settings = *settings;
	r->by_prefix = map_create();
	return r;
}

static void forget(struct net_rate *r, struct bucket *b)
{
	map_remove(r->by_prefix, bytes_of(b->prefix, b->prefix_len));
	list_remove(&r->silent_first, &b->node);
	free(b);
}

void net_rate_destroy(struct net_rate *r)
{
	if (r == NULL)
		return;
	for (struct list_node *node; (node = list_take_first(&r->silent_first)) != NULL;)
		free(LIST_OWNER(node, struct bucket, node));
	map_destroy(r->by_prefix);
	free(r);
}

static int64_t full(const struct net_rate *r)
{
	return (int64_t)r->settings.burst * MINUTE_MS;
}

static int64_t level_at(const struct net_rate *r, const struct bucket *b, int64_t now_ms)
{
	int64_t passed = now_ms - b->at_ms, missing = full(r) - b->level;

	if (passed <= 0)
		return b->level;
	return passed >= missing / r->settings.per_minute + 1 ? full(r) : b->level + passed * r->settings.per_minute;
}

static struct bucket *find(const struct net_rate *r, const struct net_addr *a, unsigned char prefix[NET_ADDR_PREFIX_MAX], size_t *len)
{
	*len = net_addr_prefix(a, r->settings.v4_bits, r->settings.v6_bits, prefix);
	return *len > 0 ? map_get(r->by_prefix, bytes_of(prefix, *len)) : NULL;
}

/* A few at a time, so that no call pays for a flood. */
static void forget_full(struct net_rate *r, int64_t now_ms)
{
	for (int i = 0; i < 4 && r->silent_first.first; i++) {
		struct bucket *b = LIST_OWNER(r->silent_first.first, struct bucket, node);
		if (level_at(r, b, now_ms) < full(r))
			break;
		forget(r, b);
	}
	if (r->silent_first.n >= NET_RATE_BUCKETS_MAX && r->silent_first.first != NULL)
		forget(r, LIST_OWNER(r->silent_first.first, struct bucket, node));
}

static struct bucket *add(struct net_rate *r, const unsigned char *prefix, size_t len, int64_t now_ms)
{
	struct bucket *b = xcalloc(1, sizeof *b);

	b->level = full(r);
	b->at_ms = now_ms;
	b->prefix_len = len;
	memcpy(b->prefix, prefix, len);
	map_put(r->by_prefix, bytes_of(prefix, len), b);
	return b;
}

bool net_rate_take(struct net_rate *r, const struct net_addr *a, uint32_t tokens, int64_t now_ms)
{
	unsigned char prefix[NET_ADDR_PREFIX_MAX];
	size_t len;
	struct bucket *b = find(r, a, prefix, &len);

	assert(tokens <= r->settings.burst);
	if (len == 0)
		return true;
	if (b == NULL) {
		forget_full(r, now_ms);
		b = add(r, prefix, len, now_ms);
	}
	list_remove(&r->silent_first, &b->node);
	list_append(&r->silent_first, &b->node);
	b->level = level_at(r, b, now_ms);
	b->at_ms = now_ms > b->at_ms ? now_ms : b->at_ms;
	int64_t price = (int64_t)tokens * MINUTE_MS;
	if (b->level < price)
		return false;
	b->level -= price;
	return true;
}

int64_t net_rate_wait_ms(const struct net_rate *r, const struct net_addr *a, uint32_t tokens, int64_t now_ms)
{
	unsigned char prefix[NET_ADDR_PREFIX_MAX];
	size_t len;
	const struct bucket *b = find(r, a, prefix, &len);

	assert(tokens <= r->settings.burst);
	if (b == NULL)
		return 0;
	int64_t missing = (int64_t)tokens * MINUTE_MS - level_at(r, b, now_ms);
	return missing > 0 ? (missing + r->settings.per_minute - 1) / r->settings.per_minute : 0;
}

size_t net_rate_count(const struct net_rate *r)
{
	return r->silent_first.n;
}
