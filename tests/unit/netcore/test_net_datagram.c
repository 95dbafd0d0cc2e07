/* Datagrams over UDP and Unix sockets: every claim with both loops, and with calls for many and for each. */
#include <errno.h>
#include <stdlib.h>

#include "netcore/net_datagram.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;
static enum net_datagram_calls calls;

struct side {
	struct net_datagram *socket;
	unsigned n_received, n_truncated, n_failed, n_refused, n_drained, n_wanted;
	struct net_addr peer, asked, reply_from;
	struct error failure;
	char octets[65536];
	size_t len, total;
	bool done, echoes, close_when_told;
};

static void on_received(void *owner, const struct net_datagram_received *r)
{
	struct side *s = owner;

	s->n_received++;
	s->n_truncated += r->is_truncated;
	s->peer = r->peer;
	s->asked = r->asked;
	s->reply_from = r->reply_from;
	s->len = r->octets.len;
	s->total += r->octets.len;
	memcpy(s->octets, r->octets.at, r->octets.len);
	if (s->echoes)
		net_datagram_send(s->socket, &r->peer, &r->reply_from, r->octets, NULL);
	if (s->close_when_told) {
		net_datagram_close(s->socket);
		s->socket = NULL;
	}
	s->done = s->n_received >= s->n_wanted;
}

static void on_drained(void *owner)
{
	struct side *s = owner;

	s->n_drained++;
}

static void on_failed(void *owner, const struct net_addr *to, const struct error *why)
{
	struct side *s = owner;

	(void)to;
	s->n_failed++;
	s->n_refused += why->sys_errno == ECONNREFUSED;
	s->failure = *why;
	s->done = s->done || s->n_wanted == 0;
}

static const struct net_datagram_events events = { on_received, on_drained, on_failed };

static void own(struct side *s, int fd)
{
	struct error err = { 0 };

	s->socket = fd < 0 ? NULL : net_datagram_create(loop, fd, &events, s, &err);
	CHECK_ROW(s->socket != NULL, err.text);
	net_datagram_set_calls(s->socket, calls);
}

static struct side *bound(const char *at, unsigned n_wanted)
{
	struct side *s = xcalloc(1, sizeof *s);
	struct net_addr a = rig_addr(at);
	struct error err = { 0 };
	int fd = net_socket_bind_datagram(&a, &err);

	CHECK_ROW(fd >= 0, err.text);
	s->n_wanted = n_wanted;
	own(s, fd);
	return s;
}

static struct side *connected(const struct net_addr *to, unsigned n_wanted)
{
	struct side *s = xcalloc(1, sizeof *s);
	struct error err = { 0 };
	int fd = net_socket_connect_datagram(to, &err);

	CHECK_ROW(fd >= 0, err.text);
	s->n_wanted = n_wanted;
	own(s, fd);
	return s;
}

static void drop(struct side *s)
{
	net_datagram_close(s->socket);
	net_loop_run_once(loop, 0);
	free(s);
}

static void say(struct side *s, const struct net_addr *to, const char *text)
{
	struct error err = { 0 };

	CHECK_ROW(net_datagram_send(s->socket, to, NULL, bytes_text(text), &err), err.text);
}

static struct net_addr at_loopback(const struct side *s, const char *ip)
{
	struct net_addr a;

	CHECK(net_addr_from_ip(ip, net_addr_port(net_datagram_local_addr(s->socket)), &a));
	return a;
}

static void a_datagram_and_its_answer(const char *name, const char *at)
{
	struct side *server = bound(at, 1), *client = connected(net_datagram_local_addr(server->socket), 1);

	server->echoes = true;
	say(client, NULL, "hello");
	CHECK_ROW(rig_run(loop, &client->done, RIG_WAIT_MS) && client->len == 5 && memcmp(client->octets, "hello", 5) == 0, name);
	CHECK_ROW(server->n_failed + client->n_failed == 0 && !client->n_truncated, name);
	drop(client);
	drop(server);
}

