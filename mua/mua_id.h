/* mua_id: the stable name of a message: account/folder;uidvalidity=V/uid. */
#ifndef MUA_MUA_ID_H
#define MUA_MUA_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

struct mua_id {
	const char *account, *folder;   /* in the arena; NULL for a bare UID */
	uint32_t uidvalidity, uid;      /* uidvalidity 0 = not said */
};

/* The full form, or a bare UID. */
bool mua_id_parse(const char *text, struct arena *, struct mua_id *);
void mua_id_format(struct buffer *out, const char *account, const char *folder, uint32_t uidvalidity, uint32_t uid);

#endif
