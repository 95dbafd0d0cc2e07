#define _GNU_SOURCE                     /* F_OFD_SETLK */

#include "service/service_ports.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "netcore/net_addr.h"
#include "service/service_state.h"

#define TEXT_MAX 65536

static void path_of(const char *data_dir, const char *program, const char *suffix, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/listening.%s%s", data_dir, program, suffix);
}

static void write_lines(const struct service *s, struct buffer *out)
{
	char text[NET_ADDR_TEXT];

	for (size_t i = 0; i < s->n_places; i++)
		buffer_printf(out, "%s %s %s\n", service_kind_name(s->places[i].row->service), service_tls_name(s->places[i].row->tls),
		              net_addr_format(&s->places[i].address, text));
}

/* Locked and whole before it gets its name: who finds it reads all of it. */
static bool publish(int fd, struct bytes lines, const char *from, const char *to)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0 && file_write(fd, lines) && rename(from, to) == 0;
}

void service_ports_tell(struct service *s)
{
	const char *data_dir = s->first->settings.data_dir;
	char path[PATH_MAX], new_path[PATH_MAX];
	struct buffer lines = { 0 };

	path_of(data_dir, s->program->name, "", path);
	path_of(data_dir, s->program->name, ".new", new_path);
	write_lines(s, &lines);
	unlink(new_path);
	s->ports_fd = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!publish(s->ports_fd, buffer_bytes(&lines), new_path, path))
		log_warning(s->program->name, "ports-not-told", "file=%s errno=%d", path, errno);
	buffer_release(&lines);
}

void service_ports_withdraw(struct service *s)
{
	char path[PATH_MAX];

	if (s->ports_fd < 0)
		return;
	path_of(s->first->settings.data_dir, s->program->name, "", path);
	unlink(path);
	close(s->ports_fd);
	s->ports_fd = -1;
}

bool service_ports_read(const char *data_dir, const char *program, struct buffer *out)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX], text[4096];
	size_t total = 0;
	ssize_t n = 0;

	path_of(data_dir, program, "", path);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool is_alive = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	while (is_alive && total < TEXT_MAX && (n = file_read(fd, text, sizeof text)) > 0) {
		buffer_add(out, text, (size_t)n);
		total += (size_t)n;
	}
	close(fd);
	return is_alive;
}
