#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "netcore/net_unix.h"
#include "tests/unit/netcore/rig.h"

static int pair[2];
static struct error err;

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static void descriptors_arrive_and_work(void)
{
	int pipe_fds[2], got[NET_UNIX_FDS_MAX];
	char text[64];
	size_t n = 99;

	CHECK(pipe(pipe_fds) == 0);
	CHECK_ROW(net_unix_receive(pair[1], text, sizeof text, got, &n, &err) < 0 && err.kind == ERROR_TRY_LATER, "nothing is there yet");
	CHECK_ROW(net_unix_send(pair[0], "two", 3, pipe_fds, 2, &err), err.text);
	CHECK_ROW(net_unix_receive(pair[1], text, sizeof text, got, &n, &err) == 3 && n == 2, "two descriptors arrive");
	CHECK_ROW(same_file(got[0], pipe_fds[0]) && same_file(got[1], pipe_fds[1]), "in the order sent");
	CHECK_ROW(fcntl(got[0], F_GETFD) & FD_CLOEXEC, "close-on-exec");
	CHECK(write(got[1], "x", 1) == 1 && read(pipe_fds[0], text, 1) == 1);
	for (int i = 0; i < 2; i++) {
		close(got[i]);
		close(pipe_fds[i]);
	}
	CHECK(net_unix_send(pair[0], "none", 4, NULL, 0, &err));
	CHECK_ROW(net_unix_receive(pair[1], text, sizeof text, got, &n, &err) == 4 && n == 0, "a message without descriptors");
}

static void as_many_as_allowed_arrive(void)
{
	int sent[NET_UNIX_FDS_MAX], got[NET_UNIX_FDS_MAX];
	char octet;
	size_t n;

	for (size_t i = 0; i < NET_UNIX_FDS_MAX; i++)
		sent[i] = STDIN_FILENO;
	CHECK(net_unix_send(pair[0], "m", 1, sent, NET_UNIX_FDS_MAX, &err));
	CHECK_ROW(net_unix_receive(pair[1], &octet, 1, got, &n, &err) == 1 && n == NET_UNIX_FDS_MAX, "64 descriptors in one message");
	while (n > 0)
		close(got[--n]);
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 512; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void a_cut_message_is_an_error_and_leaks_nothing(void)
{
	int got[NET_UNIX_FDS_MAX], sent[2] = { STDIN_FILENO, STDOUT_FILENO };
	char text[4];
	size_t n;
	unsigned before = open_descriptors();

	CHECK(net_unix_send(pair[0], "too long", 8, sent, 2, &err));
	err = (struct error){ 0 };
	CHECK_ROW(net_unix_receive(pair[1], text, sizeof text, got, &n, &err) < 0 && err.kind == ERROR_LIMIT && n == 0, "octets cut off");
	CHECK_ROW(open_descriptors() == before, "its descriptors are closed");
}

static void descriptors_that_find_no_room_are_an_error(void)
{
	int got[NET_UNIX_FDS_MAX], sent[8] = { 0 };
	struct rlimit limit, tight;
	char text[4];
	size_t n;
	unsigned before = open_descriptors();
	int highest = dup(STDIN_FILENO);

	close(highest);
	CHECK(net_unix_send(pair[0], "x", 1, sent, 8, &err));
	getrlimit(RLIMIT_NOFILE, &limit);
	tight = limit;
	tight.rlim_cur = (rlim_t)highest + 3;
	setrlimit(RLIMIT_NOFILE, &tight);
	err = (struct error){ 0 };
	CHECK_ROW(net_unix_receive(pair[1], text, sizeof text, got, &n, &err) < 0 && err.kind == ERROR_LIMIT, "descriptors cut off");
	setrlimit(RLIMIT_NOFILE, &limit);
	CHECK_ROW(open_descriptors() == before, "those that came are closed");
}

static void the_peer_is_known(void)
{
	pid_t pid;
	uid_t uid;
	gid_t gid;

	CHECK_ROW(net_unix_peer(pair[0], &pid, &uid, &gid, &err), err.text);
	CHECK(pid == getpid() && uid == getuid() && gid == getgid());
}

static void the_end_is_told(void)
{
	int got[NET_UNIX_FDS_MAX];
	char text[4];
	size_t n;

	net_socket_close(pair[0]);
	CHECK_ROW(net_unix_receive(pair[1], text, sizeof text, got, &n, &err) == 0, "0 at the end");
	err = (struct error){ 0 };
	CHECK_ROW(!net_unix_send(pair[1], "x", 1, NULL, 0, &err) && err.sys_errno == EPIPE, "sending to nobody is an error, not a signal");
	net_socket_close(pair[1]);
}

int main(void)
{
	CHECK(net_unix_pair(pair, &err));
	descriptors_arrive_and_work();
	as_many_as_allowed_arrive();
	a_cut_message_is_an_error_and_leaks_nothing();
	descriptors_that_find_no_room_are_an_error();
	the_peer_is_known();
	the_end_is_told();
	return check_finish();
}
