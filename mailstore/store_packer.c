#include "mailstore/store_packer.h"

#include <assert.h>
#include <stdlib.h>
#include <zstd.h>

#include "mailstore/store_body.h"
#include "mailstore/store_dictionary.h"

struct bytes store_packer_pack(struct store_packer *packer, const struct store_dictionary *dictionary, struct bytes plain)
{
	assert(plain.len <= STORE_CHUNK_SIZE);
	buffer_clear(&packer->frame);
	char *to = buffer_reserve(&packer->frame, store_packer_frame_max());
	if (packer->in == NULL && (packer->in = ZSTD_createCCtx()) != NULL) {
		ZSTD_CCtx_setParameter(packer->in, ZSTD_c_compressionLevel, STORE_PACKER_LEVEL);
		ZSTD_CCtx_setParameter(packer->in, ZSTD_c_checksumFlag, 1);
	}
	if (packer->in != NULL)
		ZSTD_CCtx_refCDict(packer->in, dictionary != NULL ? dictionary->in : NULL);
	size_t n = packer->in != NULL ? ZSTD_compress2(packer->in, to, store_packer_frame_max(), plain.at, plain.len) : 0;
	/* with room for the worst case only memory can be missing: base/memory.h says what happens then */
	if (n == 0 || ZSTD_isError(n))
		abort();
	buffer_added(&packer->frame, n);
	return buffer_bytes(&packer->frame);
}

bool store_packer_unpack(struct store_packer *packer, struct database *db, struct bytes frame, char *to, size_t len, struct error *err)
{
	unsigned number = ZSTD_getDictID_fromFrame(frame.at, frame.len);
	const struct store_dictionary *dictionary = NULL;

	packer->lacks_dictionary = false;
	if (packer->out == NULL && (packer->out = ZSTD_createDCtx()) == NULL)
		abort();
	if (store_packer_plain_len(frame) != len)
		return error_set(err, ERROR_CORRUPT, "the zstd frame is not one of %zu octets", len);
	if (number != 0 && (dictionary = store_dictionaries_find(packer->dictionaries, db, number, &packer->lacks_dictionary, err)) == NULL)
		return false;
	size_t n = dictionary != NULL ? ZSTD_decompress_usingDDict(packer->out, to, len, frame.at, frame.len, dictionary->out) :
	                                ZSTD_decompressDCtx(packer->out, to, len, frame.at, frame.len);
	if (ZSTD_isError(n))
		return error_set(err, ERROR_CORRUPT, "the zstd frame is damaged: %s", ZSTD_getErrorName(n));
	return n == len || error_set(err, ERROR_CORRUPT, "the zstd frame holds %zu octets instead of %zu", n, len);
}

void store_packer_release(struct store_packer *packer)
{
	ZSTD_freeCCtx(packer->in);
	ZSTD_freeDCtx(packer->out);
	buffer_release(&packer->frame);
	packer->in = NULL;
	packer->out = NULL;
}

size_t store_packer_frame_max(void)
{
	return ZSTD_compressBound(STORE_CHUNK_SIZE);
}

size_t store_packer_frame_len(struct bytes octets)
{
	size_t n = ZSTD_findFrameCompressedSize(octets.at, octets.len);

	return ZSTD_isError(n) ? 0 : n;
}

size_t store_packer_plain_len(struct bytes frame)
{
	unsigned long long n = ZSTD_getFrameContentSize(frame.at, frame.len);

	/* the two errors are larger than any chunk */
	return n <= STORE_CHUNK_SIZE ? (size_t)n : 0;
}
