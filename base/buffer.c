#include "base/buffer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define SMALLEST_BLOCK 64u

void buffer_release(struct buffer *b)
{
	free(b->at);
	*b = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *b)
{
	buffer_truncate(b, 0);
}

char *buffer_reserve(struct buffer *b, size_t n)
{
	size_t need;

	if (__builtin_add_overflow(b->len, n, &need) || __builtin_add_overflow(need, 1u, &need))
		need = SIZE_MAX;        /* xrealloc ends the process */
	if (need > b->capacity) {
		size_t capacity = b->capacity < SIZE_MAX / 2 ? b->capacity * 2 : SIZE_MAX;
		if (capacity < need)
			capacity = need;
		if (capacity < SMALLEST_BLOCK)
			capacity = SMALLEST_BLOCK;
		b->at = xrealloc(b->at, capacity);
		b->capacity = capacity;
		b->at[b->len] = '\0';
	}
	return b->at + b->len;
}

void buffer_added(struct buffer *b, size_t n)
{
	assert(n < b->capacity - b->len);
	b->len += n;
	b->at[b->len] = '\0';
}

void buffer_add(struct buffer *b, const void *at, size_t len)
{
	char *to = buffer_reserve(b, len);

	if (len > 0)
		memcpy(to, at, len);
	buffer_added(b, len);
}

void buffer_add_bytes(struct buffer *b, struct bytes text)
{
	buffer_add(b, text.at, text.len);
}

void buffer_add_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void buffer_add_octet(struct buffer *b, char octet)
{
	*buffer_reserve(b, 1) = octet;
	buffer_added(b, 1);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buffer_vprintf(b, format, args);
	va_end(args);
}

void buffer_vprintf(struct buffer *b, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	char *to = buffer_reserve(b, SMALLEST_BLOCK);
	size_t room = b->capacity - b->len;
	int n = vsnprintf(to, room, format, args);
	assert(n >= 0);
	if ((size_t)n >= room) {
		to = buffer_reserve(b, (size_t)n);
		vsnprintf(to, (size_t)n + 1, format, again);
	}
	va_end(again);
	buffer_added(b, (size_t)n);
}

void buffer_add_u64(struct buffer *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buffer_add(b, digits + at, sizeof digits - at);
}

void buffer_drop(struct buffer *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->at, b->at + n, b->len - n + 1);
	b->len -= n;
}

void buffer_truncate(struct buffer *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->at != NULL)
		b->at[len] = '\0';
}

char *buffer_take(struct buffer *b, size_t *len)
{
	char *at = b->at != NULL ? b->at : xcalloc(1, 1);

	if (len != NULL)
		*len = b->len;
	*b = (struct buffer){ 0 };
	return at;
}
