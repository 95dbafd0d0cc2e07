/* smtp_extension: the EHLO keywords as bits, with what stands behind them.  RFC 5321 4.1.1.1. */
#ifndef SMTP_SMTP_EXTENSION_H
#define SMTP_SMTP_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SMTP_PIPELINING  1u             /* RFC 2920 */
#define SMTP_SIZE        2u             /* RFC 1870 */
#define SMTP_8BITMIME    4u             /* RFC 6152 */
#define SMTP_SMTPUTF8    8u             /* RFC 6531 */
#define SMTP_ENHANCED    16u            /* ENHANCEDSTATUSCODES, RFC 2034 */
#define SMTP_CHUNKING    32u            /* RFC 3030 */
#define SMTP_DSN         64u            /* RFC 3461 */
#define SMTP_STARTTLS    128u           /* RFC 3207 */
#define SMTP_AUTH        256u           /* RFC 4954 */
#define SMTP_LIMITS      512u           /* RFC 9422 */
#define SMTP_XTRANSACTION 1024u         /* our own, to verified peers: MAIL takes XTRANSACTION=id, and the same id with the same message is stored once */

struct smtp_extensions {                /* zero-initialise */
	unsigned bits;
	uint64_t size_max;              /* SIZE; 0 = none said */
	unsigned mechanisms;            /* AUTH: SASL_BIT()s of those we speak */
	uint32_t mail_max, recipient_max;       /* LIMITS; 0 = none said */
};

/* One line of an EHLO reply behind the code, not the first: "SIZE 1000".  Unknown keywords are passed over. */
void smtp_extension_read(struct smtp_extensions *, struct bytes line);

#endif
