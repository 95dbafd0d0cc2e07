#include "auth/guess_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

#define SETS      2048
#define WAYS      8
#define MINUTE_MS (60 * INT64_C(1000))
#define DAY_MS    (24 * 60 * MINUTE_MS)

/* Longest prefix first. */
static const struct level {
	unsigned v4_bits, v6_bits;
	unsigned per_minute, per_day;
} levels[] = {
	{ 32, 64, 10, 50 },
	{ 26, 48, 30, 150 },
	{ 21, 32, 90, 450 },
};
#define LEVELS (sizeof levels / sizeof *levels)

struct prefix {
	unsigned char level, is_v6, octets[16];
};

/* Failures of one prefix; the windows begin with their first failure. */
struct counter {
	struct prefix prefix;
	unsigned in_minute, in_day;     /* in_day 0 = unused */
	int64_t minute_ms, day_ms;
};

struct guess_limit {
	pthread_mutex_t lock;
	struct counter sets[SETS][WAYS];
};

struct guess_limit *guess_limit_create(void)
{
	struct guess_limit *l = xcalloc(1, sizeof *l);

	pthread_mutex_init(&l->lock, NULL);
	return l;
}

void guess_limit_destroy(struct guess_limit *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* The address without what lies behind the level's prefix; false for what is no IP address. */
static bool cut_prefix(const unsigned char *octets, size_t len, size_t level, struct prefix *out)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(out, 0, sizeof *out);
	if (len == 16 && memcmp(octets, mapped, sizeof mapped) == 0) {
		octets += 12;
		len = 4;
	}
	if (len != 4 && len != 16)
		return false;
	unsigned bits = len == 4 ? levels[level].v4_bits : levels[level].v6_bits;
	out->level = (unsigned char)level;
	out->is_v6 = len == 16;
	for (size_t i = 0; i < len && bits > 0; i++) {
		unsigned take = bits < 8 ? bits : 8;

		out->octets[i] = (unsigned char)(octets[i] & (0xff00u >> take));
		bits -= take;
	}
	return true;
}

static void forget_old(struct counter *c, int64_t now_ms)
{
	if (c->in_minute > 0 && now_ms - c->minute_ms >= MINUTE_MS)
		c->in_minute = 0;
	if (c->in_day > 0 && now_ms - c->day_ms >= DAY_MS)
		c->in_day = c->in_minute = 0;
}

static struct counter *set_of(struct guess_limit *l, const struct prefix *p)
{
	return l->sets[map_hash(bytes_of(p, sizeof *p)) % SETS];
}

static struct counter *find(struct guess_limit *l, const struct prefix *p, int64_t now_ms)
{
	struct counter *set = set_of(l, p);

	for (size_t i = 0; i < WAYS; i++) {
		forget_old(&set[i], now_ms);
		if (set[i].in_day > 0 && memcmp(&set[i].prefix, p, sizeof *p) == 0)
			return &set[i];
	}
	return NULL;
}

bool guess_limit_allows(struct guess_limit *l, const unsigned char *octets, size_t len, int64_t now_ms)
{
	bool allowed = true;
	struct prefix p;

	pthread_mutex_lock(&l->lock);
	for (size_t level = 0; level < LEVELS && allowed; level++) {
		if (!cut_prefix(octets, len, level, &p))
			break;
		const struct counter *c = find(l, &p, now_ms);
		allowed = !c || (c->in_minute < levels[level].per_minute && c->in_day < levels[level].per_day);
	}
	pthread_mutex_unlock(&l->lock);
	return allowed;
}

/* A full set gives up the prefix with the fewest failures: the loud ones stay. */
static struct counter *make(struct guess_limit *l, const struct prefix *p, int64_t now_ms)
{
	struct counter *set = set_of(l, p), *place = set;

	for (size_t i = 1; i < WAYS; i++) {
		if (set[i].in_day < place->in_day)
			place = &set[i];
	}
	*place = (struct counter){ .prefix = *p, .day_ms = now_ms };
	return place;
}

void guess_limit_count_failure(struct guess_limit *l, const unsigned char *octets, size_t len, int64_t now_ms)
{
	struct prefix p;

	pthread_mutex_lock(&l->lock);
	for (size_t level = 0; level < LEVELS; level++) {
		if (!cut_prefix(octets, len, level, &p))
			break;
		struct counter *c = find(l, &p, now_ms);
		if (!c)
			c = make(l, &p, now_ms);
		if (c->in_minute++ == 0)
			c->minute_ms = now_ms;
		c->in_day++;
	}
	pthread_mutex_unlock(&l->lock);
}
