/*
 * fault_talk: what the plays of streams have in common: a client and a server that send each other the same octets, over whatever the
 * play puts between them.  fault_talk_judge claims that whoever was there has got all of it or knows why not, and nobody got anything wrong.
 */
#ifndef NETCORE_TESTS_FAULT_TALK_H
#define NETCORE_TESTS_FAULT_TALK_H

#include "tests/unit/netcore/fault_plays.h"

#include "netcore/net_connect.h"
#include "netcore/net_listener.h"
#include "netcore/net_stream.h"

#define FAULT_TALK_OCTETS 40000u        /* each way */

struct fault_end {
	struct fault_talk *talk;
	struct net_stream *stream;
	size_t got;
	bool there, whole, over, wrong, silent_end;
	struct error why;
};

/* Zero-initialise but for loop, deadline_ms and the contexts. */
struct fault_talk {
	struct net_loop *loop;
	int64_t deadline_ms;                                    /* of each stream */
	struct net_tls_context *server_context, *client_context;        /* NULL: in clear */
	struct net_listener *listener;
	struct net_connect *connect;
	struct fault_end client, server;
	bool done;
};

static inline char fault_talk_octet(size_t place)
{
	return (char)(place * 31 + place / 251);
}

static inline void fault_talk_consider(struct fault_talk *t)
{
	t->done = t->client.over && (!t->server.there || t->server.over);
}

static inline void fault_talk_end(struct fault_end *end)
{
	end->over = true;
	net_stream_finish(end->stream);
	end->stream = NULL;
	fault_talk_consider(end->talk);
}

static inline void fault_talk_on_input(void *owner)
{
	struct fault_end *end = owner;
	struct bytes in = net_stream_input(end->stream);

	for (size_t i = 0; i < in.len; i++)
		end->wrong = end->wrong || in.at[i] != fault_talk_octet(end->got + i);
	end->got += in.len;
	net_stream_consume(end->stream, in.len);
	end->whole = end->got == FAULT_TALK_OCTETS;
	/* The client waits for the server's end, so that both have sent all. */
	if (end->whole && end == &end->talk->server)
		fault_talk_end(end);
}

static inline void fault_talk_on_closed(void *owner, const struct error *why)
{
	struct fault_end *end = owner;

	end->why = *why;
	end->silent_end = end->talk->client_context && why->kind == ERROR_CLOSED && !end->whole;
	fault_talk_end(end);
}

/* The descriptor is an end of the talk now. */
static inline void fault_talk_begin(struct fault_end *end, struct fault_talk *t, int fd)
{
	static const struct net_stream_events events = { fault_talk_on_input, NULL, NULL, fault_talk_on_closed };
	char octets[FAULT_TALK_OCTETS];

	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = fault_talk_octet(i);
	*end = (struct fault_end){ .talk = t, .there = true };
	end->stream = net_stream_create(t->loop, fd, &events, end, NULL);
	net_stream_set_deadline(end->stream, t->deadline_ms);
	if (t->server_context && end == &t->server)
		net_stream_start_tls_server(end->stream, t->server_context);
	else if (t->client_context && end == &t->client)
		net_stream_start_tls_client(end->stream, t->client_context, NULL);
	net_stream_write(end->stream, bytes_of(octets, sizeof octets));
}

static inline void fault_talk_on_guest(void *owner, int fd, const struct net_addr *peer)
{
	struct fault_talk *t = owner;

	(void)peer;
	fault_talk_begin(&t->server, t, fd);
}

/* A listening descriptor and its address; -1: err says why. */
static inline int fault_talk_listen(const char *at, struct net_addr *real, struct error *err)
{
	struct net_addr addr = rig_addr(at);
	int fd = net_socket_listen(&addr, err);

	if (fd < 0 || net_socket_local_addr(fd, real))
		return fd;
	net_socket_close(fd);
	error_set(err, ERROR_SYSTEM, "the address is not known");
	return -1;
}

/* The server waits there. */
static inline bool fault_talk_serve(struct fault_talk *t, const char *at, struct net_addr *real, struct error *err)
{
	int fd = fault_talk_listen(at, real, err);

	if (fd >= 0)
		t->listener = net_listener_create(t->loop, fd, fault_talk_on_guest, t, err);
	return t->listener != NULL;
}

static inline void fault_talk_on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct fault_talk *t = owner;

	(void)addr;
	t->connect = NULL;
	if (fd >= 0) {
		fault_talk_begin(&t->client, t, fd);
		return;
	}
	t->client.why = *err;
	t->client.over = true;
	fault_talk_consider(t);
}

static inline bool fault_talk_has_reason(const struct fault_end *end)
{
	return end->whole || (end->why.kind != ERROR_NONE && end->why.text[0] != '\0');
}

static inline void fault_talk_judge(const struct fault_talk *t, const char *claim)
{
	CHECK_ROW(t->done && !t->client.wrong && !t->server.wrong, claim);
	CHECK_ROW(fault_talk_has_reason(&t->client) && (!t->server.there || fault_talk_has_reason(&t->server)), claim);
	CHECK_ROW(!t->client.silent_end && !t->server.silent_end, claim);
	CHECK_ROW(a_fault_came() || (t->client.whole && t->server.whole), claim);
}

static inline void fault_talk_release(struct fault_talk *t)
{
	net_connect_cancel(t->connect);
	net_stream_close(t->client.stream);
	net_stream_close(t->server.stream);
	net_listener_destroy(t->listener);
}

#endif
