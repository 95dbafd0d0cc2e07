/* mua_outbox: hands a finished letter to the submission server, over smtp_client. */
#ifndef MUA_MUA_OUTBOX_H
#define MUA_MUA_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "mua/mua_account.h"
#include "netcore/net_loop.h"
#include "netcore/net_worker.h"
#include "smtp/smtp_client.h"

struct mua_outbox;

struct mua_outbox_letter {              /* borrowed until the completion */
	const char *sender;
	const char *const *recipients;
	size_t n_recipients;
	struct bytes message;           /* CRLF line ends */
};

/* results NULL: the server was not reached or did not let us in; err and exit_code say why. */
typedef void mua_outbox_fn(void *owner, const struct error *err, int exit_code, const struct smtp_client_result *results, size_t n);

struct mua_outbox_options {
	struct net_loop *loop;
	struct net_worker *worker;
	const struct mua_account *account;
	int64_t timeout_ms;
	int64_t dot_timeout_ms;         /* for the answer to the whole letter; 0 = the RFC's ten minutes */
	bool trace;
};

/* Connect, send, quit; the completion comes once, when the server has answered for every recipient. */
struct mua_outbox *mua_outbox_send(const struct mua_outbox_options *, const struct mua_outbox_letter *, mua_outbox_fn *, void *owner);
/* The connection is closed: the goodbye was said, or there is nobody to say it to. */
bool mua_outbox_is_over(const struct mua_outbox *);
void mua_outbox_destroy(struct mua_outbox *);

#endif
