#define _GNU_SOURCE
#include "netcore/net_datagram.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/memory.h"
#include "netcore/net_datagram_calls.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define BATCH_MAX 64
#define BATCH_OCTETS (256u * 1024)
#define BATCHES_A_TURN 4
#define RETRY_MS 10                     /* a full Unix receiver, and a kernel short of memory, tell nobody when that is over */
#define RETRIES_MAX 20

struct queued {
	struct list_node node;
	struct net_addr to, from;       /* len 0: connected; as the kernel chooses */
	size_t len, done, segment_size; /* segment_size 0: one datagram */
	bool told_refused;
	unsigned retries;
	char octets[];
};

/* Everything one call for several datagrams points to. */
struct batch {
	struct net_datagram_slot slots[BATCH_MAX];
	struct iovec parts[BATCH_MAX];
	struct net_addr peers[BATCH_MAX];
	struct queued *of[BATCH_MAX];
	_Alignas(struct cmsghdr) char controls[BATCH_MAX][NET_DATAGRAM_CONTROL_SIZE];
};

struct net_datagram {
	struct net_loop *loop;
	struct net_watch watch;
	const struct net_datagram_events *events;
	void *owner;
	int fd, family;
	struct net_addr local;
	struct list queue;
	size_t queued, queue_max;
	struct net_timer retry;
	struct batch *batch;            /* made at the first use */
	char *room;                     /* for received octets: n_room pieces of receive_max */
	size_t receive_max, n_room;
	bool many, gso, paused, scheduled, blocked, was_full, closed;
};

static void turn(void *owner);

static void update_watch(struct net_datagram *d)
{
	net_watch_change(&d->watch, (d->paused ? 0 : NET_READABLE) | (d->blocked && !net_timer_is_armed(&d->retry) ? NET_WRITABLE : 0));
}

static void schedule(struct net_datagram *d)
{
	if (d->scheduled || d->closed)
		return;
	d->scheduled = true;
	net_loop_call_later(d->loop, turn, d);
}

static void on_retry(void *owner)
{
	struct net_datagram *d = owner;

	d->blocked = false;
	schedule(d);
}

/* ---- sending ---- */

static size_t cost(const struct queued *q)
{
	return sizeof *q + q->len;
}

static void forget(struct net_datagram *d, struct queued *q)
{
	d->queued -= cost(q);
	list_remove(&d->queue, &q->node);
	free(q);
}

/* How much of what is left goes as one datagram, or as one call that the kernel cuts. */
static size_t next_piece(const struct net_datagram *d, const struct queued *q, size_t at)
{
	size_t left = q->len - at, most = left;

	if (q->segment_size > 0) {
		size_t segments = d->gso ? NET_DATAGRAM_MAX / q->segment_size : 1;
		most = q->segment_size * (segments < NET_DATAGRAM_SEGMENTS_MAX ? segments : NET_DATAGRAM_SEGMENTS_MAX);
	}
	return left < most ? left : most;
}

static void fill_slot(struct net_datagram *d, size_t i, struct queued *q, size_t at, size_t len)
{
	struct batch *b = d->batch;
	struct msghdr *head = &b->slots[i].head;
	bool cut = q->segment_size > 0 && len > q->segment_size;

	b->of[i] = q;
	b->parts[i] = (struct iovec){ q->octets + at, len };
	*head = (struct msghdr){ .msg_iov = &b->parts[i], .msg_iovlen = 1 };
	if (q->to.len > 0) {
		head->msg_name = &q->to.storage;
		head->msg_namelen = q->to.len;
	}
	if (cut || q->from.len > 0) {
		memset(b->controls[i], 0, sizeof b->controls[i]);
		net_datagram_calls_direct(head, b->controls[i], q->from.len > 0 ? &q->from : NULL, cut ? q->segment_size : 0);
	}
}

static size_t fill_batch(struct net_datagram *d)
{
	size_t n = 0;

	for (struct list_node *node = d->queue.first; node && n < BATCH_MAX; node = node->next) {
		struct queued *q = LIST_OWNER(node, struct queued, node);
		size_t at = q->done;
		do {
			size_t len = next_piece(d, q, at);
			fill_slot(d, n++, q, at, len);
			at += len;
		} while (at < q->len && n < BATCH_MAX);
	}
	return n;
}

static void piece_is_out(struct net_datagram *d, size_t i)
{
	struct queued *q = d->batch->of[i];

	q->done += d->batch->parts[i].iov_len;
	q->retries = 0;
	if (q->done == q->len)
		forget(d, q);
}

