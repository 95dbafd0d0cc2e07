#include "imapd/imapd_fetch_item.h"

#include <assert.h>

#include "base/arena.h"
#include "base/log.h"
#include "imap/imap_bodystructure.h"
#include "imap/imap_date.h"
#include "imap/imap_envelope.h"
#include "imap/imap_flag.h"
#include "imap/imap_object_id.h"
#include "imapd/imapd_fetch_work.h"
#include "imapd/imapd_view.h"

static void write_structure(struct imapd_session *s, const struct store_message *m, const struct imap_fetch_item *item)
{
	struct arena scratch = { 0 };
	bool ok;

	buffer_add_bytes(&s->out, item->label);
	buffer_add_octet(&s->out, ' ');
	if (item->kind == IMAP_FETCH_ENVELOPE)
		ok = imap_envelope_format(m->envelope, &scratch, &s->out);
	else
		ok = imap_bodystructure_format(m->structure, item->kind == IMAP_FETCH_BODYSTRUCTURE, &scratch, &s->out);
	arena_reset(&scratch);
	if (ok)
		return;
	log_error("imapd", "damaged", "session=%s message=%lld what=%.*s", s->id, (long long)m->message_id, BYTES_PRINT(item->label));
	buffer_add_text(&s->out, item->kind == IMAP_FETCH_ENVELOPE ? "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" :
	                "(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 0)");
}

void imapd_fetch_write_flags(struct imapd_session *s, const struct store_message *m)
{
	struct imapd_fetch *f = s->work;
	uint64_t flags = m->flags | (ranges_contains(&f->fresh, m->uid) ? STORE_SEEN : 0);

	buffer_add_text(&s->out, "FLAGS ");
	imap_flags_format(&s->out, flags, imapd_view_keywords(s->view), ranges_contains(&s->view->recent, m->uid));
}

void imapd_fetch_write_item(struct imapd_session *s, const struct store_message *m, const struct imap_fetch_item *item)
{
	switch (item->kind) {
	case IMAP_FETCH_FLAGS:
		imapd_fetch_write_flags(s, m);
		break;
	case IMAP_FETCH_UID:
		buffer_printf(&s->out, "UID %u", m->uid);
		break;
	case IMAP_FETCH_INTERNALDATE:
		buffer_add_text(&s->out, "INTERNALDATE ");
		imap_date_time_format(m->internal_date_s, &s->out);
		break;
	case IMAP_FETCH_SIZE:
		buffer_add_text(&s->out, "RFC822.SIZE ");
		buffer_add_u64(&s->out, m->size);
		break;
	case IMAP_FETCH_EMAIL_ID:
		buffer_add_text(&s->out, "EMAILID ");
		imap_object_id_format(&s->out, IMAP_OBJECT_EMAIL, m->message_id);
		break;
	case IMAP_FETCH_THREAD_ID:
		buffer_add_text(&s->out, "THREADID ");
		imap_object_id_format(&s->out, IMAP_OBJECT_THREAD, m->thread_id);
		break;
	case IMAP_FETCH_SECTION:
		assert(false);
		break;
	case IMAP_FETCH_ENVELOPE:
	case IMAP_FETCH_BODY:
	case IMAP_FETCH_BODYSTRUCTURE:
		write_structure(s, m, item);
		break;
	}
}
