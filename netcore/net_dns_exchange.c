#include "netcore/net_dns_exchange.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_connect.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"

#define FIRST_WAIT_MS 500               /* then twice as long each time */
#define DATAGRAM_MAX 4096               /* more than we offer to take */

struct net_dns_exchange {
	struct net_loop *loop;
	struct net_dns_exchange_options options;
	struct net_dns_question question;
	struct buffer query;                    /* two octets of length first, for TCP */
	uint16_t id;
	struct net_dns_exchange_facts facts;
	int64_t started_ms, wait_ms;
	struct net_watch watch;
	struct net_timer deadline, repeat;
	struct net_connect *connect;
	struct net_stream *stream;
	struct error failure;
	net_dns_exchange_fn *fn;
	void *owner;
};

static void stop_udp(struct net_dns_exchange *x)
{
	int fd = x->watch.fd;
	bool is_open = x->watch.loop != NULL;

	net_timer_stop(&x->repeat);
	net_watch_stop(&x->watch);
	if (is_open)
		net_socket_close(fd);
}

void net_dns_exchange_cancel(struct net_dns_exchange *x)
{
	if (x == NULL)
		return;
	stop_udp(x);
	net_timer_stop(&x->deadline);
	if (x->connect != NULL)
		net_connect_cancel(x->connect);
	net_stream_close(x->stream);
	buffer_release(&x->query);
	net_loop_free_later(x->loop, x);
}

static void end(struct net_dns_exchange *x, const struct net_dns_message *answer, const struct error *err)
{
	net_dns_exchange_fn *fn = x->fn;
	void *owner = x->owner;
	struct net_dns_exchange_facts facts = x->facts;

	facts.elapsed_ms = net_loop_now_ms(x->loop) - x->started_ms;
	/* the stream's input outlives this: the loop frees it after the pass */
	net_dns_exchange_cancel(x);
	fn(owner, answer, &facts, err);
}

static void fail(void *owner)
{
	struct net_dns_exchange *x = owner;

	end(x, NULL, &x->failure);
}

static void on_deadline(void *owner)
{
	struct net_dns_exchange *x = owner;
	char text[NET_ADDR_TEXT];

	error_set(&x->failure, ERROR_TRY_LATER, "%s did not answer in time", net_addr_format(&x->options.server, text));
	end(x, NULL, &x->failure);
}

/* ---- TCP ---- */

static void tcp_input(void *owner)
{
	struct net_dns_exchange *x = owner;
	struct bytes input = net_stream_input(x->stream);
	struct net_dns_message m;

	if (input.len < 2)
		return;
	size_t len = (size_t)(unsigned char)input.at[0] << 8 | (unsigned char)input.at[1];
	if (input.len < 2 + len)
		return;
	x->facts.octets = bytes_slice(input, 2, 2 + len);
	enum net_dns_status status = net_dns_message_parse(x->facts.octets, &m);
	if (status != NET_DNS_OK) {
		error_set(&x->failure, ERROR_SYNTAX, "the answer is broken: %s", net_dns_status_text(status));
		end(x, NULL, &x->failure);
		return;
	}
	bool fits = net_dns_answers(&m, x->id, &x->question);
	if (!fits)
		error_set(&x->failure, ERROR_SYNTAX, "the answer is to another question");
	end(x, fits ? &m : NULL, fits ? NULL : &x->failure);
	net_dns_message_release(&m);
}

static void tcp_closed(void *owner, const struct error *why)
{
	struct net_dns_exchange *x = owner;

	x->failure = *why;
	error_prefix(&x->failure, "TCP");
	end(x, NULL, &x->failure);
}

static const struct net_stream_events tcp_events = { tcp_input, NULL, NULL, tcp_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct net_dns_exchange *x = owner;

	(void)addr;
	x->connect = NULL;
	if (fd < 0) {
		x->failure = *err;
		end(x, NULL, &x->failure);
		return;
	}
	x->stream = net_stream_create(x->loop, fd, &tcp_events, x, NULL);
	net_stream_set_input_max(x->stream, NET_DNS_MESSAGE_MAX + 2);
	net_stream_write(x->stream, buffer_bytes(&x->query));
}

static void start_tcp(struct net_dns_exchange *x)
{
	int64_t left = x->started_ms + x->options.deadline_ms - net_loop_now_ms(x->loop);

	stop_udp(x);
	x->facts.over_tcp = true;
	x->connect = net_connect_start(x->loop, &x->options.server, 1, left > 0 ? left : 0, on_connected, x);
}

