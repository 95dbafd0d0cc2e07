/* mua_model: what is to be shown, as plain data without any terminal. */
#ifndef MUA_MUA_MODEL_H
#define MUA_MUA_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "mua/mua_cache.h"
#include "mua/mua_query.h"

struct mua_model {
	struct arena arena;             /* holds the rows */
	const char *account, *folder_name;
	struct mua_folder folder;
	struct mua_message *rows;       /* newest first */
	size_t n_rows;
};

/* From the cache alone; limit 0 = all. */
bool mua_model_load(struct mua_model *, struct mua_cache *, const char *account, const char *folder_name, const struct mua_folder *,
                    uint64_t limit, struct error *err);
/* Leave only the rows that match, at most limit (0 = all). */
void mua_model_keep(struct mua_model *, const struct mua_query *, uint64_t limit);
void mua_model_release(struct mua_model *);

/* N new, r answered, * flagged, D deleted, d draft, @ attachment: always six characters and a NUL. */
#define MUA_MODEL_MARKS 7
void mua_model_marks(const struct mua_message *, char marks[MUA_MODEL_MARKS]);
/* The name a person goes by: the display name, else the address. */
const char *mua_model_sender(const struct mua_message *);

#endif
