#include "mailstore/store_body.h"

#include <assert.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "mailstore/store_client.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"
#include "mailstore/store_packer.h"
#include "mailstore/store_stager.h"
#include "mailstore/store_stored.h"
#include "mailstore/store_trainer.h"

#define ROW_OCTETS 1024                 /* of a message without its body, about */
#define PACKING_GAIN 8                  /* a body stays plain whose first chunk shrinks by less than this part */
#define SPILL_AT ((uint64_t)32 * 1024)  /* a smaller body is not worth a descriptor, however tight memory is */

struct ready_request;

struct store_body {
	struct store *store;
	struct store_client *client;    /* the body's thread only */
	uint64_t size;
	enum store_codec codec;
	bool is_decided;                /* of the codec: the first chunk shows what packing is worth */
	struct buffer open;             /* the chunk that grows; a plain body has none once staged */
	struct buffer *chunks;          /* STORE_CHUNK_SIZE octets each, the last one less, in their stored form; empty once staged */
	size_t n_chunks;
	size_t counted;                 /* octets of all these taken from the budget */
	struct store_staged *staged;
	uint64_t *ends;                 /* packed: where the chunks' frames end in the file */
	size_t n_ends;
	bool keep;
	struct error error;             /* useless since */
	store_body_ready_fn *ready;
	void *owner;
	struct ready_request *waiting;
};

struct ready_request {
	struct store_request request;
	struct store_body *body;
};

static void complete_ready(struct store_request *request)
{
	struct ready_request *self = (struct ready_request *)request;
	struct store_body *body = self->body;

	body->waiting = NULL;
	body->ready(body->owner);
}

static const struct store_request_ops ready_ops = { .name = "body-ready", .complete = complete_ready };

struct store_body *store_body_create(struct store_client *client, store_body_ready_fn *ready, void *owner)
{
	struct store_body *body = xcalloc(1, sizeof *body);

	body->store = client->store;
	body->client = client;
	body->is_decided = !client->store->options.compress;
	body->ready = ready;
	body->owner = owner;
	return body;
}

static void stop_waiting(struct store_body *body)
{
	if (body->waiting != NULL)
		store_request_forget(&body->waiting->request);
	body->waiting = NULL;
}

/* ---- chunks ---- */

/* The open chunk in its stored form. */
static struct buffer take_open(struct store_body *body)
{
	struct buffer chunk = { 0 };
	struct bytes packed = { 0 };
	/* the header is in the first; later ones are long enough to know themselves */
	const struct store_dictionary *dictionary = body->n_chunks + body->n_ends == 0 ? store_dictionaries_newest(body->store->dictionaries) : NULL;

	if (!body->is_decided || body->codec == STORE_ZSTD)
		packed = store_packer_pack(&body->client->packer, dictionary, buffer_bytes(&body->open));
	if (!body->is_decided && packed.len <= body->open.len - body->open.len / PACKING_GAIN)
		body->codec = STORE_ZSTD;
	body->is_decided = true;
	if (body->codec == STORE_ZSTD) {
		buffer_add_bytes(&chunk, packed);
		budget_force(body->store->options.budget, packed.len);
		budget_give(body->store->options.budget, body->open.len);
		body->counted += packed.len - body->open.len;
		buffer_clear(&body->open);
	} else {
		chunk = body->open;
		body->open = (struct buffer){ 0 };
	}
	return chunk;
}

/* To the file; the stager gives its octets back to the budget. */
static bool stage_chunk(struct store_body *body, struct buffer *chunk, struct error *err)
{
	size_t len = chunk->len;

	if (!store_stager_take(body->store->stager, body->staged, chunk, err))
		return false;
	body->counted -= len;
	if (body->codec == STORE_ZSTD) {
		body->ends = xreallocarray(body->ends, body->n_ends + 1, sizeof *body->ends);
		body->ends[body->n_ends] = (body->n_ends > 0 ? body->ends[body->n_ends - 1] : 0) + len;
		body->n_ends++;
	}
	return true;
}

static bool close_chunk(struct store_body *body, struct error *err)
{
	struct buffer chunk = take_open(body);

	if (body->staged != NULL) {
		bool ok = stage_chunk(body, &chunk, err);
		buffer_release(&chunk);
		return ok;
	}
	body->chunks = xreallocarray(body->chunks, body->n_chunks + 1, sizeof *body->chunks);
	body->chunks[body->n_chunks++] = chunk;
	return true;
}

/* Octets the budget counts already. */
static bool add_to_chunks(struct store_body *body, struct bytes octets, struct error *err)
{
	body->counted += octets.len;
	while (octets.len > 0) {
		struct bytes front = bytes_slice(octets, 0, STORE_CHUNK_SIZE - body->open.len);
		buffer_add_bytes(&body->open, front);
		octets = bytes_skip(octets, front.len);
		if (body->open.len == STORE_CHUNK_SIZE && !close_chunk(body, err))
			return false;
	}
	return true;
}

static bool add_to_memory(struct store_body *body, struct bytes octets, struct error *err)
{
	if (!budget_take(body->store->options.budget, octets.len))
		return error_set(err, ERROR_LIMIT, "too much mail is on its way at once");
	return add_to_chunks(body, octets, err);
}

/* ---- files ---- */

static bool must_spill(const struct store_body *body, uint64_t size)
{
	return size > STORE_BODY_ROWS_MAX || (size > SPILL_AT && budget_is_tight(body->store->options.budget));
}

