#include "service/service_listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "netcore/net_addr.h"
#include "netcore/net_socket.h"

#define FIRST_INHERITED 3               /* sd_listen_fds(3) */
#define INHERITED_MAX 256

static int n_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t number;

	if (pid == NULL || count == NULL)
		return 0;
	if (!bytes_to_u64(bytes_text(pid), UINT32_MAX, &number) || number != (uint64_t)getpid())
		return 0;
	return bytes_to_u64(bytes_text(count), INHERITED_MAX, &number) ? (int)number : 0;
}

/* An inherited socket with this address, -1 when there is none. */
static int find_inherited(const struct net_addr *want)
{
	struct net_addr have;
	int accepts = 0;
	socklen_t len = sizeof accepts;

	for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + n_inherited(); fd++) {
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) < 0 || !accepts)
			continue;
		if (!net_socket_local_addr(fd, &have) || !net_addr_equal(&have, want))
			continue;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		return fd;
	}
	return -1;
}

/* /run is empty after a boot: its folder for our Unix socket is made again.  When that fails, bind says so. */
static void make_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof ((struct sockaddr_un *)0)->sun_path];

	if (slash == NULL || slash == path || !bytes_copy_text(bytes_of(path, (size_t)(slash - path)), folder, sizeof folder))
		return;
	if (mkdir(folder, 0755) == 0)
		chmod(folder, 0755);
}

/* Who had the port may be dying still, on a busy machine for a while. */
static int listen_patiently(const struct net_addr *addr, struct error *err)
{
	struct timespec pause = { 0, 50 * 1000 * 1000 };
	int fd = -1;

	for (int i = 0; i < 60 && fd < 0; i++) {
		fd = net_socket_listen(addr, err);
		if (fd >= 0 || err->sys_errno != EADDRINUSE)
			break;
		nanosleep(&pause, NULL);
	}
	return fd;
}

static bool open_row(struct service_listeners *l, const struct service_listen *row, uid_t owner, gid_t group, struct error *err)
{
	struct error why = { 0 };
	struct net_addr addr;
	bool ok;

	if (!net_addr_parse(row->address, &addr, err))
		return false;
	int fd = find_inherited(&addr);
	l->was_inherited[l->n] = fd >= 0;
	if (fd < 0 && net_addr_family(&addr) == AF_UNIX)
		make_folder_of(row->address + strlen("unix:"));
	if (fd < 0)
		fd = listen_patiently(&addr, &why);
	if (fd < 0) {
		*err = why;
		return false;
	}
	l->rows[l->n] = *row;
	l->rows[l->n].address = xstrdup(row->address);
	l->fds[l->n++] = fd;
	if (net_addr_family(&addr) != AF_UNIX || l->was_inherited[l->n - 1])
		return true;
	const char *path = row->address + strlen("unix:");
	ok = chmod(path, 0660) == 0 && (geteuid() != 0 || chown(path, owner, group) == 0);
	return ok || error_set_errno(err, errno, "%s", path);
}

bool service_listeners_open(struct service_listeners *l, const struct service_settings *s, unsigned services, uid_t owner,
                            gid_t group, struct error *err)
{
	const struct service_listen *rows = s->listen.at;

	*l = (struct service_listeners){
		.fds = xcalloc(s->listen.n, sizeof *l->fds),
		.rows = xcalloc(s->listen.n, sizeof *l->rows),
		.was_inherited = xcalloc(s->listen.n, sizeof *l->was_inherited),
	};
	for (size_t i = 0; i < s->listen.n; i++) {
		if (!(services & 1u << rows[i].service))
			continue;
		if (!open_row(l, &rows[i], owner, group, err)) {
			service_listeners_close(l, true);
			return false;
		}
	}
	return true;
}

void service_listeners_close(struct service_listeners *l, bool unlink_paths)
{
	struct net_addr addr;

	for (size_t i = 0; i < l->n; i++) {
		if (unlink_paths && !l->was_inherited[i] && net_socket_local_addr(l->fds[i], &addr) &&
		    net_addr_family(&addr) == AF_UNIX)
			unlink(((const struct sockaddr_un *)(const void *)&addr.storage)->sun_path);
		net_socket_close(l->fds[i]);
		free((char *)(uintptr_t)l->rows[i].address);
	}
	free(l->fds);
	free(l->rows);
	free(l->was_inherited);
	*l = (struct service_listeners){ 0 };
}
