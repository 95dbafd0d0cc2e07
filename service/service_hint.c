#include "service/service_hint.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_group.h"
#include "netcore/net_socket.h"

/* magic 8, store 8, sender 8, then mailbox 8 and modseq 8 of each hint, tag 16; numbers in this host's order */
#define HEADER 24
#define HINT 16
#define TAG 16
#define LOOPBACK "127.0.0.1"

static const char magic[8] = "postahn1";

struct service_hint {
	int sender, receiver;
	struct net_watch watch;
	struct service_hint_key key;
	service_hint_fn *fn;
	void *owner;
};

static void make_tag(const struct service_hint_key *key, const unsigned char *at, size_t len, unsigned char tag[TAG])
{
	unsigned char whole[EVP_MAX_MD_SIZE];
	unsigned n = sizeof whole;

	HMAC(EVP_sha256(), key->secret, sizeof key->secret, at, len, whole, &n);
	memcpy(tag, whole, TAG);
}

size_t service_hint_format(const struct service_hint_key *key, const struct store_hint *hints, size_t n,
                           unsigned char out[SERVICE_HINT_OCTETS])
{
	unsigned char *at = out + HEADER;

	memcpy(out, magic, 8);
	memcpy(out + 8, key->store, 8);
	memcpy(out + 16, &key->sender, 8);
	for (size_t i = 0; i < n && i < SERVICE_HINT_MAX; i++, at += HINT) {
		memcpy(at, &hints[i].mailbox_id, 8);
		memcpy(at + 8, &hints[i].modseq, 8);
	}
	make_tag(key, out, (size_t)(at - out), at);
	return (size_t)(at - out) + TAG;
}

size_t service_hint_parse(const struct service_hint_key *key, const unsigned char *at, size_t len,
                          struct store_hint out[SERVICE_HINT_MAX])
{
	unsigned char tag[TAG];
	size_t n;

	if (len < HEADER + HINT + TAG || len > SERVICE_HINT_OCTETS || (len - HEADER - TAG) % HINT != 0)
		return 0;
	/* our own come back to us on loopback: this process knows already */
	if (memcmp(at, magic, 8) != 0 || memcmp(at + 8, key->store, 8) != 0 || memcmp(at + 16, &key->sender, 8) == 0)
		return 0;
	make_tag(key, at, len - TAG, tag);
	if (!memory_equal_secret(tag, at + len - TAG, TAG))
		return 0;
	n = (len - HEADER - TAG) / HINT;
	for (size_t i = 0; i < n; i++) {
		memcpy(&out[i].mailbox_id, at + HEADER + HINT * i, 8);
		memcpy(&out[i].modseq, at + HEADER + HINT * i + 8, 8);
	}
	return n;
}

static bool group_of(const char *data_dir, struct net_addr *group, struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct stat st;
	char text[64];

	if (stat(data_dir, &st) < 0)
		return error_set_errno(err, errno, "%s", data_dir);
	int len = snprintf(text, sizeof text, "posta %llx %llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha256(), NULL);
	/* below the ports that the system gives out by itself */
	unsigned port = 10000 + (digest[2] << 8 | digest[3]) % 20000;
	snprintf(text, sizeof text, "239.255.%u.%u:%u", digest[0], digest[1], port);
	return net_addr_parse(text, group, err);
}

struct service_hint *service_hint_open(const char *data_dir, struct error *err)
{
	struct service_hint *h = xcalloc(1, sizeof *h);
	struct net_addr group;

	h->sender = h->receiver = -1;
	if (group_of(data_dir, &group, err) && (h->receiver = net_group_receiver(&group, LOOPBACK, err)) >= 0 &&
	    (h->sender = net_group_sender(&group, LOOPBACK, 0, err)) >= 0)
		return h;
	service_hint_close(h);
	return NULL;
}

void service_hint_close(struct service_hint *h)
{
	if (h == NULL)
		return;
	service_hint_stop(h);
	net_socket_close(h->sender);
	net_socket_close(h->receiver);
	memory_wipe(&h->key, sizeof h->key);
	free(h);
}

/* A pass takes a bounded number: a storm of hints must not keep the loop. */
static void receive(void *owner, unsigned events)
{
	unsigned char datagram[SERVICE_HINT_OCTETS + 1];
	struct store_hint hints[SERVICE_HINT_MAX];
	struct service_hint *h = owner;

	(void)events;
	for (int i = 0; i < 64; i++) {
		ssize_t len = recv(h->receiver, datagram, sizeof datagram, 0);
		if (len < 0)
			return;
		size_t n = service_hint_parse(&h->key, datagram, (size_t)len, hints);
		if (n > 0)
			h->fn(h->owner, hints, n);
	}
}

bool service_hint_start(struct service_hint *h, struct net_loop *loop, const char *uuid, const unsigned char secret[32],
                        service_hint_fn *fn, void *owner, struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	EVP_Digest(uuid, strlen(uuid), digest, NULL, EVP_sha256(), NULL);
	memcpy(h->key.store, digest, sizeof h->key.store);
	memcpy(h->key.secret, secret, sizeof h->key.secret);
	h->key.sender = random_u64();
	h->fn = fn;
	h->owner = owner;
	return net_watch_start(&h->watch, loop, h->receiver, NET_READABLE, receive, h, err);
}

void service_hint_stop(struct service_hint *h)
{
	net_watch_stop(&h->watch);
}

void service_hint_send(struct service_hint *h, const struct store_hint *hints, size_t n)
{
	unsigned char datagram[SERVICE_HINT_OCTETS];

	while (n > 0) {
		size_t now = n < SERVICE_HINT_MAX ? n : SERVICE_HINT_MAX;
		size_t len = service_hint_format(&h->key, hints, now, datagram);
		/* lost is lost: the poll stands behind it */
		(void)!send(h->sender, datagram, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		hints += now;
		n -= now;
	}
}