static void empty_datagrams_arrive(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 2), *client = connected(net_datagram_local_addr(server->socket), 1);

	say(client, NULL, "");
	say(client, NULL, "");
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->total == 0, name);
	drop(client);
	drop(server);
}

static void the_answer_leaves_from_the_address_asked(const char *name)
{
	struct side *server = bound("0.0.0.0:0", 1);
	struct net_addr asked = at_loopback(server, "127.0.0.3");
	/* Connected: an answer from any other address would not be let in. */
	struct side *client = connected(&asked, 1);

	server->echoes = true;
	say(client, NULL, "from .3");
	CHECK_ROW(rig_run(loop, &client->done, RIG_WAIT_MS) && client->len == 7, name);
	CHECK_ROW(net_addr_equal(&server->asked, &asked), "which address was asked is told");
	drop(client);
	drop(server);
}

static void the_answer_leaves_from_the_ipv6_address_asked(const char *name)
{
	struct side *server = bound("[::]:0", 1);
	struct net_addr asked = at_loopback(server, "::1");
	struct side *client = connected(&asked, 1);

	server->echoes = true;
	say(client, NULL, "v6");
	CHECK_ROW(rig_run(loop, &client->done, RIG_WAIT_MS) && client->len == 2, name);
	CHECK_ROW(net_addr_equal(&server->asked, &asked), "which address was asked is told");
	drop(client);
	drop(server);
}

static void a_cut_datagram_is_marked(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 2), *client;

	net_datagram_set_receive_max(server->socket, 100);
	client = connected(net_datagram_local_addr(server->socket), 1);
	net_datagram_send(client->socket, NULL, NULL, bytes_of(client->octets, 101), NULL);
	net_datagram_send(client->socket, NULL, NULL, bytes_of(client->octets, 100), NULL);
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->n_truncated == 1 && server->total == 200, name);
	drop(client);
	drop(server);
}

static void refusals_are_handed_on_and_the_socket_goes_on(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 1);
	struct net_addr at = *net_datagram_local_addr(server->socket);
	struct side *client = connected(&at, 0);

	drop(server);
	say(client, NULL, "anybody?");
	CHECK_ROW(rig_run(loop, &client->done, RIG_WAIT_MS) && client->failure.sys_errno == ECONNREFUSED, name);
	server = xcalloc(1, sizeof *server);
	server->n_wanted = 1;
	struct error err = { 0 };
	own(server, net_socket_bind_datagram(&at, &err));
	say(client, NULL, "now");
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->len == 3, "a later datagram arrives");
	drop(client);
	drop(server);
}

static void a_refusal_of_an_earlier_one_loses_no_later_one(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 1);
	struct net_addr at = *net_datagram_local_addr(server->socket);
	struct side *client = connected(&at, 0);
	struct error err = { 0 };

	drop(server);
	/* Behind the loop's back: the refusal waits for the next call, which is our send. */
	CHECK(send(net_datagram_fd(client->socket), "x", 1, 0) == 1);
	server = xcalloc(1, sizeof *server);
	server->n_wanted = 1;
	own(server, net_socket_bind_datagram(&at, &err));
	net_datagram_pause(client->socket);
	say(client, NULL, "later");
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->len == 5, name);
	CHECK_ROW(client->n_refused == 1, "the refusal was told");
	drop(client);
	drop(server);
}

static void too_long_is_said_at_once(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 1), *client = connected(net_datagram_local_addr(server->socket), 1);
	static char octets[NET_DATAGRAM_MAX + 1];
	struct error err = { 0 };

	CHECK_ROW(!net_datagram_send(client->socket, NULL, NULL, bytes_of(octets, sizeof octets), &err) && err.kind == ERROR_LIMIT, name);
	CHECK_ROW(net_datagram_send(client->socket, NULL, NULL, bytes_of(octets, NET_DATAGRAM_MAX), &err), err.text);
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->len == NET_DATAGRAM_MAX && !server->n_truncated, "the longest arrives whole");
	drop(client);
	drop(server);
}

