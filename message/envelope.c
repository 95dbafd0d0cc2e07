#include "message/envelope.h"

#include "base/text.h"

void envelope_start(struct envelope *e, struct bytes sender)
{
	envelope_reset(e);
	e->sender = arena_bytes(&e->arena, sender).at;
}

/* The domain compares without case, so it is kept lower-cased; the local part is the recipient host's affair (RFC 5321 2.4). */
static const char *copy_address(struct arena *arena, struct bytes address)
{
	char *text = (char *)arena_bytes(arena, address).at;
	size_t domain = address.len;

	while (domain > 0 && text[domain - 1] != '@')
		domain--;
	if (domain > 0)
		text_lower_bytes(text + domain, address.len - domain);
	return text;
}

struct envelope_recipient *envelope_add(struct envelope *e, struct bytes address)
{
	if (e->n_recipients == e->capacity) {
		size_t capacity = e->capacity ? e->capacity * 2 : 4;
		struct envelope_recipient *grown = arena_alloc(&e->arena, capacity * sizeof *grown);
		if (e->n_recipients > 0)
			memcpy(grown, e->recipients, e->n_recipients * sizeof *grown);
		e->recipients = grown;
		e->capacity = capacity;
	}
	struct envelope_recipient *added = &e->recipients[e->n_recipients++];
	*added = (struct envelope_recipient){ .address = copy_address(&e->arena, address) };
	return added;
}

void envelope_reset(struct envelope *e)
{
	arena_reset(&e->arena);
	*e = (struct envelope){ 0 };
}
