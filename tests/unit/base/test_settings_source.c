#include "base/settings_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

static void write_file(const char *name, const char *text)
{
	char path[400];

	snprintf(path, sizeof path, "%s/%s", check_folder(), name);
	FILE *file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static const struct text_row {
	const char *claim, *text, *error;       /* NULL: accepted, and the text unchanged */
} texts[] = {
	{ "an ordinary file", "a = 1;\nb = \"x\";\n", NULL },
	{ "nothing", "", NULL },
	{ "the largest number", "a = 2147483647;", NULL },
	{ "one more", "\na = 2147483648;", "t.conf:2: 2147483648 is too large for a plain number: write it in quotes" },
	{ "a large number that says so", "a = 5000000000L;", NULL },
	{ "a large negative number", "a = -5000000000;", "t.conf:1: -5000000000 is too large for a plain number: write it in quotes" },
	{ "a large hexadecimal number", "a = 0x100000000;", "t.conf:1: 0x100000000 is too large for a plain number: write it in quotes" },
	{ "digits in a string", "a = \"5000000000\";", NULL },
	{ "digits after a quoted quote", "a = \"\\\"5000000000\";", NULL },
	{ "digits in a comment", "# 5000000000\n// 5000000000\n/* 5000000000\n5000000000 */", NULL },
	{ "digits in a name", "a5000000000 = 1; b-5000000000 = 1;", NULL },
	{ "an include", "a = 1;\n @include \"x\"\n", "t.conf:2: @include is not possible here" },
	{ "an include in a comment", "/*\n@include \"x\"\n*/", NULL },
	{ "an include in the middle of a line", "a = 1; @include \"x\"\n", NULL },
	{ "a comment without end", "a = 1;\n/* a\n", "t.conf:2: the comment that starts here has no end" },
	{ "a string without end", "a = \"b\\\"\n", "t.conf:1: the quotes that open here are never closed" },
};

static const struct file_row {
	const char *claim, *text, *error;       /* the folder in front of the error is left out */
} files[] = {
	{ "no file name", "@include x\n", "main.conf:1: @include wants a file name in quotes" },
	{ "a file name without end", "@include \"x\n\"", "main.conf:1: @include wants a file name in quotes" },
	{ "a file that is not there", "a = 1;\n@include \"none.conf\"\n", "none.conf: No such file or directory" },
	{ "a file that includes itself", "@include \"main.conf\"\n",
	  "main.conf:1: @include goes too deep (a file that includes itself?)" },
	{ "a fault inside", "@include \"large.conf\"\n", "large.conf:2: 9999999999 is too large for a plain number: write it in quotes" },
};

static void check_lines(const char *path)
{
	static const struct { const char *has, *file; int line; } origins[] = {
		{ "a = 1;", "main.conf", 1 }, { "b = 2;", "inner.conf", 1 }, { "c = 3;", "inner.conf", 2 },
		{ "d = 4;", "main.conf", 2 }, { "e = 5;", "main.conf", 4 },
	};
	struct settings_source source = { 0 };
	struct arena arena = { 0 };
	struct error err = { 0 };

	write_file("inner.conf", "b = 2;\nc = 3;");
	write_file("main.conf", "a = 1;\n@include \"inner.conf\" d = 4;\n# five\ne = 5;\n");
	CHECK_ROW(settings_source_read(&source, path, &arena, &err), err.text);
	for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
		int line = 1;
		const char *at = strstr(source.text.at, origins[i].has);
		CHECK_ROW(at != NULL, origins[i].has);
		for (const char *p = source.text.at; p < at; p++)
			line += *p == '\n';
		struct settings_origin origin = settings_source_origin(&source, line);
		CHECK_ROW(origin.line == origins[i].line && strstr(origin.file, origins[i].file) != NULL, origins[i].has);
	}
	CHECK(settings_source_origin(&source, 0).line == 1 && settings_source_origin(&source, 999).line == 5);
	settings_source_release(&source);
	arena_reset(&arena);
}

int main(void)
{
	struct arena arena = { 0 };
	char path[400];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct settings_source source = { 0 };
		struct error err = { 0 };
		bool ok = settings_source_set(&source, texts[i].text, "t.conf", &arena, &err);
		CHECK_ROW(ok == (texts[i].error == NULL), texts[i].claim);
		CHECK_TEXT(err.text, texts[i].error != NULL ? texts[i].error : "", texts[i].claim);
		CHECK_ROW(!ok || source.text.len == 0 || strcmp(source.text.at, texts[i].text) == 0, texts[i].claim);
		settings_source_release(&source);
	}
	snprintf(path, sizeof path, "%s/main.conf", check_folder());
	write_file("large.conf", "\na = 9999999999;\n");
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct settings_source source = { 0 };
		struct error err = { 0 };
		write_file("main.conf", files[i].text);
		CHECK_ROW(!settings_source_read(&source, path, &arena, &err), files[i].claim);
		const char *tail = strlen(err.text) > strlen(files[i].error) ? err.text + strlen(err.text) - strlen(files[i].error) : err.text;
		CHECK_TEXT(tail, files[i].error, files[i].claim);
		settings_source_release(&source);
	}
	check_lines(path);
	CHECK_TEXT(settings_source_beside("/etc/posta/posta.conf", "tls/key.pem", &arena), "/etc/posta/tls/key.pem", "beside");
	CHECK_TEXT(settings_source_beside("/posta.conf", "x", &arena), "/x", "beside in the root");
	CHECK_TEXT(settings_source_beside("/etc/posta.conf", "/x", &arena), "/x", "absolute");
	CHECK_TEXT(settings_source_beside("posta.conf", "x", &arena), "x", "no folder");
	arena_reset(&arena);
	return check_finish();
}
