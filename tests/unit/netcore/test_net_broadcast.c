/* Broadcast on the loopback interface only. */
#include <errno.h>

#include "netcore/net_broadcast.h"
#include "tests/unit/netcore/rig.h"

static struct error err;

static ssize_t receive(int fd)
{
	char text[64];

	return rig_await(fd) ? recv(fd, text, sizeof text, 0) : -1;
}

static int port_of(int fd)
{
	struct net_addr a;

	net_socket_local_addr(fd, &a);
	return net_addr_port(&a);
}

static ssize_t send_to(int fd, const struct net_addr *to)
{
	return sendto(fd, "hear", 4, 0, net_addr_sockaddr(to), to->len);
}

static void every_receiver_of_the_subnet_hears(void)
{
	int one = net_broadcast_receiver(0, &err), port = port_of(one), two = net_broadcast_receiver(port, &err);
	int sender = net_broadcast_sender("lo", &err);
	struct net_addr all, own = rig_addr("127.0.0.1:0");

	CHECK_ROW(net_broadcast_everybody("lo", true, port, &all, &err), err.text);
	CHECK_ROW(one >= 0 && two >= 0 && sender >= 0, err.text);
	net_addr_set_port(&own, port + 1);
	CHECK(send_to(sender, &all) == 4);
	CHECK_ROW(receive(one) == 4 && receive(two) == 4, "each receiver gets a copy");
	net_socket_close(one);
	net_socket_close(two);
	net_socket_close(sender);
}

static void without_leave_it_is_refused(void)
{
	struct net_addr any = rig_addr("127.0.0.1:0"), all;
	int plain = net_socket_bind_datagram(&any, &err);

	CHECK(net_broadcast_everybody("lo", true, 9, &all, &err));
	CHECK_ROW(send_to(plain, &all) < 0 && errno == EACCES, "directed, without SO_BROADCAST");
	CHECK(net_broadcast_everybody("lo", false, 9, &all, &err));
	CHECK_ROW(send_to(plain, &all) < 0 && errno == EACCES, "limited, without SO_BROADCAST");
	net_socket_close(plain);
}

static void a_sender_has_its_interface(void)
{
	int sender = net_broadcast_sender("127.0.0.1", &err);
	struct net_addr from, all;
	char text[NET_ADDR_TEXT];

	CHECK_ROW(sender >= 0 && net_socket_local_addr(sender, &from), err.text);
	CHECK_TEXT(net_addr_format_ip(&from, text), "127.0.0.1", "bound to the interface's address");
	CHECK(net_broadcast_everybody("lo", true, 7, &all, &err));
	CHECK_TEXT(net_addr_format(&all, text), "127.255.255.255:7", "the subnet's address");
	CHECK_ROW(net_broadcast_sender("nosuch0", &err) < 0 && err.kind == ERROR_NOT_FOUND, "not an interface");
	CHECK_ROW(net_broadcast_sender("::1", &err) < 0 && err.kind == ERROR_SYNTAX, "IPv6 has none");
	net_socket_close(sender);
}

int main(void)
{
	every_receiver_of_the_subnet_hears();
	without_leave_it_is_refused();
	a_sender_has_its_interface();
	return check_finish();
}
