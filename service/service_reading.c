#define _GNU_SOURCE
#include "service/service_reading.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/settings.h"
#include "service/service_settings.h"

#define FILE_MAX (1u << 20)             /* of a certificate chain, a CA file, a password file */
#define FILES_MAX 65536u
#define ABSENT UINT64_MAX

enum { FILE_PATH, FILE_TEXT, FILE_CERTIFICATE, FILE_KEY, FILE_PEERS /* ca and password of each */ };

struct service_reading_file {
	char *at;
	size_t len;
};

static struct bytes file_at(const struct service_reading *r, size_t i)
{
	if (i >= r->n_files)
		return (struct bytes){ NULL, 0 };
	return bytes_of(r->files[i].at, r->files[i].len);
}

const char *service_reading_path(const struct service_reading *r)
{
	return file_at(r, FILE_PATH).at;
}

const char *service_reading_text(const struct service_reading *r)
{
	return file_at(r, FILE_TEXT).at;
}

struct bytes service_reading_certificate(const struct service_reading *r)
{
	return file_at(r, FILE_CERTIFICATE);
}

struct bytes service_reading_key(const struct service_reading *r)
{
	return file_at(r, FILE_KEY);
}

struct bytes service_reading_ca(const struct service_reading *r, size_t i)
{
	return file_at(r, FILE_PEERS + 2 * i);
}

struct bytes service_reading_password(const struct service_reading *r, size_t i)
{
	return file_at(r, FILE_PEERS + 2 * i + 1);
}

void service_reading_release(struct service_reading *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		if (r->files[i].at != NULL)
			memory_wipe(r->files[i].at, r->files[i].len);
		free(r->files[i].at);
	}
	free(r->files);
	*r = (struct service_reading){ 0 };
}

static void set_file(struct service_reading *r, size_t i, char *at, size_t len)
{
	r->files[i] = (struct service_reading_file){ at, len };
}

static char *read_file(const char *path, size_t *len, struct error *err)
{
	struct buffer text = { 0 };
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		error_set_errno(err, errno, "%s", path);
		return NULL;
	}
	while ((n = file_read(fd, buffer_reserve(&text, 4096), 4096)) > 0 && text.len <= FILE_MAX)
		buffer_added(&text, (size_t)n);
	if (n < 0)
		error_set_errno(err, errno, "%s", path);
	else if (n > 0)
		error_set(err, ERROR_LIMIT, "%s: more than 1 MiB", path);
	else if (text.len == 0)
		error_set(err, ERROR_SYNTAX, "%s: empty", path);
	close(fd);
	if (n == 0 && text.len > 0)
		return buffer_take(&text, len);
	buffer_release(&text);
	return NULL;
}

/* A file that the configuration names, or nothing when it names none. */
static bool take_file(struct service_reading *r, size_t i, const char *path, struct error *err)
{
	size_t len = 0;
	char *at = path != NULL ? read_file(path, &len, err) : NULL;

	set_file(r, i, at, len);
	return path == NULL || at != NULL;
}

static bool take_peer(struct service_reading *r, size_t i, const struct service_peer *peer, struct error *err)
{
	size_t password = FILE_PEERS + 2 * i + 1;

	if (!take_file(r, password - 1, peer->ca, err) || !take_file(r, password, peer->password_file, err))
		return false;
	struct service_reading_file *file = &r->files[password];
	if (file->at != NULL) {
		file->len = strcspn(file->at, "\r\n");
		file->at[file->len] = '\0';
	}
	return file->at == NULL || file->len > 0 || error_set(err, ERROR_SYNTAX, "%s: no password in its first line", peer->password_file);
}

