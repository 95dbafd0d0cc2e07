/*
 * net_stream: an ordered octet stream over a TCP or Unix socket, plain or TLS: the same calls before and
 * after STARTTLS.  Input is buffered until the owner consumes it; output is buffered between water
 * marks.  An idle stream holds no buffer.
 *
 * The owner gets four calls.  After `closed`, and after net_stream_close or net_stream_finish, no further call
 * comes; all three are legal inside any callback.  `closed` does not free the stream: the owner answers it with net_stream_close.
 */
#ifndef NETCORE_NET_STREAM_H
#define NETCORE_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/bytes.h"
#include "base/error.h"
#include "netcore/net_addr.h"
#include "netcore/net_loop.h"
#include "netcore/net_tls_context.h"

struct net_stream;

struct net_stream_events {
	void (*input)(void *owner);     /* net_stream_input grew; consume what can be used now */
	void (*drained)(void *owner);   /* output is at the low-water mark again; may be NULL */
	void (*secured)(void *owner);   /* the TLS handshake succeeded; may be NULL */
	/* Over: ERROR_CLOSED = the peer ended in order (input may still be buffered; told after net_stream_resume when paused;
	 * writing and net_stream_finish still work), ERROR_TRY_LATER = deadline or write timeout, ERROR_DENIED = certificate
	 * refused, other = reset, truncated TLS, handshake failure. */
	void (*closed)(void *owner, const struct error *why);
};

#define NET_STREAM_INPUT_MAX  (64u * 1024)      /* default of what is buffered before reading stops */
#define NET_STREAM_OUTPUT_HIGH (256u * 1024)
#define NET_STREAM_OUTPUT_LOW  (64u * 1024)

/* Takes the connected, non-blocking descriptor over.  budget may be NULL.  Reading starts with the next pass. */
struct net_stream *net_stream_create(struct net_loop *, int fd, const struct net_stream_events *, void *owner, struct budget *);
/* Another owner from now on. */
void net_stream_set_owner(struct net_stream *, const struct net_stream_events *, void *owner);

/* What has arrived and is not consumed; valid until consumed or until the loop reads again (never while paused). */
struct bytes net_stream_input(struct net_stream *);
/* So many octets of its front are used; n <= net_stream_input's len. */
void net_stream_consume(struct net_stream *, size_t n);
/* How many octets of input were consumed or discarded since the beginning: the position of net_stream_input's first. */
uint64_t net_stream_input_offset(const struct net_stream *);
/* Reading stops while this much is buffered (>= 1). */
void net_stream_set_input_max(struct net_stream *, size_t octets);
/* Stop and resume reading from the socket; resuming calls `input` in the next pass when something is buffered. */
void net_stream_pause(struct net_stream *);
void net_stream_resume(struct net_stream *);

/* Queue output; it leaves when the pass ends.  False: above the high-water mark, stop producing until `drained`; or over. */
bool net_stream_write(struct net_stream *, struct bytes);
bool net_stream_printf(struct net_stream *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Octets queued and not yet taken by the kernel. */
size_t net_stream_pending(const struct net_stream *);
/* Try to send now instead of at the end of the pass. */
void net_stream_flush(struct net_stream *);

/* `closed` with ERROR_TRY_LATER when not moved or cleared in time; 0 clears, less is past already.  Counts from now, whatever arrives. */
void net_stream_set_deadline(struct net_stream *, int64_t after_ms);
/* `closed` when output makes no progress for so long (never-reading peers).  Default 60,000. */
void net_stream_set_write_timeout(struct net_stream *, int64_t ms);

/*
 * Start TLS as server or client; output queued before leaves in clear first (the reply to STARTTLS).  Input that was
 * buffered before is discarded: RFC 3207 and the injection class behind it.  The context is referenced until the stream ends.
 * hostname (client): name or address to verify and to send as SNI; may be NULL when the context does not verify.
 * Handshake deadline: 30 s.
 */
void net_stream_start_tls_server(struct net_stream *, struct net_tls_context *);
void net_stream_start_tls_client(struct net_stream *, struct net_tls_context *, const char *hostname);
bool net_stream_is_secure(const struct net_stream *);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384", or NULL in clear; valid while the stream lives. */
const char *net_stream_tls_description(struct net_stream *);
/* The verified subject of the peer's certificate, or NULL. */
const char *net_stream_tls_peer(struct net_stream *);
/* The peer presented a certificate, whoever signed it. */
bool net_stream_tls_has_certificate(const struct net_stream *);
/* Its certificate is signed by an authority that the client context `trust` holds, in force, and for this host name or address (SAN). */
bool net_stream_tls_peer_is(struct net_stream *, struct net_tls_context *trust, const char *name);
/* tls-exporter channel binding (RFC 9266): 32 octets; false in clear or before TLS 1.3. */
bool net_stream_tls_exporter(struct net_stream *, unsigned char out[32]);

const struct net_addr *net_stream_peer_addr(const struct net_stream *);
const struct net_addr *net_stream_local_addr(const struct net_stream *);

/* Send what is queued, then close_notify and FIN, drain at most 1 s, free.  The owner is forgotten at once. */
void net_stream_finish(struct net_stream *);
/* Close now; queued output is lost; freed after the pass.  NULL is ignored. */
void net_stream_close(struct net_stream *);

#endif
