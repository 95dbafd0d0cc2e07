#include "mailctl/mailctl_certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"

#define YEARS 10

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_serial(X509 *certificate)
{
	/* positive, and no two alike: RFC 5280 4.1.2.2 */
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), random_u64() >> 1 | 1) == 1;
}

/* An X.509 name holds at most 64 octets here; the names that count are in the extension. */
static bool set_name(X509_NAME *name, const char *format, const char *host)
{
	char text[65];

	snprintf(text, sizeof text, format, host);
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

/* The common parts.  Valid since yesterday: clocks differ. */
static X509 *begin(EVP_PKEY *key, const char *format, const char *host)
{
	X509 *c = X509_new();
	time_t now = (time_t)clock_now_s();

	if (c != NULL && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
	    X509_time_adj_ex(X509_getm_notBefore(c), -1, 0, &now) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(c), YEARS * 365, 0, &now) != NULL && X509_set_pubkey(c, key) == 1 &&
	    set_name(X509_get_subject_name(c), format, host))
		return c;
	X509_free(c);
	return NULL;
}

static X509 *make_ca(EVP_PKEY *key, const char *host)
{
	X509 *c = begin(key, "Posta CA for %s", host);

	if (c != NULL && X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 &&
	    add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(c, c, NID_subject_key_identifier, "hash") && X509_sign(c, key, EVP_sha256()) > 0)
		return c;
	X509_free(c);
	return NULL;
}

static X509 *make_leaf(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const char *host)
{
	X509 *c = begin(key, "%s", host);
	char names[400];

	snprintf(names, sizeof names, "DNS:%s,DNS:localhost,IP:127.0.0.1,IP:::1", host);
	if (c != NULL && X509_set_issuer_name(c, X509_get_subject_name(ca)) == 1 &&
	    add_extension(c, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(c, ca, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(c, ca, NID_ext_key_usage, "serverAuth,clientAuth") &&
	    add_extension(c, ca, NID_subject_alt_name, names) &&
	    add_extension(c, ca, NID_subject_key_identifier, "hash") &&
	    add_extension(c, ca, NID_authority_key_identifier, "keyid") && X509_sign(c, ca_key, EVP_sha256()) > 0)
		return c;
	X509_free(c);
	return NULL;
}

static bool take_text(BIO *bio, bool written, struct buffer *out)
{
	char *at;
	long len = BIO_get_mem_data(bio, &at);

	if (written)
		buffer_add(out, at, (size_t)len);
	BIO_free(bio);
	return written;
}

static bool write_certificate(X509 *certificate, struct buffer *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio != NULL && take_text(bio, PEM_write_bio_X509(bio, certificate) == 1, out);
}

static bool write_key(EVP_PKEY *key, struct buffer *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	return bio != NULL && take_text(bio, PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, out);
}

bool mailctl_certificate_make(const char *hostname, struct buffer *ca_pem, struct buffer *certificate, struct buffer *key_pem,
                              struct error *err)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = ca_key != NULL ? make_ca(ca_key, hostname) : NULL;
	X509 *leaf = ca != NULL && key != NULL ? make_leaf(key, ca, ca_key, hostname) : NULL;
	bool ok = leaf != NULL && write_certificate(ca, ca_pem) && write_certificate(leaf, certificate) && write_key(key, key_pem);

	if (!ok) {
		char reason[200];
		ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
		error_set(err, ERROR_SYSTEM, "the certificate could not be made: %s", reason);
	}
	X509_free(leaf);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return ok;
}
