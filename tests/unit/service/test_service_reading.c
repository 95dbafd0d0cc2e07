#include "service/service_reading.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"

#define CONF "hostname = \"h\";\ndomains = [ \"a.test\" ];\ndata_dir = \"d\";\n" \
	"listen = ( { address = \"127.0.0.1:25\"; service = \"smtp\"; } );\n" \
	"tls = { certificate = \"c.pem\"; key = \"k.pem\"; };\n" \
	"peers = ( { domain = \"b.test\"; address = \"b\"; },\n" \
	"  { domain = \"c.test\"; address = \"c\"; tls = \"verify\"; ca = \"ca.pem\"; username = \"u\"; password_file = \"p\"; } );\n"

static char path[300];

static void put(const char *name, const char *text)
{
	char file[300];

	snprintf(file, sizeof file, "%s/%s", check_folder(), name);
	FILE *f = fopen(file, "w");
	CHECK(f != NULL && fputs(text, f) >= 0);
	if (f != NULL)
		fclose(f);
}

static bool is(struct bytes got, const char *want)
{
	return got.at != NULL && bytes_equal(got, bytes_text(want));
}

static void check_content(const struct service_reading *r, const char *when)
{
	CHECK_ROW(strcmp(service_reading_path(r), path) == 0, when);
	CHECK_ROW(strcmp(service_reading_text(r), CONF) == 0, when);
	CHECK_ROW(is(service_reading_certificate(r), "cert\n") && is(service_reading_key(r), "key\n"), when);
	CHECK_ROW(service_reading_ca(r, 0).at == NULL && service_reading_password(r, 0).at == NULL, when);
	CHECK_ROW(is(service_reading_ca(r, 1), "ca\n"), when);
	CHECK_ROW(is(service_reading_password(r, 1), "secret word"), when);
	CHECK_ROW(service_reading_ca(r, 2).at == NULL && service_reading_password(r, 3).at == NULL, when);
}

static void check_round(void)
{
	struct service_reading first = { 0 }, second = { 0 };
	struct error err = { 0 };

	CHECK_ROW(service_reading_open(&first, path, &err), err.text);
	check_content(&first, "every file is read");
	int fd = service_reading_pack(&first, &err);
	CHECK_ROW(fd >= 0, err.text);
	CHECK_ROW(write(fd, "x", 1) < 0, "what was packed cannot be altered");
	CHECK_ROW(service_reading_unpack(&second, fd, &err), err.text);
	check_content(&second, "and arrives as it was");
	close(fd);
	service_reading_release(&first);
	service_reading_release(&second);
}

static void check_cut(void)
{
	struct service_reading first = { 0 }, second;
	struct error err = { 0 };
	char all[4096], file[300];

	CHECK(service_reading_open(&first, path, &err));
	int fd = service_reading_pack(&first, &err);
	ssize_t len = pread(fd, all, sizeof all, 0);
	close(fd);
	service_reading_release(&first);
	snprintf(file, sizeof file, "%s/cut", check_folder());
	/* cut at a border between files is whole files less: only the first four must be there */
	for (ssize_t cut = 0; cut < len - 40; cut += 7) {
		fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		CHECK(write(fd, all, (size_t)cut) == cut);
		if (service_reading_unpack(&second, fd, &err))
			service_reading_release(&second);
		CHECK(second.n_files == 0 && second.files == NULL);
		close(fd);
	}
}

static void check_refused(const char *name, const char *text, const char *want, const char *claim)
{
	struct service_reading r = { 0 };
	struct error err = { 0 };
	char file[300], whole[700];

	snprintf(file, sizeof file, "%s/%s", check_folder(), name);
	if (text == NULL)
		unlink(file);
	else
		put(name, text);
	snprintf(whole, sizeof whole, want, path, file);
	CHECK_ROW(!service_reading_open(&r, path, &err), claim);
	CHECK_ROW(r.n_files == 0, claim);
	CHECK_TEXT(err.text, whole, claim);
}

int main(void)
{
	snprintf(path, sizeof path, "%s/posta.conf", check_folder());
	put("posta.conf", CONF);
	put("c.pem", "cert\n");
	put("k.pem", "key\n");
	put("ca.pem", "ca\n");
	put("p", "secret word\r\nnot this\n");
	check_round();
	check_cut();
	check_refused("p", "\n", "%s:7: peers[1]: %s: no password in its first line", "a password file without a password is refused");
	check_refused("ca.pem", NULL, "%s:7: peers[1]: %s: No such file or directory", "a missing CA file is named");
	check_refused("k.pem", "", "%s:5: tls.key: %s: empty", "an empty key is named");
	check_refused("c.pem", NULL, "%s:5: tls.certificate: %s: No such file or directory", "a missing certificate is named, with its line");
	return check_finish();
}
