/* mua_json: the NDJSON forms of verbs: one object a line, UTF-8, a `schema` field in each. */
#ifndef MUA_MUA_JSON_H
#define MUA_MUA_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "mua/mua_model.h"

/* {"schema": schema}; never NULL. */
json_t *mua_json_object(const char *schema);
/* Octets that are not UTF-8 become U+FFFD. */
void mua_json_set_text(json_t *object, const char *key, struct bytes text);
/* "posta.message.1": what list and read say of a message. */
json_t *mua_json_message(const struct mua_model *, const struct mua_message *);
/* Append the object as one line and free it. */
void mua_json_write(struct buffer *out, json_t *object);

#endif
