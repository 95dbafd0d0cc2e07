#include "mua/mua_row.h"

#include "message/date.h"
#include "mua/mua_model.h"
#include "mua/mua_safe.h"

void mua_row_format(struct buffer *out, const char *folder, const struct mua_message *m)
{
	char marks[MUA_MODEL_MARKS];
	int64_t when = m->sent_s ? m->sent_s : m->received_s;
	struct date_civil c;

	mua_model_marks(m, marks);
	if (folder != NULL) {
		mua_safe_column(out, bytes_text(folder), 16);
		buffer_add_octet(out, ' ');
	}
	date_to_civil(when + 60 * date_local_offset_min(when), &c);
	buffer_printf(out, "%6u %s %04lld-%02d-%02d %02d:%02d  ", m->uid, marks, (long long)c.year, c.month, c.day, c.hour, c.minute);
	mua_safe_column(out, bytes_text(mua_model_sender(m)), 22);
	buffer_add_text(out, "  ");
	mua_safe_line(out, bytes_text(m->subject));
	buffer_add_octet(out, '\n');
}
