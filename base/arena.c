#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIRST_BLOCK   1024u
#define LARGEST_BLOCK 65536u            /* what asks for more gets a block of its own */
#define ALIGNMENT     _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t size, filled;            /* octets of at[] */
	_Alignas(max_align_t) char at[];
};

static struct arena_block *add_block(struct arena *arena, size_t need)
{
	size_t size = arena->blocks != NULL ? arena->blocks->size * 2 : FIRST_BLOCK;

	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < need)
		size = need;
	struct arena_block *block = xcalloc(1, sizeof *block + size);
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;

	if (size > SIZE_MAX / 2)
		xmalloc(size);          /* ends the process */
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size == 0)
		size = ALIGNMENT;
	if (block == NULL || block->size - block->filled < size)
		block = add_block(arena, size);
	void *at = block->at + block->filled;
	block->filled += size;
	arena->used += size;
	return at;
}

char *arena_text(struct arena *arena, const char *text)
{
	return (char *)arena_bytes(arena, bytes_text(text)).at;
}

struct bytes arena_bytes(struct arena *arena, struct bytes text)
{
	char *copy = arena_alloc(arena, text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.at, text.len);
	return bytes_of(copy, text.len);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = arena_alloc(arena, (size_t)(n > 0 ? n : 0) + 1);
	if (n > 0)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

void arena_reset(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *next = arena->blocks->next;
		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
}
