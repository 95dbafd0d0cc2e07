/*
 * net_rpc: a request and its reply, over datagrams or a stream.
 *
 * A message is its id (8 octets, chosen at random by the caller), its kind (1 octet) and a body; numbers go highest octet first.  A
 * datagram holds one message; in a stream each stands after its length (4 octets).  Over datagrams a caller repeats its request after
 * 0.5, 1 and 2 s; the server knows a repeated one by address and id and repeats the reply instead of the work: at most once.
 */
#ifndef NETCORE_NET_RPC_H
#define NETCORE_NET_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "netcore/net_addr.h"
#include "netcore/net_loop.h"

#define NET_RPC_BODY_MAX 16384u
#define NET_RPC_HEAD 9u                         /* octets before the body */
#define NET_RPC_LENGTH 4u                       /* octets before a message in a stream */

enum net_rpc_kind { NET_RPC_REQUEST, NET_RPC_REPLY, NET_RPC_ERROR };     /* an error's body is a sentence */

struct net_rpc_message {
	uint64_t id;
	enum net_rpc_kind kind;
	struct bytes body;                      /* borrowed from what was parsed */
};

enum net_rpc_status { NET_RPC_OK, NET_RPC_MORE, NET_RPC_BAD, NET_RPC_TOO_LONG };

/* A whole datagram: OK, BAD or TOO_LONG (id and kind are set then). */
enum net_rpc_status net_rpc_parse(struct bytes datagram, struct net_rpc_message *);
void net_rpc_format(struct buffer *out, const struct net_rpc_message *);
/*
 * The front of a stream: OK, and *used octets are to be consumed; MORE: wait for more, of which no more than NET_RPC_LENGTH +
 * NET_RPC_HEAD + NET_RPC_BODY_MAX octets are ever needed; TOO_LONG is known from the length alone.
 */
enum net_rpc_status net_rpc_stream_parse(struct bytes input, struct net_rpc_message *, size_t *used);
void net_rpc_stream_format(struct buffer *out, const struct net_rpc_message *);

/* ---- a call over datagrams ---- */

struct net_rpc_call;
/* reply: borrowed for the call; NULL: err says why, ERROR_TRY_LATER when nobody answered in time, ERROR_DENIED with the server's words. */
typedef void net_rpc_reply_fn(void *owner, const struct bytes *reply, unsigned n_sent, const struct error *err);

/* The reply is told once, never from within the start; the object is gone afterwards.  NULL: no socket, or the body is too long. */
struct net_rpc_call *net_rpc_call_start(struct net_loop *, const struct net_addr *server, struct bytes body, net_rpc_reply_fn *, void *owner, struct error *err);
/* No call comes any more. */
void net_rpc_call_cancel(struct net_rpc_call *);

/* ---- a server of datagrams ---- */

struct net_rpc_server;
/* Answer the body in *out; the kind of the answer is returned. */
typedef enum net_rpc_kind net_rpc_work_fn(void *owner, const struct net_addr *peer, struct bytes body, struct buffer *out);

#define NET_RPC_REMEMBERED_MAX 1024u            /* replies; a new request finds no place while all are young, and is to be repeated */
#define NET_RPC_REMEMBERED_MS 10000             /* longer than any caller repeats */

/* Takes the bound descriptor over, also when it fails (NULL). */
struct net_rpc_server *net_rpc_server_create(struct net_loop *, int fd, net_rpc_work_fn *, void *owner, struct error *err);
void net_rpc_server_destroy(struct net_rpc_server *);

#endif
