#include "smtpd/smtpd_peer.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"

/* ---- who it is ---- */

static bool is_peer(struct smtpd_session *s, size_t i)
{
	const struct service_peer *peer = (const struct service_peer *)s->generation->settings.peers.at + i;
	const struct service_peer_files *files = &s->generation->peer_files[i];
	struct error err = { 0 };
	char host[256];
	int port;

	if (files->ca_pem == NULL || !net_addr_split(peer->address, 25, host, sizeof host, &port, NULL))
		return false;
	struct net_tls_context *trust = net_tls_context_client(NET_TLS_VERIFY_CA, bytes_of(files->ca_pem, files->ca_len), NULL, &err);
	if (trust == NULL)
		return false;
	bool ok = net_stream_tls_peer_is(s->stream, trust, host) || net_stream_tls_peer_is(s->stream, trust, peer->domain);
	net_tls_context_unref(trust);
	return ok;
}

static const char *find(struct smtpd_session *s)
{
	const struct service_peer *peers = s->generation->settings.peers.at;
	char ip[NET_ADDR_TEXT];

	for (size_t i = 0; i < s->generation->settings.peers.n; i++) {
		if (!is_peer(s, i))
			continue;
		log_info("smtpd", "peer", "domain=%s ip=%s", peers[i].domain, smtpd_session_ip(s, ip));
		return peers[i].domain;
	}
	return NULL;
}

const char *smtpd_peer_verify(struct smtpd_session *s)
{
	if (s->is_verified || smtpd_session_is_submission(s) || smtpd_session_is_lmtp(s) || !net_stream_tls_has_certificate(s->stream))
		return s->verified_peer;
	s->is_verified = true;
	s->verified_peer = find(s);
	return s->verified_peer;
}

/* ---- what it sends ---- */

struct smtpd_peer_digest {
	EVP_MD_CTX *context;
};

/* With its NUL, so that no two lists of texts look alike. */
static void add_text(struct smtpd_peer_digest *d, const char *text)
{
	smtpd_peer_digest_add(d, bytes_of(text, strlen(text) + 1));
}

struct smtpd_peer_digest *smtpd_peer_digest_create(const struct envelope *e)
{
	struct smtpd_peer_digest *d = xcalloc(1, sizeof *d);

	d->context = EVP_MD_CTX_new();
	if (d->context == NULL || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1)
		abort();
	add_text(d, e->sender);
	add_text(d, e->is_8bit ? "8" : "7");
	return d;
}

void smtpd_peer_digest_add(struct smtpd_peer_digest *d, struct bytes content)
{
	if (d != NULL)
		EVP_DigestUpdate(d->context, content.at, content.len);
}

/* The recipient comes last, behind the end of the content's own digest: nothing in the content can look like it. */
void smtpd_peer_digest_finish(const struct smtpd_peer_digest *d, const char *recipient, unsigned char out[32])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c == NULL || EVP_MD_CTX_copy_ex(c, d->context) != 1 || EVP_DigestFinal_ex(c, out, NULL) != 1 ||
	    EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(c, out, 32) != 1 ||
	    EVP_DigestUpdate(c, recipient, strlen(recipient)) != 1 || EVP_DigestFinal_ex(c, out, NULL) != 1)
		abort();
	EVP_MD_CTX_free(c);
}

void smtpd_peer_digest_destroy(struct smtpd_peer_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->context);
	free(d);
}
