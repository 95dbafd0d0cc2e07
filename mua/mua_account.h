/* mua_account: where a person's mail is and how to prove who they are. */
#ifndef MUA_MUA_ACCOUNT_H
#define MUA_MUA_ACCOUNT_H

#include <stdbool.h>

#include "base/error.h"
#include "mua/mua_options.h"
#include "netcore/net_tls_context.h"

enum mua_tls { MUA_TLS_NONE, MUA_TLS_STARTTLS, MUA_TLS_IMPLICIT };

struct mua_endpoint {                   /* of one URL; host NULL = not given */
	char *host, *user;
	int port;
	enum mua_tls tls;
};

struct mua_account {
	struct mua_endpoint imap, smtp;
	const char *name;               /* the address: the user name of the URL, borrowed */
	char *password;
	struct net_tls_context *tls;    /* NULL while nothing needs it */
};

/*
 * From --imap, --smtp, --password-command, --tls-ca, --tls-fingerprint.  imap: and smtp: mean STARTTLS, required, but for a loopback
 * host with neither --tls-ca nor --tls-fingerprint: in clear.  There is no way to switch verification off.
 * Runs the password command.  False: *exit_code says how to end.
 */
bool mua_account_open(struct mua_account *, const struct mua_options *, int *exit_code, struct error *err);
/* Wipes the password. */
void mua_account_release(struct mua_account *);

#endif
