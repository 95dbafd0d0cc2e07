/* certificates: a CA and leaves made in this process, as PEM text. */
#ifndef NETCORE_TESTS_CERTIFICATES_H
#define NETCORE_TESTS_CERTIFICATES_H

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

struct certificate {
	X509 *x509;
	EVP_PKEY *key;
	struct bytes pem, key_pem;      /* kept until the process ends */
	char fingerprint[65];
};

static inline struct bytes bio_text(BIO *bio)
{
	char *at;
	long len = BIO_get_mem_data(bio, &at);
	struct bytes text = { bytes_dup(bytes_of(at, (size_t)len)), (size_t)len };

	BIO_free(bio);
	return text;
}

static inline void add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
}

/* issuer NULL: self-signed CA.  names as in "DNS:mx.test,IP:127.0.0.1". */
static inline struct certificate certificate_make(const char *subject, const char *names, const struct certificate *issuer)
{
	struct certificate c = { .x509 = X509_new(), .key = EVP_EC_gen("P-256") };
	X509_NAME *name = X509_get_subject_name(c.x509);
	static long serial = 1;
	unsigned char digest[32];
	unsigned len;

	X509_set_version(c.x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x509), serial++);
	X509_gmtime_adj(X509_getm_notBefore(c.x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c.x509), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
	X509_set_issuer_name(c.x509, issuer ? X509_get_subject_name(issuer->x509) : name);
	X509_set_pubkey(c.x509, c.key);
	if (issuer == NULL)
		add_extension(c.x509, NID_basic_constraints, "critical,CA:TRUE");
	if (names)
		add_extension(c.x509, NID_subject_alt_name, names);
	X509_sign(c.x509, issuer ? issuer->key : c.key, EVP_sha256());
	X509_digest(c.x509, EVP_sha256(), digest, &len);
	for (int i = 0; i < 32; i++)
		snprintf(c.fingerprint + 2 * i, 3, "%02x", digest[i]);
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, c.x509);
	c.pem = bio_text(bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, c.key, NULL, NULL, 0, NULL, NULL);
	c.key_pem = bio_text(bio);
	return c;
}

static inline void certificate_release(struct certificate *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free((void *)(uintptr_t)c->pem.at);
	free((void *)(uintptr_t)c->key_pem.at);
}

#endif
