/* Faults of joining, sending to and leaving groups, and of broadcasts, on the loopback interface. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include "base/random.h"
#include "netcore/net_broadcast.h"
#include "netcore/net_group.h"

static int port;

static bool fault_is(enum sock_call call)
{
	return sock_fail.hit && sock_fail.fault->call == call;
}

/* What was made works, or somebody was told why not. */
static void judge(bool ok, const struct error *err, const char *claim)
{
	CHECK_ROW(ok || (a_fault_came() && err->kind != ERROR_NONE && err->text[0] != '\0'), claim);
}

static void hears(int from, int to, const struct net_addr *addr, const char *claim)
{
	struct pollfd ready = { .fd = to, .events = POLLIN };
	char text[8];
	ssize_t sent = addr ? sendto(from, "hear", 4, 0, net_addr_sockaddr(addr), addr->len) : send(from, "hear", 4, 0);

	CHECK_ROW(sent == 4 || fault_is(CALL_send) || fault_is(CALL_sendto), claim);
	if (sent != 4 || (poll(&ready, 1, 1000) != 1 && a_fault_came()))
		return;
	CHECK_ROW(recv(to, text, sizeof text, 0) == 4 || fault_is(CALL_recv), claim);
}

static void groups(const char *first, const char *second, const char *interface, const char *source, const char *claim)
{
	struct net_addr group = rig_addr(first), other = rig_addr(second), from;
	struct error err = { 0 }, why = { 0 };

	net_addr_set_port(&group, port);
	net_addr_set_port(&other, port);
	int receiver = net_group_receiver(&group, interface, &err);
	judge(receiver >= 0, &err, claim);
	int sender = net_group_sender(&group, interface, 0, &err);
	/* Few hosts route IPv6 groups on loopback. */
	judge(sender >= 0 || (net_addr_family(&group) == AF_INET6 && err.sys_errno == ENETUNREACH), &err, claim);
	if (receiver >= 0 && sender >= 0) {
		bool looped = net_group_set_loop(sender, true, &why);
		judge(looped, &why, claim);
		hears(sender, receiver, NULL, claim);
		why = (struct error){ 0 };
		bool joined = net_group_join(receiver, &other, interface, NULL, &why);
		judge(joined, &why, claim);
		judge(!joined || net_group_leave(receiver, &other, interface, NULL, &why), &why, claim);
	}
	net_socket_close(receiver);
	net_socket_close(sender);
	if (source == NULL || !net_addr_from_ip(source, 0, &from))
		return;
	receiver = net_group_source_receiver(&group, interface, &from, &err);
	judge(receiver >= 0, &err, claim);
	net_socket_close(receiver);
}

static void ipv4_by_name(enum net_poll_kind kind, const char *claim)
{
	(void)kind;
	groups("239.255.71.1:0", "239.255.71.2:0", "lo", "127.0.0.1", claim);
}

static void ipv4_by_address(enum net_poll_kind kind, const char *claim)
{
	(void)kind;
	groups("239.255.71.1:0", "239.255.71.2:0", "127.0.0.1", "127.0.0.1", claim);
}

static void ipv6(enum net_poll_kind kind, const char *claim)
{
	(void)kind;
	groups("[ff01::4711]:0", "[ff01::4712]:0", "lo", NULL, claim);
}

/* The kernel that cannot say what the socket is has not set anything. */
static void family_unknown(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	int sender = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)kind;
	if (sender >= 0 && net_group_set_loop(sender, false, &err))
		CHECK_ROW(!fault_is(CALL_getsockname), claim);
	net_socket_close(sender);
}

static void broadcasts(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct net_addr all, limited;
	int receiver = net_broadcast_receiver(port, &err), sender;

	(void)kind;
	judge(receiver >= 0 && !fault_is(CALL_setsockopt), &err, claim);
	sender = net_broadcast_sender("lo", &err);
	judge(sender >= 0, &err, claim);
	bool found = net_broadcast_everybody("lo", true, port, &all, &err) && net_broadcast_everybody("lo", false, port, &limited, &err);
	judge(found, &err, claim);
	if (receiver >= 0 && sender >= 0 && found)
		hears(sender, receiver, &all, claim);
	net_socket_close(receiver);
	net_socket_close(sender);
}

/* A link that nobody knows: every place where one is looked for is asked. */
static void unknown_link(enum net_poll_kind kind, const char *claim)
{
	struct net_addr group = rig_addr("239.255.71.1:4711");
	struct error err = { 0 };

	(void)kind;
	CHECK_ROW(net_group_receiver(&group, "nosuch0", &err) < 0 && err.text[0] != '\0', claim);
	CHECK_ROW(a_fault_came() || err.kind == ERROR_NOT_FOUND, claim);
	/* Not looked for is not absent. */
	CHECK_ROW(!(fault_is(CALL_socket) || fault_is(CALL_bind)) || err.kind != ERROR_NOT_FOUND, claim);
}

static const struct fault_play plays[] = {
	{ "IPv4 by name", ipv4_by_name }, { "IPv4 by address", ipv4_by_address }, { "IPv6", ipv6 }, { "family unknown", family_unknown },
	{ "broadcasts", broadcasts }, { "an unknown link", unknown_link },
};

int main(void)
{
	port = 20000 + (int)random_below(10000);
	return fault_plays_run(plays, sizeof plays / sizeof *plays);
}
