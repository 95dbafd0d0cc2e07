#include "mua/mua_changes.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "message/date.h"
#include "message/encoded_word.h"

#define TOGETHER_MAX 1000

struct mua_change {
	bool is_new;                    /* else only the flags count */
	struct mua_message message;
};

static char *decode(struct arena *arena, struct bytes raw)
{
	struct buffer text = { 0 };
	char *kept;

	encoded_word_decode(raw, &text);
	kept = arena_text(arena, text.at ? text.at : "");
	buffer_release(&text);
	return kept;
}

static const char *spec(struct arena *arena, const struct imap_reply_address *a)
{
	return arena_printf(arena, "%.*s@%.*s", BYTES_PRINT(a->mailbox), BYTES_PRINT(a->host));
}

static const char *address_list(struct arena *arena, const struct imap_reply_addresses *list)
{
	struct buffer text = { 0 };
	char *kept;

	for (size_t i = 0; i < list->n; i++)
		buffer_printf(&text, "%s%s", i ? ", " : "", spec(arena, &list->at[i]));
	kept = arena_text(arena, text.at ? text.at : "");
	buffer_release(&text);
	return kept;
}

static const char *keyword_list(struct arena *arena, const struct imap_flags *flags)
{
	struct buffer text = { 0 };
	char *kept;

	for (size_t i = 0; i < flags->n_keywords; i++)
		buffer_printf(&text, "%s%s", i ? " " : "", flags->keywords[i]);
	kept = arena_text(arena, text.at ? text.at : "");
	buffer_release(&text);
	return kept;
}

static void read_message(struct mua_message *m, const struct imap_reply_fetch *f, struct arena *arena)
{
	*m = (struct mua_message){
		.uid = f->uid,
		.flags = f->flags.bits,
		.keywords = keyword_list(arena, &f->flags),
		.size = f->size,
		.received_s = f->internal_date_s,
		.from_name = f->envelope.from.n ? decode(arena, f->envelope.from.at[0].name) : "",
		.from_address = f->envelope.from.n ? spec(arena, &f->envelope.from.at[0]) : "",
		.to = address_list(arena, &f->envelope.to),
		.subject = decode(arena, f->envelope.subject),
		.message_id = arena_printf(arena, "%.*s", BYTES_PRINT(f->envelope.message_id)),
		.in_reply_to = arena_printf(arena, "%.*s", BYTES_PRINT(f->envelope.in_reply_to)),
		.has_attachment = f->has_attachment,
	};

	if (!date_parse(f->envelope.date, &m->sent_s, NULL))
		m->sent_s = 0;
}

void mua_changes_begin(struct mua_changes *c, struct mua_cache *cache, const struct mua_folder *folder)
{
	mua_changes_drop(c);
	ranges_clear(&c->uids);
	ranges_clear(&c->new_uids);
	c->n_changed = 0;
	c->cache = cache;
	c->folder = folder;
}

bool mua_changes_add(struct mua_changes *c, const struct imap_reply_fetch *f, struct error *err)
{
	struct mua_change *change;

	if (c->n == TOGETHER_MAX && !mua_changes_flush(c, err))
		return false;
	if (c->list == NULL)
		c->list = xcalloc(TOGETHER_MAX, sizeof *c->list);
	ranges_add(&c->uids, f->uid);
	change = &c->list[c->n++];
	change->is_new = f->has_envelope;
	if (change->is_new)
		ranges_add(&c->new_uids, f->uid);
	if (change->is_new)
		read_message(&change->message, f, &c->arena);
	else
		change->message = (struct mua_message){ .uid = f->uid, .flags = f->flags.bits, .keywords = keyword_list(&c->arena, &f->flags) };
	return true;
}

static bool write_change(struct mua_changes *c, const struct mua_change *change, struct error *err)
{
	const struct mua_message *m = &change->message;
	bool is_changed;

	if (change->is_new)
		return mua_cache_put(c->cache, c->folder, m, err);
	if (!mua_cache_set_flags(c->cache, c->folder, m->uid, m->flags, m->keywords, &is_changed, err))
		return false;
	c->n_changed += is_changed;
	return true;
}

bool mua_changes_flush(struct mua_changes *c, struct error *err)
{
	bool ok = true;

	if (c->n > 0) {
		ok = mua_cache_begin(c->cache, err);
		for (size_t i = 0; ok && i < c->n; i++)
			ok = write_change(c, &c->list[i], err);
		ok = ok && mua_cache_commit(c->cache, err);
		if (!ok)
			mua_cache_rollback(c->cache);
	}
	mua_changes_drop(c);
	return ok;
}

void mua_changes_drop(struct mua_changes *c)
{
	c->n = 0;
	arena_reset(&c->arena);
}

void mua_changes_release(struct mua_changes *c)
{
	mua_changes_drop(c);
	ranges_release(&c->uids);
	ranges_release(&c->new_uids);
	free(c->list);
	c->list = NULL;
}