/* Move the chunks to a file. */
static bool spill(struct store_body *body, struct error *err)
{
	bool ok = true;

	/* memory is wanted now: no room to find out */
	body->is_decided = true;
	body->staged = store_staged_create();
	for (size_t i = 0; i < body->n_chunks && ok; i++)
		ok = stage_chunk(body, &body->chunks[i], err);
	if (ok && body->codec == STORE_PLAIN)
		ok = stage_chunk(body, &body->open, err);
	return ok;
}

static bool add_to_file(struct store_body *body, struct bytes octets, bool *wait, struct error *err)
{
	struct store_stager *stager = body->store->stager;

	/* forced: the file is what frees memory, and the wait bounds what is under way */
	budget_force(body->store->options.budget, octets.len);
	if (body->codec == STORE_ZSTD) {
		if (!add_to_chunks(body, octets, err))
			return false;
	} else if (!store_stager_add(stager, body->staged, octets, err)) {
		budget_give(body->store->options.budget, octets.len);
		return false;
	}
	*wait = body->waiting != NULL;
	if (!*wait && body->ready != NULL && store_stager_is_behind(stager, body->staged)) {
		struct ready_request *waiting = store_request_create(body->client, &ready_ops, sizeof *waiting);
		waiting->body = body;
		body->waiting = waiting;
		store_client_lend(body->client);
		store_stager_wait(stager, body->staged, &waiting->request);
		*wait = true;
	}
	return true;
}

static void drop_octets(struct store_body *body)
{
	for (size_t i = 0; i < body->n_chunks; i++)
		buffer_release(&body->chunks[i]);
	free(body->chunks);
	buffer_release(&body->open);
	free(body->ends);
	body->chunks = NULL;
	body->ends = NULL;
	body->n_chunks = body->n_ends = 0;
	budget_give(body->store->options.budget, body->counted);
	body->counted = 0;
	if (body->staged != NULL)
		store_stager_abandon(body->store->stager, body->staged, body->keep);
	body->staged = NULL;
}

bool store_body_write(struct store_body *body, struct bytes octets, bool *wait, struct error *err)
{
	*wait = false;
	if (octets.len == 0)
		return true;
	bool ok = body->error.kind == ERROR_NONE;
	if (ok && body->staged == NULL && must_spill(body, body->size + octets.len))
		ok = spill(body, &body->error);
	if (ok && body->staged != NULL)
		ok = add_to_file(body, octets, wait, &body->error);
	else if (ok)
		ok = add_to_memory(body, octets, &body->error);
	if (!ok) {
		/* the peer may go on sending for long: what it sent so far is given back now */
		drop_octets(body);
		if (err != NULL)
			*err = body->error;
		return false;
	}
	body->size += octets.len;
	return true;
}

uint64_t store_body_size(const struct store_body *body)
{
	return body->size;
}

/* Behind the frames of a file. */
static bool stage_index(struct store_body *body, struct error *err)
{
	struct buffer index = { 0 };

	for (size_t i = 0; i < body->n_ends; i++)
		store_stored_add_end(&index, body->ends[i]);
	budget_force(body->store->options.budget, index.len);
	body->counted += index.len;
	size_t len = index.len;
	bool ok = store_stager_take(body->store->stager, body->staged, &index, err);
	body->counted -= ok ? len : 0;
	buffer_release(&index);
	return ok;
}

void store_body_hand_over(struct store_body *body, struct error *err)
{
	bool ok = body->error.kind == ERROR_NONE;

	stop_waiting(body);
	if (ok && body->open.len > 0)
		ok = close_chunk(body, &body->error);
	if (body->store->options.compress)
		store_trainer_note(body->store->trainer);
	if (ok && body->codec == STORE_ZSTD && body->size > STORE_BODY_ROWS_MAX)
		ok = stage_index(body, &body->error);
	body->client = NULL;
	if (!ok && err->kind == ERROR_NONE)
		*err = body->error;
}

size_t store_body_row_octets(const struct store_body *body)
{
	return ROW_OCTETS + (body->size > STORE_BODY_ROWS_MAX ? 0 : (size_t)body->size);
}

enum store_codec store_body_codec(const struct store_body *body)
{
	return body->codec;
}

bool store_body_has_file(const struct store_body *body)
{
	return body->staged != NULL;
}

struct store_staged *store_body_staged(const struct store_body *body)
{
	return body->staged;
}

void store_body_keep_file(struct store_body *body)
{
	body->keep = true;
}

const char *store_body_file_name(const struct store_body *body)
{
	return body->size > STORE_BODY_ROWS_MAX ? body->staged->file.name : NULL;
}

bool store_body_chunk(const struct store_body *body, size_t n, struct buffer *scratch, struct bytes *chunk, struct error *err)
{
	uint64_t offset = (uint64_t)n * STORE_CHUNK_SIZE;
	size_t len = body->size - offset < STORE_CHUNK_SIZE ? (size_t)(body->size - offset) : STORE_CHUNK_SIZE;

	assert(offset < body->size);
	if (body->staged == NULL) {
		*chunk = buffer_bytes(&body->chunks[n]);
		return true;
	}
	if (body->codec == STORE_ZSTD) {
		offset = n > 0 ? body->ends[n - 1] : 0;
		len = (size_t)(body->ends[n] - offset);
	}
	buffer_clear(scratch);
	*chunk = bytes_of(buffer_reserve(scratch, len), len);
	return store_file_read(&body->staged->file, offset, scratch->at, len, err);
}

void store_body_destroy(struct store_body *body)
{
	if (body == NULL)
		return;
	stop_waiting(body);
	drop_octets(body);
	free(body);
}
