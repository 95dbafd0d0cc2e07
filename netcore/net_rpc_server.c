/* The server's side over datagrams: a request is worked on once, its reply is remembered and repeated. */
#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "netcore/net_datagram.h"
#include "netcore/net_rpc.h"

#define KEY_MAX (sizeof(struct sockaddr_storage) + 8)

struct net_rpc_server {
	struct net_loop *loop;
	struct net_datagram *socket;
	net_rpc_work_fn *work;
	void *owner;
	struct map *by_key;
	struct list oldest_first;
};

struct remembered {
	struct list_node node;
	int64_t until_ms;
	char key[KEY_MAX];
	size_t key_len;
	struct buffer reply;
};

static void forget(struct net_rpc_server *s, struct remembered *r)
{
	map_remove(s->by_key, bytes_of(r->key, r->key_len));
	list_remove(&s->oldest_first, &r->node);
	buffer_release(&r->reply);
	free(r);
}

static size_t make_key(const struct net_addr *peer, uint64_t id, char key[KEY_MAX])
{
	memcpy(key, &peer->storage, peer->len);
	memcpy(key + peer->len, &id, sizeof id);
	return peer->len + sizeof id;
}

/* A place for one more reply, NULL when all that are remembered may still be asked for. */
static struct remembered *remember(struct net_rpc_server *s, const char *key, size_t len)
{
	int64_t now = net_loop_now_ms(s->loop);

	while (s->oldest_first.first && LIST_OWNER(s->oldest_first.first, struct remembered, node)->until_ms <= now)
		forget(s, LIST_OWNER(s->oldest_first.first, struct remembered, node));
	if (s->oldest_first.n >= NET_RPC_REMEMBERED_MAX)
		return NULL;
	struct remembered *r = xcalloc(1, sizeof *r);
	r->until_ms = now + NET_RPC_REMEMBERED_MS;
	r->key_len = len;
	memcpy(r->key, key, len);
	map_put(s->by_key, bytes_of(key, len), r);
	list_append(&s->oldest_first, &r->node);
	return r;
}

static void work(struct net_rpc_server *s, struct remembered *r, const struct net_addr *peer, const struct net_rpc_message *request)
{
	struct buffer body = { 0 };
	enum net_rpc_kind kind = s->work(s->owner, peer, request->body, &body);

	net_rpc_format(&r->reply, &(struct net_rpc_message){ request->id, kind, buffer_bytes(&body) });
	buffer_release(&body);
}

static void refuse(struct net_rpc_server *s, const struct net_datagram_received *d, uint64_t id)
{
	struct buffer reply = { 0 };

	net_rpc_format(&reply, &(struct net_rpc_message){ id, NET_RPC_ERROR, BYTES("the request is too long") });
	net_datagram_send(s->socket, &d->peer, &d->reply_from, buffer_bytes(&reply), NULL);
	buffer_release(&reply);
}

static void on_received(void *owner, const struct net_datagram_received *d)
{
	struct net_rpc_server *s = owner;
	struct net_rpc_message m;
	char key[KEY_MAX];
	enum net_rpc_status status = net_rpc_parse(d->octets, &m);

	if (d->peer.len == 0 || status == NET_RPC_BAD || m.kind != NET_RPC_REQUEST)
		return;
	if (d->is_truncated || status == NET_RPC_TOO_LONG) {
		refuse(s, d, m.id);
		return;
	}
	size_t len = make_key(&d->peer, m.id, key);
	struct remembered *r = map_get(s->by_key, bytes_of(key, len));
	if (r == NULL) {
		if ((r = remember(s, key, len)) == NULL)
			return;
		work(s, r, &d->peer, &m);
	}
	net_datagram_send(s->socket, &d->peer, &d->reply_from, buffer_bytes(&r->reply), NULL);
}

static const struct net_datagram_events events = { on_received, NULL, NULL };

struct net_rpc_server *net_rpc_server_create(struct net_loop *loop, int fd, net_rpc_work_fn *fn, void *owner, struct error *err)
{
	struct net_rpc_server *s = xcalloc(1, sizeof *s);

	*s = (struct net_rpc_server){ .loop = loop, .work = fn, .owner = owner };
	s->socket = net_datagram_create(loop, fd, &events, s, err);
	if (s->socket == NULL) {
		free(s);
		return NULL;
	}
	net_datagram_set_receive_max(s->socket, NET_RPC_HEAD + NET_RPC_BODY_MAX);
	s->by_key = map_create();
	return s;
}

void net_rpc_server_destroy(struct net_rpc_server *s)
{
	if (s == NULL)
		return;
	net_datagram_close(s->socket);
	while (s->oldest_first.first)
		forget(s, LIST_OWNER(s->oldest_first.first, struct remembered, node));
	map_destroy(s->by_key);
	net_loop_free_later(s->loop, s);
}