static void tell_failed(struct net_datagram *d, const struct net_addr *to, int number)
{
	struct net_addr copy = *to;
	struct error err = { 0 };
	char text[NET_ADDR_TEXT];

	if (d->events->failed == NULL)
		return;
	if (number == EAGAIN || number == ENOBUFS || number == ENOMEM)
		error_set(&err, ERROR_TRY_LATER, "the receiver %s takes no more datagrams", net_addr_format(&copy, text));
	else if (copy.len > 0)
		error_set_errno(&err, number, "datagram to %s", net_addr_format(&copy, text));
	else
		error_set_errno(&err, number, "datagram");
	d->events->failed(d->owner, &copy, &err);
}

/* What the first piece's failure asks for.  True: go on sending. */
static bool after_failure(struct net_datagram *d, int number)
{
	struct queued *q = d->batch->of[0];
	bool was_cut = q->segment_size > 0 && d->batch->parts[0].iov_len > q->segment_size;

	if (was_cut && (number == EIO || number == EINVAL || number == EMSGSIZE || number == ENOPROTOOPT || number == EOPNOTSUPP)) {
		d->gso = false;
		return true;
	}
	if (number == EAGAIN && d->family != AF_UNIX) {
		d->blocked = true;
		return false;
	}
	if ((number == EAGAIN || number == ENOBUFS || number == ENOMEM) && q->retries++ < RETRIES_MAX) {
		d->blocked = true;
		net_timer_start(&d->retry, d->loop, RETRY_MS, on_retry, d);
		return false;
	}
	if (number == ECONNREFUSED && q->to.len == 0 && d->family != AF_UNIX && !q->told_refused) {
		q->told_refused = true;         /* that was an earlier one's fate: this one has not left */
		tell_failed(d, &q->to, number);
		return !d->closed;
	}
	struct net_addr to = q->to;
	piece_is_out(d, 0);
	tell_failed(d, &to, number);
	return !d->closed;
}

static void send_queue(struct net_datagram *d)
{
	for (int i = 0; i < BATCHES_A_TURN && !list_is_empty(&d->queue) && !d->blocked; i++) {
		size_t n = fill_batch(d);
		int done = net_datagram_calls_send(d->fd, d->batch->slots, n, d->many);
		int number = errno;
		for (int k = 0; k < done; k++)
			piece_is_out(d, (size_t)k);
		if (done < 0 && !after_failure(d, number))
			return;
	}
	if (!list_is_empty(&d->queue) && !d->blocked)
		schedule(d);
}

static void make_batch(struct net_datagram *d)
{
	if (d->batch == NULL)
		d->batch = xcalloc(1, sizeof *d->batch);
}

static void turn(void *owner)
{
	struct net_datagram *d = owner;

	d->scheduled = false;
	if (d->closed)
		return;
	make_batch(d);
	send_queue(d);
	if (d->closed)
		return;
	update_watch(d);
	if (d->was_full && d->queued <= d->queue_max / 2) {
		d->was_full = false;
		if (d->events->drained)
			d->events->drained(d->owner);
	}
}

bool net_datagram_send_segments(struct net_datagram *d, const struct net_addr *to, const struct net_addr *from, struct bytes octets, size_t segment_size,
                                struct error *err)
{
	if ((segment_size > 0 ? segment_size : octets.len) > NET_DATAGRAM_MAX)
		return error_set(err, ERROR_LIMIT, "a datagram has at most %u octets", NET_DATAGRAM_MAX);
	if (octets.len > d->queue_max)
		return error_set(err, ERROR_LIMIT, "%zu octets are more than the queue's %zu", octets.len, d->queue_max);
	if (d->queued + sizeof(struct queued) + octets.len > d->queue_max && d->queued > 0) {
		d->was_full = true;
		return error_set(err, ERROR_TRY_LATER, "too many datagrams wait to be sent");
	}
	struct queued *q = xmalloc(sizeof *q + octets.len);
	*q = (struct queued){ .len = octets.len, .segment_size = segment_size };
	if (to)
		q->to = *to;
	if (from)
		q->from = *from;
	if (octets.len > 0)
		memcpy(q->octets, octets.at, octets.len);
	list_append(&d->queue, &q->node);
	d->queued += cost(q);
	if (!d->blocked)
		schedule(d);
	return true;
}

bool net_datagram_send(struct net_datagram *d, const struct net_addr *to, const struct net_addr *from, struct bytes octets, struct error *err)
{
	return net_datagram_send_segments(d, to, from, octets, 0, err);
}

/* ---- receiving ---- */

static void make_room(struct net_datagram *d)
{
	make_batch(d);
	if (d->room)
		return;
	d->n_room = BATCH_OCTETS / d->receive_max;
	if (d->n_room > BATCH_MAX)
		d->n_room = BATCH_MAX;
	if (d->n_room == 0)
		d->n_room = 1;
	d->room = xmalloc(d->n_room * d->receive_max);
}

