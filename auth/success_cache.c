#include "auth/success_cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/random.h"

#define WAYS    4
#define TAG_LEN 32

struct entry {
	unsigned char tag[TAG_LEN];
	int64_t until_ms;               /* 0 = unused */
};

struct success_cache {
	pthread_mutex_t lock;
	unsigned char key[32];          /* of this process */
	int64_t keep_ms;
	size_t n_sets;
	struct entry (*sets)[WAYS];
};

struct success_cache *success_cache_create(size_t n, int64_t keep_ms)
{
	struct success_cache *c = xcalloc(1, sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	random_octets(c->key, sizeof c->key);
	c->keep_ms = keep_ms;
	c->n_sets = n / WAYS + 1;
	c->sets = xcalloc(c->n_sets, sizeof *c->sets);
	return c;
}

void success_cache_destroy(struct success_cache *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c->sets);
	memory_wipe(c, sizeof *c);
	free(c);
}

static void add_counted(struct buffer *b, struct bytes part)
{
	uint64_t len = part.len;

	buffer_add(b, &len, sizeof len);
	buffer_add_bytes(b, part);
}

static bool make_tag(const struct success_cache *c, struct bytes name, struct bytes password, const struct password_record *record,
                     unsigned char tag[TAG_LEN])
{
	struct buffer text = { 0 };

	/* Room for all of it at once: a moved block would leave the password behind. */
	buffer_reserve(&text, name.len + password.len + 128);
	add_counted(&text, name);
	add_counted(&text, password);
	add_counted(&text, bytes_of(record->salt, sizeof record->salt));
	add_counted(&text, bytes_of(record->stored_key, sizeof record->stored_key));
	buffer_add(&text, &record->iterations, sizeof record->iterations);
	bool ok = HMAC(EVP_sha256(), c->key, sizeof c->key, (const unsigned char *)text.at, text.len, tag, NULL) != NULL;
	memory_wipe(text.at, text.len);
	buffer_release(&text);
	return ok;
}

static struct entry *set_of(struct success_cache *c, const unsigned char tag[TAG_LEN])
{
	uint64_t where;

	memcpy(&where, tag, sizeof where);
	return c->sets[where % c->n_sets];
}

bool success_cache_has(struct success_cache *c, struct bytes name, struct bytes password, const struct password_record *record, int64_t now_ms)
{
	unsigned char tag[TAG_LEN];
	bool found = false;

	if (!make_tag(c, name, password, record, tag))
		return false;
	struct entry *set = set_of(c, tag);
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < WAYS; i++)
		found |= set[i].until_ms > now_ms && memory_equal_secret(set[i].tag, tag, TAG_LEN);
	pthread_mutex_unlock(&c->lock);
	return found;
}

void success_cache_add(struct success_cache *c, struct bytes name, struct bytes password, const struct password_record *record, int64_t now_ms)
{
	unsigned char tag[TAG_LEN];

	if (!make_tag(c, name, password, record, tag))
		return;
	struct entry *set = set_of(c, tag), *place = set;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < WAYS; i++) {
		if (memory_equal_secret(set[i].tag, tag, TAG_LEN)) {
			place = &set[i];
			break;
		}
		if (set[i].until_ms < place->until_ms)
			place = &set[i];
	}
	memcpy(place->tag, tag, TAG_LEN);
	place->until_ms = now_ms + c->keep_ms;
	pthread_mutex_unlock(&c->lock);
}