static void what_the_way_does_not_carry_is_told(const char *name)
{
	struct side *client = bound("127.0.0.1:0", 0);
	struct net_addr nowhere = rig_addr("255.255.255.255:9");

	/* No SO_BROADCAST: the kernel says EACCES. */
	say(client, &nowhere, "x");
	CHECK_ROW(rig_run(loop, &client->done, RIG_WAIT_MS) && client->failure.sys_errno == EACCES, name);
	drop(client);
}

static void hundreds_in_one_pass_keep_their_order(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 200), *client = connected(net_datagram_local_addr(server->socket), 1);
	char text[16];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof text, "%d", i);
		say(client, NULL, text);
	}
	CHECK_ROW(net_datagram_queued(client->socket) > 0 && client->n_received == 0, "nothing leaves within the call");
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->n_received == 200 && memcmp(server->octets, "199", 3) == 0, name);
	CHECK_ROW(net_datagram_queued(client->socket) == 0, "the queue is empty");
	drop(client);
	drop(server);
}

static void the_queue_is_bounded(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 1), *client = connected(net_datagram_local_addr(server->socket), 1);
	struct error err = { 0 };
	unsigned n = 0;

	net_datagram_set_queue_max(client->socket, 20000);
	while (n < 1000 && net_datagram_send(client->socket, NULL, NULL, bytes_of(client->octets, 1000), &err))
		n++;
	CHECK_ROW(n > 5 && n < 20 && err.kind == ERROR_TRY_LATER && net_datagram_queued(client->socket) <= 20000, name);
	server->n_wanted = n;
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS), "those that were queued arrive");
	CHECK_ROW(client->n_drained == 1, "room again is told once");
	drop(client);
	drop(server);
}

static void segments_arrive_as_datagrams(const char *name, bool gso)
{
	struct side *server = bound("127.0.0.1:0", 51), *client = connected(net_datagram_local_addr(server->socket), 1);
	static char octets[50 * 1000 + 7];
	struct error err = { 0 };

	net_datagram_set_gso(client->socket, gso);
	CHECK_ROW(net_datagram_send_segments(client->socket, NULL, NULL, bytes_of(octets, sizeof octets), 1000, &err), err.text);
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->n_received == 51 && server->len == 7 && server->total == sizeof octets, name);
	CHECK_ROW(net_datagram_has_gso(client->socket) == gso, "the kernel did as it was asked");
	drop(client);
	drop(server);
}

static void segments_fall_back_where_the_kernel_cannot_cut(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 3), *client = connected(net_datagram_local_addr(server->socket), 1);
	static char octets[3 * 20000];
	int no_checksum = 1;

	/* Without checksums the kernel refuses to cut. */
	setsockopt(net_datagram_fd(client->socket), SOL_SOCKET, SO_NO_CHECK, &no_checksum, sizeof no_checksum);
	net_datagram_set_gso(client->socket, true);
	CHECK(net_datagram_send_segments(client->socket, NULL, NULL, bytes_of(octets, sizeof octets), 20000, NULL));
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && server->n_received == 3 && server->total == sizeof octets, name);
	CHECK_ROW(!net_datagram_has_gso(client->socket) && client->n_failed == 0, "it is not tried again");
	drop(client);
	drop(server);
}

static void closing_inside_a_batch_is_legal(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 1), *client = connected(net_datagram_local_addr(server->socket), 1);

	server->close_when_told = true;
	for (int i = 0; i < 10; i++)
		say(client, NULL, "x");
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS), name);
	rig_run_for(loop, 10);
	CHECK_ROW(server->n_received == 1, "no call comes after close");
	drop(client);
	drop(server);
}

static void a_paused_socket_hears_nothing_until_resumed(const char *name)
{
	struct side *server = bound("127.0.0.1:0", 1), *client = connected(net_datagram_local_addr(server->socket), 1);

	net_datagram_pause(server->socket);
	say(client, NULL, "x");
	CHECK_ROW(rig_run_for(loop, 40) < 20 && server->n_received == 0, name);
	net_datagram_resume(server->socket);
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS), "resumed");
	drop(client);
	drop(server);
}

