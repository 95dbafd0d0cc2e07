#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"

#define FIRST_SLOTS 16u                 /* a power of two, as every later size */

/*
 * Open addressing with linear probing.  A slot is free (key NULL, not removed), removed (a probe
 * goes on past it), or taken.  Removal never moves entries: a walk may remove what it stands on.
 */
struct slot {
	char *key;
	size_t key_len;
	uint64_t hash;
	void *value;
	bool removed;
};

struct map {
	struct slot *slots;             /* NULL until the first put */
	size_t n_slots, n_taken, n_removed;
};

struct map *map_create(void)
{
	return xcalloc(1, sizeof(struct map));
}

void map_destroy(struct map *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->n_slots; i++)
		free(map->slots[i].key);
	free(map->slots);
	free(map);
}

size_t map_count(const struct map *map)
{
	return map->n_taken;
}

static struct slot *find(const struct map *map, struct bytes key, uint64_t hash)
{
	if (map->n_slots == 0)
		return NULL;
	for (size_t i = hash & (map->n_slots - 1);; i = (i + 1) & (map->n_slots - 1)) {
		struct slot *slot = &map->slots[i];
		if (slot->key == NULL && !slot->removed)
			return NULL;
		if (slot->key != NULL && slot->hash == hash && bytes_equal(bytes_of(slot->key, slot->key_len), key))
			return slot;
	}
}

static struct slot *find_room(const struct map *map, uint64_t hash)
{
	size_t i = hash & (map->n_slots - 1);

	while (map->slots[i].key != NULL)
		i = (i + 1) & (map->n_slots - 1);
	return &map->slots[i];
}

/* Keep a quarter of the slots free, counting removed ones as taken: probes stay short. */
static void make_room(struct map *map)
{
	struct map bigger = { .n_slots = FIRST_SLOTS, .n_taken = map->n_taken };

	if (map->n_slots > 0 && (map->n_taken + map->n_removed + 1) * 4 <= map->n_slots * 3)
		return;
	while ((map->n_taken + 1) * 2 > bigger.n_slots)
		bigger.n_slots *= 2;
	bigger.slots = xcalloc(bigger.n_slots, sizeof *bigger.slots);
	for (size_t i = 0; i < map->n_slots; i++) {
		if (map->slots[i].key != NULL)
			*find_room(&bigger, map->slots[i].hash) = map->slots[i];
	}
	free(map->slots);
	*map = bigger;
}

void *map_get(const struct map *map, struct bytes key)
{
	struct slot *slot = find(map, key, map_hash(key));

	return slot != NULL ? slot->value : NULL;
}

void *map_put(struct map *map, struct bytes key, void *value)
{
	uint64_t hash = map_hash(key);
	struct slot *slot = find(map, key, hash);

	if (slot != NULL) {
		void *before = slot->value;
		slot->value = value;
		return before;
	}
	make_room(map);
	slot = find_room(map, hash);
	if (slot->removed)
		map->n_removed--;
	*slot = (struct slot){ .key = bytes_dup(key), .key_len = key.len, .hash = hash, .value = value };
	map->n_taken++;
	return NULL;
}

void *map_remove(struct map *map, struct bytes key)
{
	struct slot *slot = find(map, key, map_hash(key));

	if (slot == NULL)
		return NULL;
	void *value = slot->value;
	free(slot->key);
	*slot = (struct slot){ .removed = true };
	map->n_taken--;
	map->n_removed++;
	return value;
}

bool map_next(const struct map *map, size_t *cursor, struct bytes *key, void **value)
{
	while (*cursor < map->n_slots) {
		const struct slot *slot = &map->slots[(*cursor)++];
		if (slot->key == NULL)
			continue;
		if (key != NULL)
			*key = bytes_of(slot->key, slot->key_len);
		if (value != NULL)
			*value = slot->value;
		return true;
	}
	return false;
}

static uint64_t seed[2];
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	random_octets(seed, sizeof seed);
}

static inline uint64_t rotate(uint64_t word, unsigned by)
{
	return word << by | word >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: one round a word, three at the end; who does not know the seed cannot make keys collide. */
uint64_t map_hash(struct bytes key)
{
	pthread_once(&seed_once, make_seed);
	uint64_t v[4] = {
		seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
		seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573),
	};
	for (size_t done = 0; done <= key.len; done += 8) {
		uint64_t word = 0;
		size_t n = key.len - done < 8 ? key.len - done : 8;
		if (n > 0)
			memcpy(&word, key.at + done, n);
		if (n < 8)
			word |= (uint64_t)key.len << 56;
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
