#include "netcore/net_tls_stream.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/memory.h"
#include "netcore/net_addr.h"

struct net_tls_stream {
	struct net_tls_context *context;
	SSL *ssl;
	bool broken;                    /* a fatal error: OpenSSL forbids any further call, close_notify too */
	char *hostname;                 /* for the error text; NULL on servers */
	char *fingerprint;              /* of a certificate that was refused */
	char *description, *peer;       /* made when first asked for */
};

static char *certificate_fingerprint(X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *text = xcalloc(1, 2 * sizeof digest + 1);

	if (certificate && X509_digest(certificate, EVP_sha256(), digest, &len) == 1)
		for (unsigned i = 0; i < len; i++)
			for (unsigned half = 0; half < 2; half++)
				text[2 * i + half] = "0123456789abcdef"[digest[i] >> (half ? 0 : 4) & 15];
	return text;
}

/* After a refusal OpenSSL forgets the certificate: keep its fingerprint for the error. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct net_tls_stream *t = SSL_get_app_data(ssl);

	if (!ok && t->fingerprint == NULL)
		t->fingerprint = certificate_fingerprint(X509_STORE_CTX_get0_cert(store));
	return ok;
}

static bool expect_name(struct net_tls_stream *t, bool verify)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
	struct net_addr a;
	bool is_ip = net_addr_from_ip(t->hostname, 0, &a);

	if (!is_ip && SSL_set_tlsext_host_name(t->ssl, t->hostname) != 1)
		return false;
	if (!verify)
		return true;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, t->hostname) == 1 : X509_VERIFY_PARAM_set1_host(param, t->hostname, 0) == 1;
}

struct net_tls_stream *net_tls_stream_create(struct net_tls_context *context, int fd, bool is_server, const char *hostname,
                                             struct error *err)
{
	struct net_tls_stream *t = xcalloc(1, sizeof *t);
	enum net_tls_verify verify = net_tls_context_verify(context);
	bool ok;

	assert(is_server || hostname || verify != NET_TLS_VERIFY_CA);
	ERR_clear_error();
	t->context = net_tls_context_ref(context);
	t->ssl = SSL_new(net_tls_context_openssl(context));
	ok = t->ssl != NULL && SSL_set_fd(t->ssl, fd) == 1;
	if (ok && is_server) {
		SSL_set_accept_state(t->ssl);
	} else if (ok) {
		SSL_set_connect_state(t->ssl);
		SSL_set_app_data(t->ssl, t);
		SSL_set_verify(t->ssl, SSL_get_verify_mode(t->ssl), on_verify);
		t->hostname = hostname ? xstrdup(hostname) : NULL;
		/* "mx.a.test." names the same host; certificates are written without the final dot. */
		if (hostname && hostname[0] && hostname[strlen(hostname) - 1] == '.')
			t->hostname[strlen(hostname) - 1] = '\0';
		ok = t->hostname == NULL || expect_name(t, verify == NET_TLS_VERIFY_CA);
	}
	if (ok)
		return t;
	error_set(err, ERROR_SYSTEM, "TLS: %s", ERR_reason_error_string(ERR_peek_error()));
	ERR_clear_error();
	net_tls_stream_destroy(t);
	return NULL;
}

void net_tls_stream_destroy(struct net_tls_stream *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	net_tls_context_unref(t->context);
	free(t->hostname);
	free(t->fingerprint);
	free(t->description);
	free(t->peer);
	free(t);
}

static void explain_refusal(struct net_tls_stream *t, struct error *err)
{
	long verdict = SSL_get_verify_result(t->ssl);
	const char *reason = verdict == X509_V_ERR_APPLICATION_VERIFICATION ? "not the pinned one"
	                                                                    : X509_verify_cert_error_string(verdict);

	error_set(err, ERROR_DENIED, "certificate of %.80s refused: %s (SHA-256 fingerprint %s)",
	          t->hostname ? t->hostname : "the peer", reason, t->fingerprint ? t->fingerprint : "unknown");
}

/* Sort what OpenSSL left after a call that did not succeed. */
static enum net_io outcome(struct net_tls_stream *t, int returned, const char *doing, struct error *err)
{
	int number = errno, kind = SSL_get_error(t->ssl, returned);
	unsigned long code = ERR_peek_error();

