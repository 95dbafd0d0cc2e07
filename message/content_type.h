/* content_type: type/subtype; parameters of Content-Type and Content-Disposition.  RFC 2045 5.1, RFC 2183, RFC 2231. */
#ifndef MESSAGE_CONTENT_TYPE_H
#define MESSAGE_CONTENT_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "message/mime_part.h"

#define CONTENT_PARAMETERS_MAX 200      /* later ones are left out */

struct content_type {
	struct bytes type, subtype;     /* as written; a disposition has only type */
	const struct mime_parameter *parameters;
	size_t n_parameters;
};

/*
 * Read a field's value (folds as written); everything in *out lives in the arena or borrows from value.
 * False, *out zeroed: no type "/" subtype at the front (disposition: no token).  Bad parameters are skipped to the next ";".
 */
bool content_type_parse(struct bytes value, struct arena *, struct content_type *out);
bool content_disposition_parse(struct bytes value, struct arena *, struct content_type *out);
/* One token (Content-Transfer-Encoding); empty when there is none. */
struct bytes content_token(struct bytes value);

/* The parameter of that very name, not decoded; false when absent. */
bool content_parameter_find(const struct mime_parameter *, size_t n, const char *name, struct bytes *value);
/*
 * Append the parameter as UTF-8: RFC 2231 pieces ("name*0*=") joined and decoded, else the plain value with RFC 2047 words decoded,
 * as many programs write it.  False when absent.
 */
bool content_parameter_decode(const struct mime_parameter *, size_t n, const char *name, struct buffer *out);

#endif
