#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char line[] = "level=error area=memory event=out-of-memory\n";

	/* stdio might allocate */
	if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
		abort();
	abort();
}

static void *checked(void *at)
{
	if (at == NULL)
		out_of_memory();
	return at;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(n > 0 && size > 0 ? calloc(n, size) : calloc(1, 1));
}

void *xrealloc(void *at, size_t size)
{
	return checked(realloc(at, size > 0 ? size : 1));
}

void *xreallocarray(void *at, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		out_of_memory();
	return xrealloc(at, total);
}

char *xstrdup(const char *text)
{
	return xmemdup(text, strlen(text) + 1);
}

void *xmemdup(const void *at, size_t len)
{
	void *copy = xmalloc(len);

	if (len > 0)
		memcpy(copy, at, len);
	return copy;
}

char *xprintf(const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		out_of_memory();
	char *text = xmalloc((size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

void memory_wipe(void *at, size_t len)
{
	if (len > 0)
		explicit_bzero(at, len);
}

bool memory_equal_secret(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *left = a, *right = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < len; i++)
		difference = (unsigned char)(difference | (left[i] ^ right[i]));
	return difference == 0;
}
