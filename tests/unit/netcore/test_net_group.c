/* Multicast on the loopback interface: several receivers, one sender, nobody else. */
#include "base/random.h"
#include "netcore/net_group.h"
#include "tests/unit/netcore/rig.h"

static struct error err;

static ssize_t receive(int fd, char *at, size_t size)
{
	return rig_await(fd) ? recv(fd, at, size, 0) : -1;
}

static bool is_silent(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 200) == 0;
}

static struct net_addr random_group(const char *prefix)
{
	char text[64];

	snprintf(text, sizeof text, "%s.%u.%u:%u", prefix, random_below(255), 1 + random_below(254), 20000 + random_below(30000));
	return rig_addr(text);
}

static void each_receiver_of_a_host_gets_a_copy(void)
{
	struct net_addr group = random_group("239.255"), other;
	char text[64];

	snprintf(text, sizeof text, "239.254.1.%u:%d", random_below(255), net_addr_port(&group));
	other = rig_addr(text);
	int one = net_group_receiver(&group, "127.0.0.1", &err), two = net_group_receiver(&group, "lo", &err);
	int stranger = net_group_receiver(&other, "127.0.0.1", &err);
	int sender = net_group_sender(&group, "127.0.0.1", 0, &err);
	CHECK_ROW(one >= 0 && two >= 0 && stranger >= 0 && sender >= 0, err.text);
	CHECK(send(sender, "hint", 4, 0) == 4);
	CHECK_ROW(receive(one, text, sizeof text) == 4 && receive(two, text, sizeof text) == 4, "each receiver of a host gets a copy");
	CHECK_ROW(is_silent(stranger), "another group on the same port hears nothing");
	net_socket_close(one);
	net_socket_close(two);
	net_socket_close(stranger);
	net_socket_close(sender);
}

/* Bound to the wildcard: without IP_MULTICAST_ALL off it would hear what its neighbour joined. */
static void what_others_joined_is_not_heard(void)
{
	struct net_addr group = random_group("239.253"), own = random_group("239.252");
	char text[64];

	net_addr_set_port(&own, net_addr_port(&group));
	int joined = net_group_receiver(&group, "lo", &err), other = net_group_receiver(&own, "lo", &err);
	int sender = net_group_sender(&group, "lo", 0, &err);
	CHECK_ROW(joined >= 0 && other >= 0 && sender >= 0, err.text);
	CHECK(send(sender, "x", 1, 0) == 1);
	CHECK_ROW(receive(joined, text, sizeof text) == 1 && is_silent(other), "only what was joined arrives");
	net_socket_close(joined);
	net_socket_close(other);
	net_socket_close(sender);
}

static void a_group_left_is_silent(void)
{
	struct net_addr group = random_group("239.251");
	char text[64];
	int receiver = net_group_receiver(&group, "lo", &err), sender = net_group_sender(&group, "lo", 0, &err);

	err = (struct error){ 0 };
	CHECK_ROW(!net_group_join(receiver, &group, "lo", NULL, &err) && err.kind == ERROR_EXISTS, "joining twice is refused");
	CHECK_ROW(net_group_leave(receiver, &group, "lo", NULL, &err), err.text);
	CHECK(send(sender, "x", 1, 0) == 1);
	CHECK_ROW(is_silent(receiver), "a group left is silent");
	CHECK_ROW(net_group_join(receiver, &group, "lo", NULL, &err), "and may be joined again");
	CHECK(send(sender, "x", 1, 0) == 1);
	CHECK(receive(receiver, text, sizeof text) == 1);
	net_socket_close(receiver);
	net_socket_close(sender);
}

static void memberships_are_bounded(void)
{
	struct net_addr group = random_group("239.250");
	int receiver = net_group_receiver(&group, "lo", &err), n = 1;
	char text[64];

	for (err = (struct error){ 0 }; n < 1000; n++) {
		snprintf(text, sizeof text, "239.249.%d.%d:1", n / 200, 1 + n % 200);
		struct net_addr more = rig_addr(text);
		if (!net_group_join(receiver, &more, "lo", NULL, &err))
			break;
	}
	CHECK_ROW(n == 1000 || err.kind == ERROR_LIMIT, "one group too many is told as a limit");
	net_socket_close(receiver);
}

static void only_the_source_asked_for_is_heard(void)
{
	struct net_addr group = random_group("232.1"), source = rig_addr("127.0.0.1:0");
	char text[64];
	int receiver = net_group_source_receiver(&group, "lo", &source, &err);
	int right = net_group_sender(&group, "127.0.0.1", 0, &err), wrong = net_group_sender(&group, "127.0.0.2", 0, &err);

	CHECK_ROW(receiver >= 0 && right >= 0 && wrong >= 0, err.text);
	CHECK(send(wrong, "wrong", 5, 0) == 5 && send(right, "r", 1, 0) == 1);
	CHECK_ROW(receive(receiver, text, sizeof text) == 1, "the source asked for is heard");
	CHECK_ROW(is_silent(receiver), "another is not");
	net_socket_close(receiver);
	net_socket_close(right);
	net_socket_close(wrong);
}

static void what_is_no_group_or_interface_is_named(void)
{
	struct net_addr group = random_group("239.248"), plain = rig_addr("127.0.0.1:1"), group6 = rig_addr("[ff02::1234]:1");

	CHECK_ROW(net_group_receiver(&plain, "127.0.0.1", &err) < 0 && err.kind == ERROR_SYNTAX, "not a group");
	CHECK_ROW(net_group_sender(&group, "nosuch0", 0, &err) < 0 && err.kind == ERROR_NOT_FOUND, "not an interface");
	CHECK_ROW(net_group_sender(&group, "192.0.2.1", 0, &err) < 0 && err.kind == ERROR_NOT_FOUND, "nobody's address");
	CHECK_ROW(net_group_sender(&group6, "127.0.0.1", 0, &err) < 0 && err.kind == ERROR_SYNTAX, "of the other family");
	CHECK_ROW(net_group_receiver(&group6, "lo", &err) >= 0, "IPv6 groups are joined by the interface's name");
}

int main(void)
{
	each_receiver_of_a_host_gets_a_copy();
	what_others_joined_is_not_heard();
	a_group_left_is_silent();
	memberships_are_bounded();
	only_the_source_asked_for_is_heard();
	what_is_no_group_or_interface_is_named();
	return check_finish();
}
