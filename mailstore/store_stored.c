#include "mailstore/store_stored.h"

#include <sys/stat.h>
#include <unistd.h>

#include "database/database_statement.h"
#include "mailstore/store_body.h"
#include "mailstore/store_file.h"

#define END_SIZE 8

static uint64_t n_chunks(uint64_t size)
{
	return (size + STORE_CHUNK_SIZE - 1) / STORE_CHUNK_SIZE;
}

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t end_at(const unsigned char *at)
{
	uint64_t end = 0;

	for (int i = END_SIZE - 1; i >= 0; i--)
		end = end << 8 | at[i];
	return end;
}

/* The last frame ends where the index begins: a file too long or too short is not taken for another. */
static uint64_t find_index(const struct store_stored *s)
{
	const struct store_file file = { .fd = s->fd };
	uint64_t len = n_chunks(s->size) * END_SIZE;
	unsigned char last[END_SIZE];

	if (len == 0 || s->file_size <= len || !store_file_read(&file, s->file_size - END_SIZE, last, END_SIZE, NULL))
		return 0;
	return end_at(last) == s->file_size - len ? s->file_size - len : 0;
}

bool store_stored_open(struct store_stored *s, int dir_fd, int64_t message_id, uint64_t size, enum store_codec codec, const char *file, struct error *err)
{
	s->message_id = message_id;
	s->size = size;
	s->codec = codec;
	s->fd = -1;
	if (codec != STORE_PLAIN && codec != STORE_ZSTD)
		return error_set(err, ERROR_CORRUPT, "message %lld: codec %d is not known", (long long)message_id, (int)codec);
	if (file == NULL)
		return true;
	s->fd = store_file_open(dir_fd, file, err);
	if (s->fd < 0)
		return false;
	s->file_size = size_of(s->fd);
	s->index = codec == STORE_ZSTD ? find_index(s) : 0;
	return true;
}

size_t store_stored_chunk_len(const struct store_stored *s, uint64_t n)
{
	uint64_t at = n * STORE_CHUNK_SIZE;

	return at >= s->size ? 0 : s->size - at < STORE_CHUNK_SIZE ? (size_t)(s->size - at) : STORE_CHUNK_SIZE;
}

static bool take(struct store_stored *s, struct database *db, struct bytes stored, size_t len, struct error *err)
{
	char *to = buffer_reserve(&s->plain, len);

	if (s->codec == STORE_ZSTD) {
		if (!store_packer_unpack(&s->packer, db, stored, to, len, err))
			return false;
		buffer_added(&s->plain, len);
		return true;
	}
	buffer_add_bytes(&s->plain, stored);
	return stored.len == len || error_set(err, ERROR_CORRUPT, "it has %zu octets instead of %zu", stored.len, len);
}

_Static_assert(STORE_BODY_ROWS_MAX / STORE_CHUNK_SIZE <= 16, "a chunk's number has four bits, a piece's eight");

int64_t store_stored_first_row(int64_t message_id, enum store_codec codec, uint64_t n)
{
	return (message_id << 12) + (int64_t)(codec == STORE_ZSTD ? n << 8 : n);
}

int64_t store_stored_last_row(int64_t message_id, enum store_codec codec, uint64_t n)
{
	return store_stored_first_row(message_id, codec, n) | (codec == STORE_ZSTD ? 255 : 0);
}

static bool read_rows(struct store_stored *s, struct database *db, uint64_t n, size_t len, struct error *err)
{
	struct database_statement *row = database_statement_begin(db, "SELECT data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id");
	struct buffer *stored = &s->packer.frame;
	unsigned n_rows = 0;

	database_statement_bind_int(row, 1, store_stored_first_row(s->message_id, s->codec, n));
	database_statement_bind_int(row, 2, store_stored_last_row(s->message_id, s->codec, n));
	buffer_clear(stored);
	for (; stored->len <= store_packer_frame_max() && database_statement_step(row); n_rows++)
		buffer_add_bytes(stored, database_statement_bytes(row, 0));
	database_statement_end(row);
	return n_rows > 0 ? take(s, db, buffer_bytes(stored), len, err) : error_set(err, ERROR_CORRUPT, "it is missing");
}

/* Where frame n lies. */
static bool find_frame(const struct store_stored *s, uint64_t n, uint64_t *start, uint64_t *end, struct error *err)
{
	const struct store_file file = { .fd = s->fd };
	unsigned char ends[2 * END_SIZE] = { 0 };
	size_t skip = n == 0 ? END_SIZE : 0;

	if (s->index == 0)
		return error_set(err, ERROR_CORRUPT, "the index of its file is damaged");
	if (!store_file_read(&file, s->index + n * END_SIZE - (END_SIZE - skip), ends + skip, sizeof ends - skip, err))
		return false;
	*start = end_at(ends);
	*end = end_at(ends + END_SIZE);
	return (*start < *end && *end <= s->index && *end - *start <= store_packer_frame_max()) ||
	       error_set(err, ERROR_CORRUPT, "the index of its file is damaged");
}

bool store_stored_frame_end(const struct store_stored *s, uint64_t n, uint64_t *end)
{
	uint64_t start = 0;

	return find_frame(s, n, &start, end, NULL);
}

static bool read_frame(struct store_stored *s, struct database *db, uint64_t n, size_t len, struct error *err)
{
	const struct store_file file = { .fd = s->fd };
	struct buffer *frame = &s->packer.frame;
	uint64_t start = 0, end = 0;

	if (!find_frame(s, n, &start, &end, err))
		return false;
	buffer_clear(frame);
	if (!store_file_read(&file, start, buffer_reserve(frame, (size_t)(end - start)), (size_t)(end - start), err))
		return false;
	buffer_added(frame, (size_t)(end - start));
	return take(s, db, buffer_bytes(frame), len, err);
}

static bool read_plain(struct store_stored *s, uint64_t n, size_t len, struct error *err)
{
	const struct store_file file = { .fd = s->fd };

	if (!store_file_read(&file, n * STORE_CHUNK_SIZE, buffer_reserve(&s->plain, len), len, err))
		return false;
	buffer_added(&s->plain, len);
	return true;
}

bool store_stored_chunk(struct store_stored *s, struct database *db, uint64_t n, struct bytes *octets, struct error *err)
{
	size_t len = store_stored_chunk_len(s, n);
	struct error why = { 0 };
	bool ok;

	buffer_clear(&s->plain);
	s->packer.lacks_dictionary = false;
	if (s->fd < 0)
		ok = read_rows(s, db, n, len, &why);
	else
		ok = s->codec == STORE_ZSTD ? read_frame(s, db, n, len, &why) : read_plain(s, n, len, &why);
	*octets = buffer_bytes(&s->plain);
	if (!ok && err != NULL) {
		*err = why;
		error_prefix(err, "message %lld, chunk %llu", (long long)s->message_id, (unsigned long long)n);
	}
	return ok;
}

void store_stored_close(struct store_stored *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void store_stored_release(struct store_stored *s)
{
	store_stored_close(s);
	store_packer_release(&s->packer);
	buffer_release(&s->plain);
}

void store_stored_add_end(struct buffer *index, uint64_t end)
{
	for (int i = 0; i < END_SIZE; i++)
		buffer_add_octet(index, (char)(end >> 8 * i & 255));
}

bool store_stored_file_is_whole(int fd, uint64_t size, enum store_codec codec)
{
	const struct store_stored s = { .size = size, .codec = codec, .fd = fd, .file_size = size_of(fd) };

	return codec == STORE_PLAIN ? s.file_size == size : find_index(&s) != 0;
}