	if (kind == SSL_ERROR_WANT_READ)
		return NET_IO_WANT_READ;
	if (kind == SSL_ERROR_WANT_WRITE)
		return NET_IO_WANT_WRITE;
	if (kind == SSL_ERROR_ZERO_RETURN)
		return NET_IO_ENDED;
	t->broken = true;
	if (kind == SSL_ERROR_SYSCALL && number != 0)
		error_set_errno(err, number, "%s", doing);
	else if (kind == SSL_ERROR_SYSCALL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		error_set(err, ERROR_SYSTEM, "%s: truncated, the peer closed without ending TLS", doing);
	else if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		explain_refusal(t, err);
	else
		error_set(err, ERROR_SYSTEM, "%s: %s", doing, ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "failed");
	if (err && err->kind == ERROR_SYSTEM && err->sys_errno == 0)
		err->sys_errno = kind == SSL_ERROR_SYSCALL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? ECONNRESET : EPROTO;
	ERR_clear_error();
	return NET_IO_FAILED;
}

enum net_io net_tls_stream_handshake(struct net_tls_stream *t, struct error *err)
{
	ERR_clear_error();
	errno = 0;
	int returned = SSL_do_handshake(t->ssl);
	if (returned == 1)
		return NET_IO_DONE;
	enum net_io io = outcome(t, returned, "TLS handshake", err);
	if (io != NET_IO_ENDED)
		return io;
	error_set(err, ERROR_SYSTEM, "TLS handshake: the peer gave up");
	return NET_IO_FAILED;
}

enum net_io net_tls_stream_read(struct net_tls_stream *t, void *at, size_t size, size_t *n, struct error *err)
{
	ERR_clear_error();
	errno = 0;
	int returned = SSL_read_ex(t->ssl, at, size, n);
	return returned == 1 ? NET_IO_DONE : outcome(t, returned, "TLS read", err);
}

enum net_io net_tls_stream_write(struct net_tls_stream *t, struct bytes what, size_t *n, struct error *err)
{
	ERR_clear_error();
	errno = 0;
	int returned = SSL_write_ex(t->ssl, what.at, what.len, n);
	return returned == 1 ? NET_IO_DONE : outcome(t, returned, "TLS write", err);
}

enum net_io net_tls_stream_shutdown(struct net_tls_stream *t)
{
	if (t->broken)
		return NET_IO_DONE;
	ERR_clear_error();
	int returned = SSL_shutdown(t->ssl);
	enum net_io io = returned < 0 ? outcome(t, returned, "TLS shutdown", NULL) : NET_IO_DONE;
	return io == NET_IO_WANT_WRITE ? io : NET_IO_DONE;
}

bool net_tls_stream_has_pending(const struct net_tls_stream *t)
{
	/* SSL_has_pending would also be true for half a record, and the loop would spin. */
	return !t->broken && SSL_pending(t->ssl) > 0;
}

const char *net_tls_stream_description(struct net_tls_stream *t)
{
	if (t->description == NULL)
		t->description = xprintf("%s %s", SSL_get_version(t->ssl), SSL_CIPHER_get_name(SSL_get_current_cipher(t->ssl)));
	return t->description;
}

const char *net_tls_stream_peer(struct net_tls_stream *t)
{
	if (t->peer || net_tls_context_verify(t->context) == NET_TLS_VERIFY_NONE)
		return t->peer;
	X509 *certificate = SSL_get1_peer_certificate(t->ssl);
	if (certificate == NULL)
		return NULL;
	BIO *text = BIO_new(BIO_s_mem());
	char *at;
	X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
	long len = BIO_get_mem_data(text, &at);
	t->peer = bytes_dup(bytes_of(at, len > 0 ? (size_t)len : 0));
	BIO_free(text);
	X509_free(certificate);
	return t->peer;
}

bool net_tls_stream_has_certificate(const struct net_tls_stream *t)
{
	return SSL_get0_peer_certificate(t->ssl) != NULL;
}

static bool has_name(X509 *certificate, const char *name)
{
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	struct net_addr a;

	return net_addr_from_ip(name, 0, &a) ? X509_check_ip_asc(certificate, name, 0) == 1 : X509_check_host(certificate, name, 0, flags, NULL) == 1;
}

bool net_tls_stream_peer_is(struct net_tls_stream *t, struct net_tls_context *trust, const char *name)
{
	X509 *certificate = SSL_get0_peer_certificate(t->ssl);
	X509_STORE *store = SSL_CTX_get_cert_store(net_tls_context_openssl(trust));

	if (certificate == NULL || !has_name(certificate, name))
		return false;
	ERR_clear_error();
	X509_STORE_CTX *verify = X509_STORE_CTX_new();
	bool ok = verify != NULL && X509_STORE_CTX_init(verify, store, certificate, SSL_get_peer_cert_chain(t->ssl)) == 1 && X509_verify_cert(verify) == 1;
	X509_STORE_CTX_free(verify);
	ERR_clear_error();
	return ok;
}

bool net_tls_stream_exporter(struct net_tls_stream *t, unsigned char out[32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	return SSL_version(t->ssl) >= TLS1_3_VERSION &&
	       SSL_export_keying_material(t->ssl, out, 32, label, sizeof label - 1, NULL, 0, 0) == 1;
}
