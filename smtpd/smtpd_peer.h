/*
 * smtpd_peer: servers that proved to be one of the configured peers, and the messages they send again.
 *
 * A client of a `smtp` listener is peer P when P has a `ca`, the client presented a certificate in the TLS handshake that this CA
 * signed, and that certificate names P's domain or the host of P's address (SAN).  Such a peer may name its transactions
 * (MAIL XTRANSACTION=id): the same id with the same sender and octets is stored once for each recipient.
 */
#ifndef SMTPD_SMTPD_PEER_H
#define SMTPD_SMTPD_PEER_H

#include "message/envelope.h"
#include "smtpd/smtpd_session.h"

/* The domain of the peer that this client is, NULL: none.  Belongs to the session's generation; found out once a handshake. */
const char *smtpd_peer_verify(struct smtpd_session *);

/* SHA-256 over an envelope without its recipients and the content as it was sent, finished for each recipient. */
struct smtpd_peer_digest;
struct smtpd_peer_digest *smtpd_peer_digest_create(const struct envelope *);
void smtpd_peer_digest_add(struct smtpd_peer_digest *, struct bytes content);   /* NULL: nothing is done */
void smtpd_peer_digest_finish(const struct smtpd_peer_digest *, const char *recipient, unsigned char out[32]);
void smtpd_peer_digest_destroy(struct smtpd_peer_digest *);                     /* NULL accepted */

#endif