static void offer_room(struct net_datagram *d)
{
	struct batch *b = d->batch;

	for (size_t i = 0; i < d->n_room; i++) {
		b->parts[i] = (struct iovec){ d->room + i * d->receive_max, d->receive_max };
		b->slots[i].head = (struct msghdr){
			.msg_name = &b->peers[i].storage, .msg_namelen = sizeof b->peers[i].storage, .msg_iov = &b->parts[i], .msg_iovlen = 1,
			.msg_control = b->controls[i], .msg_controllen = sizeof b->controls[i],
		};
	}
}

static void tell_received(struct net_datagram *d, size_t i)
{
	struct net_datagram_slot *slot = &d->batch->slots[i];
	struct net_datagram_received r = {
		.octets = bytes_of(d->batch->parts[i].iov_base, slot->len), .is_truncated = (slot->head.msg_flags & MSG_TRUNC) != 0,
	};

	if (r.octets.len > d->receive_max)
		r.octets.len = d->receive_max;
	if (slot->head.msg_namelen > sizeof(sa_family_t)) {
		r.peer.len = slot->head.msg_namelen;
		memcpy(&r.peer.storage, &d->batch->peers[i].storage, r.peer.len);
	}
	net_datagram_calls_asked(&slot->head, net_addr_port(&d->local), &r.asked, &r.reply_from, &r.interface);
	d->events->received(d->owner, &r);
}

static void receive(struct net_datagram *d)
{
	make_room(d);
	offer_room(d);
	int done = net_datagram_calls_receive(d->fd, d->batch->slots, d->n_room, d->many);
	int number = errno;
	for (int i = 0; i < done && !d->closed; i++)
		tell_received(d, (size_t)i);
	if (done < 0 && number != EAGAIN)
		tell_failed(d, &(struct net_addr){ 0 }, number);
}

/* The error that nobody reads for must be taken, or the descriptor stays ready for ever. */
static void take_error(struct net_datagram *d)
{
	int number = 0;
	socklen_t len = sizeof number;

	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &number, &len) == 0 && number != 0)
		tell_failed(d, &(struct net_addr){ 0 }, number);
}

static void on_ready(void *owner, unsigned events)
{
	struct net_datagram *d = owner;

	if (events & NET_WRITABLE) {
		d->blocked = false;
		schedule(d);
		update_watch(d);
	}
	if (d->paused && events & NET_HANGUP)
		take_error(d);
	else if (!d->paused && events & (NET_READABLE | NET_HANGUP))
		receive(d);
}

void net_datagram_pause(struct net_datagram *d)
{
	d->paused = true;
	update_watch(d);
}

void net_datagram_resume(struct net_datagram *d)
{
	d->paused = false;
	update_watch(d);
}

/* ---- life ---- */

struct net_datagram *net_datagram_create(struct net_loop *loop, int fd, const struct net_datagram_events *events, void *owner, struct error *err)
{
	struct net_datagram *d = xcalloc(1, sizeof *d);

	d->loop = loop;
	d->events = events;
	d->owner = owner;
	d->fd = fd;
	d->queue_max = NET_DATAGRAM_QUEUE_MAX;
	d->receive_max = 65535;
	d->many = net_datagram_calls_has_many;
	net_socket_local_addr(fd, &d->local);
	d->family = net_addr_family(&d->local);
	if (net_watch_start(&d->watch, loop, fd, NET_READABLE, on_ready, d, err))
		return d;
	net_socket_close(fd);
	free(d);
	return NULL;
}

static void destroy(void *owner)
{
	struct net_datagram *d = owner;

	free(d->batch);
	free(d->room);
	free(d);
}

void net_datagram_close(struct net_datagram *d)
{
	if (d == NULL || d->closed)
		return;
	d->closed = true;
	net_watch_stop(&d->watch);
	net_timer_stop(&d->retry);
	net_socket_close(d->fd);
	while (!list_is_empty(&d->queue))
		forget(d, LIST_OWNER(d->queue.first, struct queued, node));
	net_loop_call_later(d->loop, destroy, d);
}

void net_datagram_set_gso(struct net_datagram *d, bool on)
{
	d->gso = on && d->family != AF_UNIX;
}

bool net_datagram_has_gso(const struct net_datagram *d)
{
	return d->gso;
}

size_t net_datagram_queued(const struct net_datagram *d)
{
	return d->queued;
}

void net_datagram_set_queue_max(struct net_datagram *d, size_t octets)
{
	d->queue_max = octets;
}

void net_datagram_set_receive_max(struct net_datagram *d, size_t octets)
{
	assert(octets > 0 && octets <= 65535 && d->room == NULL);
	d->receive_max = octets;
}

void net_datagram_set_calls(struct net_datagram *d, enum net_datagram_calls calls)
{
	d->many = calls == NET_DATAGRAM_MANY && net_datagram_calls_has_many;
}

int net_datagram_fd(const struct net_datagram *d)
{
	return d->fd;
}

const struct net_addr *net_datagram_local_addr(const struct net_datagram *d)
{
	return &d->local;
}
