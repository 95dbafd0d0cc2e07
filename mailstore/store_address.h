/* store_address: the parts of local@domain as the store compares them. */
#ifndef MAILSTORE_STORE_ADDRESS_H
#define MAILSTORE_STORE_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define STORE_ADDRESS_MAX 320           /* 64 + 1 + 255: RFC 5321 4.5.3.1 */

struct store_address {
	struct bytes all, local, domain;        /* ASCII lower case, in the arena, NUL-terminated */
};

/* At the last "@"; false when a part is empty, too long or holds a control or space (a quoted local part: a control).  Needless quotes go. */
bool store_address_parse(struct bytes text, struct arena *, struct store_address *);
/* Can mail reach it?  It must stay one address in a command (RFC 5321 4.1.2); SMTPUTF8 is not spoken, so what is beyond ASCII is refused at RCPT. */
bool store_address_check(const struct store_address *, struct error *);
/* bob+lists@a.test gives bob@a.test; false when there is no tag. */
bool store_address_without_tag(const struct store_address *, struct arena *, struct store_address *);
/* postmaster or abuse: RFC 2142 2, 4. */
bool store_address_is_role(const struct store_address *);

#endif
