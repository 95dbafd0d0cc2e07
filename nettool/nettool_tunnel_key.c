/* nettool tunnel: keys in files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "nettool/nettool_tunnel.h"

#define KEY_FILE_MAX 8192

/* The file's text, NUL-terminated, in the caller's buffer: a key that others can read is refused. */
static bool read_key(const char *path, char text[KEY_FILE_MAX], struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return error_set_errno(err, errno, "%s", path);
	bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0;
	ssize_t n = ok ? file_read(fd, text, KEY_FILE_MAX - 1) : -1;
	close(fd);
	if (n < 0)
		return error_set(err, ERROR_DENIED, "%s: a key file is a plain file that nobody else can read (chmod 600)", path);
	text[n] = '\0';
	return true;
}

static bool write_key(const char *path, const char *text, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set_errno(err, errno, "%s", path);
	bool ok = file_write(fd, bytes_text(text)) && fsync(fd) == 0;
	int number = errno;
	close(fd);
	if (ok)
		return true;
	unlink(path);
	return error_set_errno(err, number, "%s", path);
}

static bool make_key(const char *path, struct error *err)
{
	char *text = net_tls_pin_new_key(err);
	bool ok = text && write_key(path, text, err);

	if (text)
		memory_wipe(text, strlen(text));
	free(text);
	return ok;
}

int nettool_tunnel_key(const char *path)
{
	char text[KEY_FILE_MAX], pin_text[NET_TLS_PIN_TEXT];
	struct error err = { 0 };
	struct net_tls_pin pin;
	bool ok = access(path, F_OK) == 0 || make_key(path, &err);

	ok = ok && read_key(path, text, &err) && net_tls_pin_of_key(bytes_text(text), &pin, &err);
	memory_wipe(text, sizeof text);
	if (!ok) {
		fprintf(stderr, "nettool tunnel: %s\n", err.text);
		return err.kind == ERROR_SYNTAX ? EX_DATAERR : EX_CANTCREAT;
	}
	puts(net_tls_pin_format(&pin, pin_text));
	return EX_OK;
}

struct net_tls_context *nettool_tunnel_context(const struct nettool_tunnel *t, bool is_server, struct error *err)
{
	char text[KEY_FILE_MAX];
	struct net_tls_context *context = NULL;

	if (read_key(t->key_file, text, err))
		context = net_tls_pin_context(is_server, bytes_text(text), t->peers, t->n_peers, err);
	memory_wipe(text, sizeof text);
	return context;
}
