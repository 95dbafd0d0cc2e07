#include "mua/mua_model.h"

#include "imap/imap_flag.h"

bool mua_model_load(struct mua_model *m, struct mua_cache *cache, const char *account, const char *folder_name,
                    const struct mua_folder *folder, uint64_t limit, struct error *err)
{
	*m = (struct mua_model){ .folder = *folder };
	m->account = arena_text(&m->arena, account);
	m->folder_name = arena_text(&m->arena, folder_name);
	return mua_cache_load(cache, folder, limit, &m->arena, &m->rows, &m->n_rows, err);
}

void mua_model_keep(struct mua_model *m, const struct mua_query *query, uint64_t limit)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_rows && (limit == 0 || n < limit); i++)
		if (mua_query_match(query, &m->rows[i]))
			m->rows[n++] = m->rows[i];
	m->n_rows = n;
}

void mua_model_release(struct mua_model *m)
{
	arena_reset(&m->arena);
}

void mua_model_marks(const struct mua_message *m, char marks[MUA_MODEL_MARKS])
{
	marks[0] = m->flags & IMAP_FLAG_SEEN ? ' ' : 'N';
	marks[1] = m->flags & IMAP_FLAG_ANSWERED ? 'r' : ' ';
	marks[2] = m->flags & IMAP_FLAG_FLAGGED ? '*' : ' ';
	marks[3] = m->flags & IMAP_FLAG_DELETED ? 'D' : ' ';
	marks[4] = m->flags & IMAP_FLAG_DRAFT ? 'd' : ' ';
	marks[5] = m->has_attachment ? '@' : ' ';
	marks[6] = '\0';
}

const char *mua_model_sender(const struct mua_message *m)
{
	return m->from_name[0] != '\0' ? m->from_name : m->from_address;
}
