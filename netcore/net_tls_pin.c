#include "netcore/net_tls_pin.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_addr.h"
#include "netcore/net_socket.h"

#define CERTIFICATE_DAYS 36500          /* nobody looks at the dates: the key is what is known */

struct pin_list {
	const struct net_tls_pin *at;
	size_t n;
};

bool net_tls_pin_parse(const char *text, struct net_tls_pin *pin, struct error *err)
{
	struct buffer octets = { 0 };
	bool ok = strncmp(text, "sha256:", 7) == 0 && codec_hex_decode(bytes_text(text + 7), &octets) && octets.len == sizeof pin->sha256;

	if (ok)
		memcpy(pin->sha256, octets.at, sizeof pin->sha256);
	buffer_release(&octets);
	return ok || error_set(err, ERROR_SYNTAX, "\"%.80s\" is not a pin: sha256: and 64 hexadecimal digits", text);
}

const char *net_tls_pin_format(const struct net_tls_pin *pin, char text[NET_TLS_PIN_TEXT])
{
	struct buffer hex = { 0 };

	codec_hex_encode(bytes_of(pin->sha256, sizeof pin->sha256), &hex);
	snprintf(text, NET_TLS_PIN_TEXT, "sha256:%.*s", BYTES_PRINT(buffer_bytes(&hex)));
	buffer_release(&hex);
	return text;
}

char *net_tls_pin_new_key(struct error *err)
{
	ERR_clear_error();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_secmem());
	char *at, *text = NULL;

	if (key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
		long len = BIO_get_mem_data(bio, &at);
		text = bytes_dup(bytes_of(at, (size_t)len));
	} else {
		net_tls_context_fail(err, ERROR_SYSTEM, "new key");
	}
	BIO_free(bio);
	EVP_PKEY_free(key);
	return text;
}

static EVP_PKEY *read_key(struct bytes pem, struct error *err)
{
	ERR_clear_error();
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t)"");

	BIO_free(bio);
	if (key == NULL)
		net_tls_context_fail(err, ERROR_SYNTAX, "private key");
	return key;
}

static bool pin_of(EVP_PKEY *key, struct net_tls_pin *pin)
{
	unsigned char *der = NULL;
	int len = key ? i2d_PUBKEY(key, &der) : -1;
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, pin->sha256, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

bool net_tls_pin_of_key(struct bytes key_pem, struct net_tls_pin *pin, struct error *err)
{
	EVP_PKEY *key = read_key(key_pem, err);
	bool ok = key && (pin_of(key, pin) || net_tls_context_fail(err, ERROR_SYSTEM, "public key"));

	EVP_PKEY_free(key);
	return ok;
}

/* TLS carries keys in certificates: this one says nothing but the key. */
static bool make_certificate(EVP_PKEY *key, struct buffer *pem)
{
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	BIO *bio = BIO_new(BIO_s_mem());
	char *at;

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_time_adj_ex(X509_getm_notAfter(x509), CERTIFICATE_DAYS, 0, NULL);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"posta tunnel", -1, -1, 0);
	X509_set_issuer_name(x509, name);
	bool ok = X509_set_pubkey(x509, key) == 1 && X509_sign(x509, key, EVP_sha256()) > 0 && PEM_write_bio_X509(bio, x509) == 1;
	long len = BIO_get_mem_data(bio, &at);
	if (ok)
		buffer_add(pem, at, (size_t)len);
	BIO_free(bio);
	X509_free(x509);
	return ok;
}

static void log_refused(SSL *ssl, const struct net_tls_pin *pin)
{
	char text[NET_TLS_PIN_TEXT], peer_text[NET_ADDR_TEXT];
	struct net_addr peer;

	net_socket_peer_addr(SSL_get_fd(ssl), &peer);
	log_warning("tunnel", "key-refused", "peer=%s pin=%s", net_addr_format(&peer, peer_text), net_tls_pin_format(pin, text));
}

static int is_pinned(X509_STORE_CTX *store, void *owner)
{
	const struct pin_list *pins = owner;
	struct net_tls_pin pin = { { 0 } };

	if (pin_of(X509_get0_pubkey(X509_STORE_CTX_get0_cert(store)), &pin))
		for (size_t i = 0; i < pins->n; i++)
			if (memory_equal_secret(pin.sha256, pins->at[i].sha256, sizeof pin.sha256))
				return 1;
	log_refused(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()), &pin);
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* The list itself goes with the context. */
static void free_list(void *parent, void *list, CRYPTO_EX_DATA *data, int index, long number, void *pointer)
{
	(void)parent, (void)data, (void)index, (void)number, (void)pointer;
	free(list);
}

static void expect_pins(SSL_CTX *openssl, const struct net_tls_pin *pins, size_t n_pins)
{
	struct pin_list *list = xmalloc(sizeof *list);
	int index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_list);

	*list = (struct pin_list){ pins, n_pins };
	SSL_CTX_set_ex_data(openssl, index, list);
	SSL_CTX_set_min_proto_version(openssl, TLS1_3_VERSION);
	SSL_CTX_set_verify(openssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(openssl, is_pinned, list);
}

struct net_tls_context *net_tls_pin_context(bool is_server, struct bytes key_pem, const struct net_tls_pin *pins, size_t n_pins, struct error *err)
{
	EVP_PKEY *key = read_key(key_pem, err);
	struct buffer certificate = { 0 };
	struct net_tls_context *own = NULL, *client = NULL;

	if (key && make_certificate(key, &certificate))
		own = net_tls_context_server(buffer_bytes(&certificate), key_pem, "1.3", err);
	else if (key)
		net_tls_context_fail(err, ERROR_SYSTEM, "certificate");
	EVP_PKEY_free(key);
	buffer_release(&certificate);
	if (own && !is_server) {
		client = net_tls_context_client(NET_TLS_VERIFY_NONE, bytes_text(""), NULL, err);
		if (client && !net_tls_context_present(client, own, err)) {
			net_tls_context_unref(client);
			client = NULL;
		}
		net_tls_context_unref(own);
		own = client;
	}
	if (own)
		expect_pins(net_tls_context_openssl(own), pins, n_pins);
	return own;
}