static bool take_files(struct service_reading *r, const struct service_settings *s, struct error *err)
{
	const struct service_peer *peers = s->peers.at;

	if (!take_file(r, FILE_CERTIFICATE, s->tls.certificate, err))
		return error_prefix(err, "%s:%d: tls.certificate", s->path, (int)s->tls.line);
	if (!take_file(r, FILE_KEY, s->tls.key, err))
		return error_prefix(err, "%s:%d: tls.key", s->path, (int)s->tls.line);
	for (size_t i = 0; i < s->peers.n; i++) {
		if (!take_peer(r, i, &peers[i], err))
			return error_prefix(err, "%s:%d: peers[%zu]", s->path, (int)peers[i].line, i);
	}
	if (!take_peer(r, s->peers.n, &s->smarthost, err))
		return error_prefix(err, "%s:%d: smarthost", s->path, (int)s->smarthost.line);
	return true;
}

static char *absolute(const char *path)
{
	char here[4096];

	if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
		return xstrdup(path);
	return xprintf("%s/%s", strcmp(here, "/") == 0 ? "" : here, strncmp(path, "./", 2) == 0 ? path + 2 : path);
}

bool service_reading_open(struct service_reading *r, const char *name, struct error *err)
{
	char *path = absolute(name), *text = settings_flatten(path, err);
	struct service_settings settings;
	struct arena arena = { 0 };

	*r = (struct service_reading){ 0 };
	/* the file itself is read for the errors: only there the lines are right */
	bool ok = text != NULL && service_settings_load(path, &arena, &settings, err);
	if (ok) {
		r->n_files = FILE_PEERS + 2 * (settings.peers.n + 1);
		r->files = xcalloc(r->n_files, sizeof *r->files);
		set_file(r, FILE_PATH, path, strlen(path));
		set_file(r, FILE_TEXT, text, strlen(text));
		ok = take_files(r, &settings, err);
		if (!ok)
			service_reading_release(r);
	} else {
		free(path);
		free(text);
	}
	arena_reset(&arena);
	return ok;
}

int service_reading_pack(const struct service_reading *r, struct error *err)
{
	struct buffer all = { 0 };
	int fd = memfd_create("posta.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	for (size_t i = 0; i < r->n_files; i++) {
		uint64_t len = r->files[i].at != NULL ? r->files[i].len : ABSENT;
		buffer_add(&all, &len, sizeof len);
		if (len != ABSENT)
			buffer_add(&all, r->files[i].at, r->files[i].len);
	}
	if (fd >= 0 && !file_write(fd, buffer_bytes(&all))) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		error_set_errno(err, errno, "memory file for the configuration");
	else
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	memory_wipe(all.at, all.len);
	buffer_release(&all);
	return fd;
}

static bool unpack(struct service_reading *r, struct bytes all)
{
	uint64_t len;

	for (; all.len > 0; r->n_files++) {
		if (all.len < sizeof len || r->n_files == FILES_MAX)
			return false;
		memcpy(&len, all.at, sizeof len);
		all = bytes_skip(all, sizeof len);
		if (len != ABSENT && len > all.len)
			return false;
		r->files = xreallocarray(r->files, r->n_files + 1, sizeof *r->files);
		set_file(r, r->n_files, NULL, 0);
		if (len != ABSENT) {
			set_file(r, r->n_files, bytes_dup(bytes_slice(all, 0, (size_t)len)), (size_t)len);
			all = bytes_skip(all, (size_t)len);
		}
	}
	return r->n_files >= FILE_PEERS && r->files[FILE_PATH].at != NULL && r->files[FILE_TEXT].at != NULL;
}

bool service_reading_unpack(struct service_reading *r, int fd, struct error *err)
{
	struct stat st;
	bool ok = false;

	*r = (struct service_reading){ 0 };
	if (fstat(fd, &st) < 0)
		return error_set_errno(err, errno, "memory file of the configuration");
	size_t size = (size_t)st.st_size, done = 0;
	char *all = xmalloc(size + 1);
	while (done < size) {
		ssize_t n = pread(fd, all + done, size - done, (off_t)done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	ok = done == size && unpack(r, bytes_of(all, size));
	memory_wipe(all, size);
	free(all);
	if (!ok) {
		service_reading_release(r);
		error_set(err, ERROR_CORRUPT, "the configuration that the keeper sent is cut short");
	}
	return ok;
}
