/* net_stream_turn: how a stream moves.  Shared by net_stream.c (what the owner asks for) and net_stream_turn.c; nobody else includes this. */
#ifndef NETCORE_NET_STREAM_TURN_H
#define NETCORE_NET_STREAM_TURN_H

#include "base/buffer.h"
#include "netcore/net_addr_kept.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"
#include "netcore/net_tls_stream.h"

enum net_stream_phase { STREAM_PLAIN, STREAM_STARTING /* TLS, once clear_left is sent */, STREAM_HANDSHAKE, STREAM_SECURE };

/* An idle one is all that thousands of connections cost: what only some need for a while is apart. */
struct net_stream {
	struct net_loop *loop;
	struct net_watch watch;
	const struct net_stream_events *events;         /* NULL: no call comes any more */
	void *owner;
	struct budget *budget;
	size_t counted;                                 /* taken from the budget */
	struct buffer in, out;
	size_t in_from, out_from;                       /* where what is left begins */
	size_t clear_left;                              /* output queued before STARTTLS */
	uint64_t in_offset;
	size_t input_max;
	int fd;
	enum net_stream_phase phase;
	struct net_tls_stream *tls;
	struct error *failure;
	struct net_timer deadline, progress;
	struct net_timer *handshake;                    /* while TLS starts */
	int64_t write_timeout_ms;
	bool scheduled, resumed, paused, above_high;
	bool peer_ended, finishing, fin_sent, gone;
	bool write_blocked;                             /* the kernel takes no more for now */
	bool write_wants_read, read_wants_write;        /* TLS needs the other direction first */
	struct net_ending *ending;                      /* once finishing */
	struct net_addr_kept peer_addr, local_addr;
};

static inline size_t net_stream_buffered(const struct net_stream *s)
{
	return s->in.len - s->in_from;
}

/* The watch's callback: the descriptor is ready. */
void net_stream_step(void *owner, unsigned events);
/* A turn at the end of this pass: it sends what was written and makes the owner's calls. */
void net_stream_schedule(struct net_stream *);
/* Note the first failure; a turn tells the owner. */
void net_stream_fail(struct net_stream *, const struct error *why);
/* Tell the loop what to wait for now. */
void net_stream_update_watch(struct net_stream *);
void net_stream_send_output(struct net_stream *);
/* Keep the budget equal to what the two buffers hold. */
void net_stream_count_buffers(struct net_stream *);

/* Timers. */
void net_stream_on_deadline(void *owner);
void net_stream_on_no_progress(void *owner);
void net_stream_on_handshake_timeout(void *owner);
void net_stream_stop_handshake_timer(struct net_stream *);

#endif
