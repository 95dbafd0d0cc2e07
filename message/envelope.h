/* envelope: one SMTP transaction's sender and recipients with their DSN options.  RFC 5321 2.3.1, RFC 3461. */
#ifndef MESSAGE_ENVELOPE_H
#define MESSAGE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

#define ENVELOPE_NOTIFY_NEVER   1u
#define ENVELOPE_NOTIFY_SUCCESS 2u
#define ENVELOPE_NOTIFY_FAILURE 4u
#define ENVELOPE_NOTIFY_DELAY   8u

enum envelope_return { ENVELOPE_RETURN_DEFAULT, ENVELOPE_RETURN_HEADERS, ENVELOPE_RETURN_FULL };

struct envelope_recipient {
	const char *address;            /* local@domain without brackets, as given but the domain lower-cased */
	const char *original;           /* ORCPT, decoded; NULL when not given */
	unsigned notify;                /* ENVELOPE_NOTIFY_ bits; 0 = not given */
};

struct envelope {                       /* zero-initialise; everything in it lives in its arena */
	struct arena arena;
	const char *sender;             /* reverse-path without brackets; "" = null path; NULL = no transaction */
	struct envelope_recipient *recipients;
	size_t n_recipients, capacity;
	const char *id;                 /* ENVID, decoded; NULL when not given */
	enum envelope_return returns;
	bool is_8bit;                   /* BODY=8BITMIME */
	uint64_t declared_size;         /* SIZE=; 0 = not given */
};

/* Begin: copies the reverse-path ("" for <>). */
void envelope_start(struct envelope *, struct bytes sender);
/* Copies the address; the new recipient is returned for its options and valid until the next add. */
struct envelope_recipient *envelope_add(struct envelope *, struct bytes address);
/* Back to zero: the one function every end of a transaction calls. */
void envelope_reset(struct envelope *);

#endif
