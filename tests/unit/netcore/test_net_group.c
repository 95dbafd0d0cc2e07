/* Multicast on the loopback interface: several receivers, one sender, nobody else. */
#include <poll.h>

#include "base/random.h"
#include "netcore/net_group.h"
#include "tests/unit/netcore/rig.h"

static struct error err;

static ssize_t receive(int fd, char *at, size_t size)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 200) == 1 ? recv(fd, at, size, 0) : -1;
}

int main(void)
{
	char text[64];
	snprintf(text, sizeof text, "239.255.%u.%u:%u", random_below(255), random_below(255), 20000 + random_below(30000));
	struct net_addr group = rig_addr(text), other = group;
	snprintf(text, sizeof text, "239.254.1.%u:%d", random_below(255), net_addr_port(&group));
	other = rig_addr(text);

	int one = net_group_receiver(&group, "127.0.0.1", &err), two = net_group_receiver(&group, "127.0.0.1", &err);
	int stranger = net_group_receiver(&other, "127.0.0.1", &err);
	int sender = net_group_sender(&group, "127.0.0.1", 0, &err);
	CHECK_ROW(one >= 0 && two >= 0 && stranger >= 0 && sender >= 0, err.text);
	CHECK(send(sender, "hint", 4, 0) == 4);
	CHECK_ROW(receive(one, text, sizeof text) == 4 && receive(two, text, sizeof text) == 4, "each receiver of a host gets a copy");
	CHECK_ROW(receive(stranger, text, sizeof text) < 0, "another group on the same port hears nothing");
	struct net_addr plain = rig_addr("127.0.0.1:1");
	CHECK_ROW(net_group_receiver(&plain, "127.0.0.1", &err) < 0 && err.kind == ERROR_SYNTAX, "not a group");
	CHECK_ROW(net_group_sender(&group, "eth0", 0, &err) < 0, "not an interface address");
	net_socket_close(one);
	net_socket_close(two);
	net_socket_close(stranger);
	net_socket_close(sender);
	return check_finish();
}
