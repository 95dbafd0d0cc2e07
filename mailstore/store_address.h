/* store_address: the parts of local@domain as the store compares them. */
#ifndef MAILSTORE_STORE_ADDRESS_H
#define MAILSTORE_STORE_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"

#define STORE_ADDRESS_MAX 320           /* 64 + 1 + 255: RFC 5321 4.5.3.1 */

struct store_address {
	struct bytes all, local, domain;        /* ASCII lower case, in the arena, NUL-terminated */
};

/* At the last "@"; false when a part is empty, too long or holds a control or space.  A quoted local part loses needless quotes. */
bool store_address_parse(struct bytes text, struct arena *, struct store_address *);
/* bob+lists@a.test gives bob@a.test; false when there is no tag. */
bool store_address_without_tag(const struct store_address *, struct arena *, struct store_address *);
/* postmaster or abuse: RFC 2142 2, 4. */
bool store_address_is_role(const struct store_address *);

#endif
