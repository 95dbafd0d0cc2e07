#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "netcore/net_socket.h"
#include "tests/unit/netcore/rig.h"

static struct error err;

static int listen_at(const struct net_addr *a)
{
	err = (struct error){ 0 };
	return net_socket_listen(a, &err);
}

static void both_families_share_a_port(void)
{
	struct net_addr six = rig_addr("[::]:0"), four = rig_addr("0.0.0.0:0"), real;
	int fd6 = listen_at(&six);

	CHECK_ROW(fd6 >= 0, err.text);
	net_socket_local_addr(fd6, &real);
	net_addr_set_port(&four, net_addr_port(&real));
	int fd4 = listen_at(&four);
	CHECK_ROW(fd4 >= 0, "[::] is v6 only and leaves 0.0.0.0 free");
	net_socket_close(fd4);
	net_socket_close(fd6);
}

static void a_taken_port_is_named(void)
{
	struct net_addr real;
	char text[NET_ADDR_TEXT];
	int fd = rig_listen(&real), again = listen_at(&real);

	CHECK_ROW(again < 0 && err.sys_errno == EADDRINUSE, "a taken port is an error");
	CHECK_ROW(strstr(err.text, net_addr_format(&real, text)) != NULL, "that names the address");
	net_socket_close(fd);
}

static void refused_connects_say_so(void)
{
	struct net_addr real;
	int dead = rig_refusing(&real), fd = net_socket_connect(&real, &err);
	struct pollfd p = { fd, POLLOUT, 0 };

	err = (struct error){ 0 };
	poll(&p, 1, RIG_WAIT_MS);
	CHECK_ROW(!net_socket_finish_connect(fd, &err) && err.sys_errno == ECONNREFUSED, "connect refused");
	net_socket_close(fd);
	net_socket_close(dead);
}

static struct net_addr unix_addr(const char *name)
{
	char text[300];

	snprintf(text, sizeof text, "unix:%s/%s", check_folder(), name);
	return rig_addr(text);
}

static const char *unix_path_of(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
	return net_addr_format(a, text) + 5;
}

static void a_stale_unix_path_is_taken_over(void)
{
	struct net_addr a = unix_addr("stale");
	int first = listen_at(&a);

	CHECK_ROW(first >= 0, err.text);
	int second = listen_at(&a);
	CHECK_ROW(second < 0 && err.sys_errno == EADDRINUSE, "a path where somebody listens is not taken");
	net_socket_close(first);
	second = listen_at(&a);
	CHECK_ROW(second >= 0, "a path where nobody answers is");
	int client = net_socket_connect(&a, &err);
	CHECK_ROW(client >= 0 && net_socket_finish_connect(client, &err), "and works");
	net_socket_close(client);
	net_socket_close(second);
}

static void a_file_is_never_unlinked(void)
{
	struct net_addr a = unix_addr("file");
	char text[NET_ADDR_TEXT];
	struct stat st;
	FILE *file = fopen(unix_path_of(&a, text), "w");

	fclose(file);
	CHECK_ROW(listen_at(&a) < 0 && err.sys_errno == EADDRINUSE, "a plain file in the way is an error");
	CHECK_ROW(stat(unix_path_of(&a, text), &st) == 0 && S_ISREG(st.st_mode), "and stays");
}

static void a_full_unix_backlog_may_be_tried_later(void)
{
	struct net_addr a = unix_addr("full");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), clients[8], n = 0;

	CHECK(bind(fd, net_addr_sockaddr(&a), a.len) == 0 && listen(fd, 1) == 0);
	err = (struct error){ 0 };
	while (n < 8 && (clients[n] = net_socket_connect(&a, &err)) >= 0)
		n++;
	CHECK_ROW(n < 8 && err.kind == ERROR_TRY_LATER, "a full backlog says try later");
	while (n > 0)
		net_socket_close(clients[--n]);
	net_socket_close(fd);
}

int main(void)
{
	both_families_share_a_port();
	a_taken_port_is_named();
	refused_connects_say_so();
	a_stale_unix_path_is_taken_over();
	a_file_is_never_unlinked();
	a_full_unix_backlog_may_be_tried_later();
	CHECK(net_socket_raise_limit() > 0);
	net_socket_close(-1);
	return check_finish();
}
