#include "mua/mua_account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/codec.h"
#include "base/memory.h"
#include "mua/mua_exit.h"
#include "mua/mua_file.h"
#include "netcore/net_addr.h"

#define PASSWORD_MAX 1024
#define CA_FILE_MAX  (1024 * 1024)

static const struct scheme {
	const char *name;
	int port;
	enum mua_tls tls;
} imap_schemes[] = { { "imap", 143, MUA_TLS_STARTTLS }, { "imaps", 993, MUA_TLS_IMPLICIT }, { NULL, 0, 0 } },
  smtp_schemes[] = { { "smtp", 587, MUA_TLS_STARTTLS }, { "smtps", 465, MUA_TLS_IMPLICIT }, { NULL, 0, 0 } };

static bool percent_decode(struct bytes text, struct buffer *out)
{
	while (text.len > 0) {
		if (text.at[0] != '%') {
			buffer_add_octet(out, text.at[0]);
			text = bytes_skip(text, 1);
		} else if (text.len < 3 || !codec_hex_decode(bytes_slice(text, 1, 3), out)) {
			return false;
		} else {
			text = bytes_skip(text, 3);
		}
	}
	return bytes_find(buffer_bytes(out), '\0') == out->len && out->len > 0;
}

static bool is_loopback(const char *host)
{
	struct net_addr addr;

	return strcmp(host, "localhost") == 0 || (net_addr_from_ip(host, 1, &addr) && net_addr_is_loopback(&addr));
}

/* scheme://user@host[:port] */
static bool parse_url(const char *url, const struct scheme *schemes, bool has_trust, struct mua_endpoint *end, struct error *err)
{
	struct bytes rest = bytes_text(url), name, user;
	struct buffer decoded = { 0 };
	char host[256];
	char *authority;
	bool ok;

	if (!bytes_cut(&rest, ':', &name) || !bytes_starts(rest, BYTES("//")))
		return error_set(err, ERROR_SYNTAX, "%s: not a URL such as %s://user@host", url, schemes[0].name);
	while (schemes->name != NULL && !bytes_equal_nocase(name, bytes_text(schemes->name)))
		schemes++;
	if (schemes->name == NULL)
		return error_set(err, ERROR_SYNTAX, "%s: unknown scheme %.*s", url, BYTES_PRINT(name));
	rest = bytes_skip(rest, 2);
	if (!bytes_cut(&rest, '@', &user))
		return error_set(err, ERROR_SYNTAX, "%s: no user name (write @ in it as %%40)", url);
	if (bytes_find(user, ':') < user.len)
		return error_set(err, ERROR_SYNTAX, "a password does not belong into a URL: use --password-command");
	if (rest.len > 0 && rest.at[rest.len - 1] == '/')
		rest.len--;
	authority = bytes_dup(rest);
	ok = net_addr_split(authority, schemes->port, host, sizeof host, &end->port, err);
	free(authority);
	if (!ok)
		return false;
	if (!percent_decode(user, &decoded)) {
		buffer_release(&decoded);
		return error_set(err, ERROR_SYNTAX, "%s: bad user name", url);
	}
	end->user = buffer_take(&decoded, NULL);
	end->host = xstrdup(host);
	end->tls = schemes->tls;
	if (end->tls == MUA_TLS_STARTTLS && is_loopback(host) && !has_trust)
		end->tls = MUA_TLS_NONE;
	return true;
}

/* The first line of what the command prints. */
static bool run_password_command(const char *command, char **password, struct error *err)
{
	char line[PASSWORD_MAX + 2];
	/* Standard input is the letter's. */
	char *script = xprintf("exec </dev/null\n%s", command);
	FILE *pipe = popen(script, "r");
	bool has_line;

	free(script);
	if (pipe == NULL)
		return error_set_errno(err, errno, "--password-command");
	has_line = fgets(line, sizeof line, pipe) != NULL;
	if (pclose(pipe) != 0 || !has_line)
		return error_set(err, ERROR_DENIED, "--password-command failed or printed nothing: %s", command);
	line[strcspn(line, "\r\n")] = '\0';
	*password = xstrdup(line);
	memory_wipe(line, sizeof line);
	return true;
}

static bool make_tls(struct mua_account *a, const struct mua_options *o, struct error *err)
{
	struct buffer ca = { 0 };

	if (o->tls_fingerprint != NULL) {
		if (strncmp(o->tls_fingerprint, "sha256:", 7) != 0)
			return error_set(err, ERROR_SYNTAX, "--tls-fingerprint begins with sha256:");
		a->tls = net_tls_context_client(NET_TLS_VERIFY_FINGERPRINT, (struct bytes){ NULL, 0 }, o->tls_fingerprint + 7, err);
		return a->tls != NULL;
	}
	if (o->tls_ca != NULL && !mua_file_read(o->tls_ca, CA_FILE_MAX, &ca, err))
		return false;
	a->tls = net_tls_context_client(NET_TLS_VERIFY_CA, buffer_bytes(&ca), NULL, err);
	buffer_release(&ca);
	return a->tls != NULL;
}

bool mua_account_open(struct mua_account *a, const struct mua_options *o, int *exit_code, struct error *err)
{
	bool has_trust = o->tls_ca != NULL || o->tls_fingerprint != NULL;

	*a = (struct mua_account){ 0 };
	*exit_code = MUA_EXIT_CONFIG;
	if (o->imap == NULL && o->smtp == NULL)
		return error_set(err, ERROR_SYNTAX, "no account: give --imap, --smtp and --password-command");
	if (o->imap != NULL && !parse_url(o->imap, imap_schemes, has_trust, &a->imap, err))
		return false;
	if (o->smtp != NULL && !parse_url(o->smtp, smtp_schemes, has_trust, &a->smtp, err))
		return false;
	a->name = a->imap.user ? a->imap.user : a->smtp.user;
	if (o->password_command == NULL)
		return error_set(err, ERROR_SYNTAX, "no password: give --password-command");
	if ((a->imap.tls != MUA_TLS_NONE || a->smtp.tls != MUA_TLS_NONE) && !make_tls(a, o, err))
		return false;
	*exit_code = MUA_EXIT_AUTH;
	return run_password_command(o->password_command, &a->password, err);
}

void mua_account_release(struct mua_account *a)
{
	if (a->password != NULL)
		memory_wipe(a->password, strlen(a->password));
	free(a->password);
	free(a->imap.host);
	free(a->imap.user);
	free(a->smtp.host);
	free(a->smtp.user);
	net_tls_context_unref(a->tls);
	*a = (struct mua_account){ 0 };
}
