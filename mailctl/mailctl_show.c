#include "mailctl/mailctl_show.h"

#include <stdio.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"

const char *mailctl_show_time(int64_t at_s, char text[MAILCTL_SHOW_SIZE])
{
	time_t at = (time_t)at_s;
	struct tm parts;

	if (localtime_r(&at, &parts) == NULL || strftime(text, MAILCTL_SHOW_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
		snprintf(text, MAILCTL_SHOW_SIZE, "%lld", (long long)at_s);
	return text;
}

const char *mailctl_show_time_ms(int64_t at_ms, char text[MAILCTL_SHOW_SIZE])
{
	size_t len = strlen(mailctl_show_time(at_ms / 1000, text));

	snprintf(text + len, MAILCTL_SHOW_SIZE - len, ".%03d", (int)(at_ms % 1000));
	return text;
}

const char *mailctl_show_wait(int64_t at_s, char text[MAILCTL_SHOW_SIZE])
{
	long long s = (long long)(at_s - clock_now_s());

	if (s <= 0)
		snprintf(text, MAILCTL_SHOW_SIZE, "now");
	else if (s < 100)
		snprintf(text, MAILCTL_SHOW_SIZE, "in %lld s", s);
	else if (s < 100 * 60)
		snprintf(text, MAILCTL_SHOW_SIZE, "in %lld min", (s + 30) / 60);
	else if (s < 48 * 3600)
		snprintf(text, MAILCTL_SHOW_SIZE, "in %lld h", (s + 1800) / 3600);
	else
		snprintf(text, MAILCTL_SHOW_SIZE, "in %lld d", (s + 43200) / 86400);
	return text;
}

const char *mailctl_show_octets(uint64_t octets, char text[MAILCTL_SHOW_SIZE])
{
	static const char units[] = "KMGT";
	double size = (double)octets;
	int i = -1;

	for (; size >= 1024 && i < 3; i++)
		size /= 1024;
	if (i < 0)
		snprintf(text, MAILCTL_SHOW_SIZE, "%llu", (unsigned long long)octets);
	else
		snprintf(text, MAILCTL_SHOW_SIZE, "%.1f%c", size, units[i]);
	return text;
}

const char *mailctl_show_text(struct arena *arena, const char *text)
{
	struct buffer out = { 0 };

	text_escape(&out, bytes_text(text));
	const char *copy = arena_printf(arena, "%.*s", BYTES_PRINT(buffer_bytes(&out)));
	buffer_release(&out);
	return copy;
}

json_t *mailctl_show_json(const char *text)
{
	struct buffer out = { 0 };

	if (text == NULL)
		return json_null();
	if (text_is_utf8(bytes_text(text)))
		return json_string(text);
	text_escape(&out, bytes_text(text));
	json_t *value = json_stringn(out.at, out.len);
	buffer_release(&out);
	return value;
}

json_t *mailctl_show_json_time(int64_t at_s)
{
	return at_s == 0 ? json_null() : json_integer(at_s);
}
