#include "netcore/net_tls_context.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/memory.h"

#define SYSTEM_TRUST "/etc/ssl/certs/ca-certificates.crt"

struct net_tls_context {
	atomic_uint references;
	SSL_CTX *openssl;
	enum net_tls_verify verify;
	unsigned char pin[32];
};

bool net_tls_context_fail(struct error *err, enum error_kind kind, const char *what)
{
	unsigned long code = ERR_peek_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	error_set(err, kind, "%s: %s", what, reason ? reason : "no reason given");
	ERR_clear_error();
	return false;
}

/* A key behind a passphrase must not make OpenSSL ask on the terminal. */
static int no_passphrase(char *text, int size, int rwflag, void *owner)
{
	(void)text, (void)size, (void)rwflag, (void)owner;
	return -1;
}

static struct net_tls_context *context_create(const SSL_METHOD *method, struct error *err)
{
	ERR_clear_error();
	SSL_CTX *openssl = SSL_CTX_new(method);
	if (openssl == NULL) {
		net_tls_context_fail(err, ERROR_SYSTEM, "TLS context");
		return NULL;
	}
	struct net_tls_context *c = xcalloc(1, sizeof *c);
	atomic_init(&c->references, 1);
	c->openssl = openssl;
	SSL_CTX_set_mode(openssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(openssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_clear_options(openssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(openssl, 0);
	SSL_CTX_set_min_proto_version(openssl, TLS1_2_VERSION);
	return c;
}

static bool load_chain(SSL_CTX *openssl, struct bytes pem, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	bool ok = certificate != NULL && SSL_CTX_use_certificate(openssl, certificate) == 1;

	while (ok) {
		X509_free(certificate);
		certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
		if (certificate == NULL)
			break;
		ok = SSL_CTX_add1_chain_cert(openssl, certificate) == 1;
	}
	/* The chain ends where no further PEM block begins; any other reason is damage. */
	if (ok && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		ok = false;
	X509_free(certificate);
	BIO_free(bio);
	if (!ok)
		return net_tls_context_fail(err, ERROR_SYNTAX, "TLS certificate");
	ERR_clear_error();
	return true;
}

static bool load_key(SSL_CTX *openssl, struct bytes pem, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

	BIO_free(bio);
	if (key == NULL)
		return net_tls_context_fail(err, ERROR_SYNTAX, "TLS key");
	bool ok = SSL_CTX_use_PrivateKey(openssl, key) == 1 && SSL_CTX_check_private_key(openssl) == 1;
	EVP_PKEY_free(key);
	return ok || net_tls_context_fail(err, ERROR_SYNTAX, "TLS key and certificate do not belong together");
}

struct net_tls_context *net_tls_context_server(struct bytes chain_pem, struct bytes key_pem, const char *min_version, struct error *err)
{
	struct net_tls_context *c = context_create(TLS_server_method(), err);

	if (c == NULL)
		return NULL;
	if (strcmp(min_version, "1.3") == 0)
		SSL_CTX_set_min_proto_version(c->openssl, TLS1_3_VERSION);
	else
		assert(strcmp(min_version, "1.2") == 0);
	SSL_CTX_set_options(c->openssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	if (load_chain(c->openssl, chain_pem, err) && load_key(c->openssl, key_pem, err))
		return c;
	net_tls_context_unref(c);
	return NULL;
}

/* Whatever was loaded, a client that verifies must have something to trust. */
static bool load_trust(SSL_CTX *openssl, struct bytes pem, struct error *err)
{
	if (pem.len == 0) {
		SSL_CTX_set_default_verify_paths(openssl);
		/* One file read now: the folder of single files would be read at each handshake, inside the sandbox. */
		SSL_CTX_load_verify_file(openssl, SYSTEM_TRUST);
		ERR_clear_error();
		return true;
	}
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509_STORE *store = SSL_CTX_get_cert_store(openssl);
	X509 *certificate;
	size_t n = 0;
	while ((certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(bio);
	bool damaged = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
	if (n == 0 || damaged)
		return net_tls_context_fail(err, ERROR_SYNTAX, "TLS CA certificates");
	ERR_clear_error();
	return true;
}

static int believe_anyone(X509_STORE_CTX *store, void *owner)
{
	(void)store, (void)owner;
	return 1;
}

/* The pin replaces chain, dates and name: the key behind this very certificate is what is trusted. */
static int compare_pin(X509_STORE_CTX *store, void *owner)
{
	const struct net_tls_context *c = owner;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	X509 *certificate = X509_STORE_CTX_get0_cert(store);

	if (certificate && X509_digest(certificate, EVP_sha256(), digest, &len) == 1 && len == sizeof c->pin &&
	    memory_equal_secret(digest, c->pin, sizeof c->pin))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	/* As the chain check would: the stream keeps the fingerprint for its error. */
	X509_STORE_CTX_verify_cb told = X509_STORE_CTX_get_verify_cb(store);
	return told ? told(0, store) : 0;
}

static bool load_pin(struct net_tls_context *c, const char *hex, struct error *err)
{
	struct buffer octets = { 0 };
	bool ok = hex && codec_hex_decode(bytes_text(hex), &octets) && octets.len == sizeof c->pin;

	if (ok)
		memcpy(c->pin, octets.at, sizeof c->pin);
	buffer_release(&octets);
	return ok || error_set(err, ERROR_SYNTAX, "a SHA-256 fingerprint is 64 hexadecimal digits");
}

struct net_tls_context *net_tls_context_client(enum net_tls_verify verify, struct bytes ca_pem, const char *pin_hex, struct error *err)
{
	struct net_tls_context *c = context_create(TLS_client_method(), err);
	bool ok = true;

	if (c == NULL)
		return NULL;
	c->verify = verify;
	SSL_CTX_set_verify(c->openssl, verify == NET_TLS_VERIFY_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	switch (verify) {
	case NET_TLS_VERIFY_NONE:
		SSL_CTX_set_cert_verify_callback(c->openssl, believe_anyone, NULL);
		break;
	case NET_TLS_VERIFY_CA:
		ok = load_trust(c->openssl, ca_pem, err);
		break;
	case NET_TLS_VERIFY_FINGERPRINT:
		SSL_CTX_set_cert_verify_callback(c->openssl, compare_pin, c);
		ok = load_pin(c, pin_hex, err);
		break;
	}
	if (ok)
		return c;
	net_tls_context_unref(c);
	return NULL;
}

bool net_tls_context_present(struct net_tls_context *client, struct net_tls_context *server, struct error *err)
{
	STACK_OF(X509) *chain = NULL;

	ERR_clear_error();
	SSL_CTX_get0_chain_certs(server->openssl, &chain);
	return SSL_CTX_use_cert_and_key(client->openssl, SSL_CTX_get0_certificate(server->openssl), SSL_CTX_get0_privatekey(server->openssl), chain, 1) == 1 ||
	       net_tls_context_fail(err, ERROR_SYSTEM, "TLS certificate");
}

void net_tls_context_ask(struct net_tls_context *server)
{
	SSL_CTX_set_verify(server->openssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(server->openssl, believe_anyone, NULL);
}

struct net_tls_context *net_tls_context_ref(struct net_tls_context *c)
{
	atomic_fetch_add(&c->references, 1);
	return c;
}

void net_tls_context_unref(struct net_tls_context *c)
{
	if (c == NULL || atomic_fetch_sub(&c->references, 1) != 1)
		return;
	SSL_CTX_free(c->openssl);
	free(c);
}

struct ssl_ctx_st *net_tls_context_openssl(struct net_tls_context *c)
{
	return c->openssl;
}

enum net_tls_verify net_tls_context_verify(const struct net_tls_context *c)
{
	return c->verify;
}