/* ---- UDP ---- */

static void send_datagram(void *owner)
{
	struct net_dns_exchange *x = owner;
	struct bytes query = bytes_skip(buffer_bytes(&x->query), 2);

	/* lost, or a full buffer: the next repetition is the remedy for both */
	(void)!send(x->watch.fd, query.at, query.len, MSG_NOSIGNAL);
	x->facts.n_sent++;
	net_timer_start(&x->repeat, x->loop, x->wait_ms, send_datagram, x);
	x->wait_ms *= 2;
}

/* False: the exchange goes on. */
static bool take_datagram(struct net_dns_exchange *x, struct bytes octets)
{
	struct net_dns_message m;

	if (net_dns_message_parse(octets, &m) != NET_DNS_OK) {
		/* a cut datagram may end anywhere: its header says so */
		bool is_cut = octets.len >= 12 && ((unsigned char)octets.at[0] << 8 | (unsigned char)octets.at[1]) == x->id &&
		              ((unsigned char)octets.at[2] & (NET_DNS_RESPONSE | NET_DNS_TRUNCATED) >> 8) == (NET_DNS_RESPONSE | NET_DNS_TRUNCATED) >> 8;
		x->facts.n_ignored += is_cut ? 0 : 1;
		x->facts.was_truncated = x->facts.was_truncated || is_cut;
		if (is_cut)
			start_tcp(x);
		return is_cut;
	}
	if (!net_dns_answers(&m, x->id, &x->question)) {
		x->facts.n_ignored++;
		net_dns_message_release(&m);
		return false;
	}
	if (m.flags & NET_DNS_TRUNCATED) {
		x->facts.was_truncated = true;
		start_tcp(x);
	} else {
		x->facts.octets = octets;
		end(x, &m, NULL);
	}
	net_dns_message_release(&m);
	return true;
}

static void on_datagram(void *owner, unsigned events)
{
	struct net_dns_exchange *x = owner;
	char octets[DATAGRAM_MAX];

	(void)events;
	for (unsigned i = 0; i < 16; i++) {
		ssize_t n = recv(x->watch.fd, octets, sizeof octets, MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			error_set_errno(&x->failure, errno, "UDP");
			end(x, NULL, &x->failure);
			return;
		}
		if ((size_t)n > sizeof octets)
			x->facts.n_ignored++;
		else if (take_datagram(x, bytes_of(octets, (size_t)n)))
			return;
	}
}

static bool start_udp(struct net_dns_exchange *x, struct error *err)
{
	const struct net_addr *to = &x->options.server;
	int fd = socket(net_addr_family(to), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set_errno(err, errno, "socket");
	if (connect(fd, net_addr_sockaddr(to), to->len) < 0) {
		error_set_errno(err, errno, "connect");
		net_socket_close(fd);
		return false;
	}
	if (!net_watch_start(&x->watch, x->loop, fd, NET_READABLE, on_datagram, x, err)) {
		net_socket_close(fd);
		return false;
	}
	x->wait_ms = FIRST_WAIT_MS;
	send_datagram(x);
	return true;
}

struct net_dns_exchange *net_dns_exchange_start(struct net_loop *loop, const struct net_dns_exchange_options *options,
                                                const struct net_dns_question *question, net_dns_exchange_fn *fn, void *owner)
{
	struct net_dns_exchange *x = xcalloc(1, sizeof *x);

	*x = (struct net_dns_exchange){
		.loop = loop, .options = *options, .question = *question, .fn = fn, .owner = owner,
		.started_ms = net_loop_now_ms(loop), .id = (uint16_t)random_below(65536),
	};
	buffer_add(&x->query, "\0\0", 2);
	net_dns_query_format(&x->query, x->id, options->wants_recursion, options->wants_dnssec, question);
	x->query.at[0] = (char)((x->query.len - 2) >> 8);
	x->query.at[1] = (char)(x->query.len - 2);
	net_timer_start(&x->deadline, loop, options->deadline_ms, on_deadline, x);
	if (options->only_tcp)
		start_tcp(x);
	else if (!start_udp(x, &x->failure))
		net_timer_start(&x->repeat, loop, 0, fail, x);
	return x;
}