static void a_full_unix_receiver_is_waited_for_then_given_up(const char *name)
{
	char text[128];
	snprintf(text, sizeof text, "unix:%s/full-%s-%d", check_folder(), name, calls);
	struct side *server = bound(text, 600), *client = connected(net_datagram_local_addr(server->socket), 1);

	net_datagram_pause(server->socket);
	for (int i = 0; i < 600; i++)
		say(client, NULL, "x");
	CHECK_ROW(rig_run_for(loop, 60) < 40 && client->n_failed == 0, "waiting does not spin");
	net_datagram_resume(server->socket);
	CHECK_ROW(rig_run(loop, &server->done, RIG_WAIT_MS) && client->n_failed == 0, name);
	net_datagram_pause(server->socket);
	client->n_wanted = 0;
	client->done = false;
	for (int i = 0; i < 600; i++)
		say(client, NULL, "x");
	CHECK_ROW(rig_run(loop, &client->done, RIG_WAIT_MS) && client->failure.kind == ERROR_TRY_LATER, "one that stays full is given up");
	drop(client);
	drop(server);
}

static void a_stale_path_is_taken_over(const char *name)
{
	char text[128];
	snprintf(text, sizeof text, "unix:%s/stale-%s-%d", check_folder(), name, calls);
	struct side *first = bound(text, 1);
	struct net_addr at = rig_addr(text);
	struct error err = { 0 };

	CHECK_ROW(net_socket_bind_datagram(&at, &err) < 0 && err.sys_errno == EADDRINUSE, "one that is in use is not");
	drop(first);
	struct side *second = bound(text, 1), *client = connected(&at, 1);
	say(client, NULL, "x");
	CHECK_ROW(rig_run(loop, &second->done, RIG_WAIT_MS), name);
	drop(client);
	drop(second);
}

static void both_families_share_a_port(void)
{
	struct side *v6 = bound("[::]:0", 1);
	struct net_addr any = at_loopback(v6, "0.0.0.0");
	struct error err = { 0 };
	int fd = net_socket_bind_datagram(&any, &err);

	CHECK_ROW(fd >= 0, "[::] leaves IPv4's port free");
	net_socket_close(fd);
	drop(v6);
}

static void all(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "unix:%s/%s-%d", check_folder(), name, calls);
	a_datagram_and_its_answer(name, "127.0.0.1:0");
	a_datagram_and_its_answer(name, "[::1]:0");
	a_datagram_and_its_answer(name, path);
	empty_datagrams_arrive(name);
	the_answer_leaves_from_the_address_asked(name);
	the_answer_leaves_from_the_ipv6_address_asked(name);
	a_cut_datagram_is_marked(name);
	refusals_are_handed_on_and_the_socket_goes_on(name);
	a_refusal_of_an_earlier_one_loses_no_later_one(name);
	too_long_is_said_at_once(name);
	what_the_way_does_not_carry_is_told(name);
	hundreds_in_one_pass_keep_their_order(name);
	the_queue_is_bounded(name);
	segments_arrive_as_datagrams("cut by us", false);
	segments_arrive_as_datagrams("cut by the kernel", true);
	segments_fall_back_where_the_kernel_cannot_cut(name);
	closing_inside_a_batch_is_legal(name);
	a_paused_socket_hears_nothing_until_resumed(name);
	a_full_unix_receiver_is_waited_for_then_given_up(name);
	a_stale_path_is_taken_over(name);
	both_families_share_a_port();
}

int main(void)
{
	net_signal_ignore_pipe();
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++)
		for (calls = NET_DATAGRAM_MANY; calls <= NET_DATAGRAM_EACH; calls++) {
			struct error err = { 0 };
			loop = net_loop_create(rig_backends[i].kind, &err);
			all(rig_backends[i].name);
			net_loop_destroy(loop);
		}
	return check_finish();
}
