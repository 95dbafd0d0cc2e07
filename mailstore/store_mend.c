#include "mailstore/store_mend.h"

#include "mailstore/store_salvage.h"
#include "mailstore/store_stored.h"

struct mend {
	struct store_stored from;
	struct database *db;
	struct store_file *made;
	struct buffer room;
	uint64_t next;                  /* where the next frame begins if the index cannot say it */
};

/* The frame behind the last good one, when the index is lost. */
static bool read_next_frame(struct mend *m, size_t len, struct bytes *octets)
{
	const struct store_file file = { .fd = m->from.fd };
	uint64_t left = m->from.file_size > m->next ? m->from.file_size - m->next : 0;
	size_t room = left < store_packer_frame_max() ? (size_t)left : store_packer_frame_max();

	buffer_clear(&m->room);
	if (!store_file_read(&file, m->next, buffer_reserve(&m->room, room), room, NULL))
		return false;
	struct bytes frame = bytes_of(m->room.at, store_packer_frame_len(bytes_of(m->room.at, room)));
	buffer_clear(&m->from.plain);
	if (frame.len == 0 || !store_packer_unpack(&m->from.packer, m->db, frame, buffer_reserve(&m->from.plain, len), len, NULL))
		return false;
	buffer_added(&m->from.plain, len);
	*octets = buffer_bytes(&m->from.plain);
	m->next += frame.len;
	return true;
}

static bool write_chunk(struct mend *m, uint64_t n, size_t len, struct error *err)
{
	struct bytes octets;
	uint64_t end;

	if (store_stored_chunk(&m->from, m->db, n, &octets, NULL)) {
		if (store_stored_frame_end(&m->from, n, &end))
			m->next = end;
	} else if (!read_next_frame(m, len, &octets)) {
		buffer_clear(&m->room);
		store_salvage_filler(&m->room, len);
		octets = buffer_bytes(&m->room);
		if (store_stored_frame_end(&m->from, n, &end))
			m->next = end;
	}
	return store_file_add(m->made, octets, err);
}

bool store_mend_file(struct database *db, struct store_dictionaries *dictionaries, int dir_fd, const struct store_fault_frame *frame, struct store_file *made, struct error *err)
{
	struct mend m = { .from = { .fd = -1, .packer = { .dictionaries = dictionaries } }, .db = db, .made = made };
	size_t len;
	bool ok = store_stored_open(&m.from, dir_fd, frame->message_id, frame->size, frame->codec, frame->file, err) && store_file_create(dir_fd, made, err);

	for (uint64_t n = 0; ok && (len = store_stored_chunk_len(&m.from, n)) > 0; n++)
		ok = write_chunk(&m, n, len, err);
	ok = ok && store_file_seal(dir_fd, made, false, err);
	if (!ok)
		store_file_release(dir_fd, made, false);
	store_stored_release(&m.from);
	buffer_release(&m.room);
	return ok;
}
