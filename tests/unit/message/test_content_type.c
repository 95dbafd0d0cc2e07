#include "message/content_type.h"

#include "tests/support/check.h"

/* type/subtype then ";name=[value]" for each parameter; "-" when it does not parse. */
static const struct type_case {
	const char *claim, *value, *want;
} cases[] = {
	{ "plain", "text/plain", "text/plain" },
	{ "a parameter", " text/html; charset=utf-8", "text/html;charset=[utf-8]" },
	{ "quotes and escapes", "a/b; n=\"x;\\\"y\\\\\"; m=1", "a/b;n=[x;\"y\\];m=[1]" },
	{ "comments and white space", "(x) text (y) / (z) plain ; (a) charset (b) = (c) utf-8 (d)", "text/plain;charset=[utf-8]" },
	{ "folded", "text/plain;\r\n\tcharset=utf-8;\r\n format=flowed", "text/plain;charset=[utf-8];format=[flowed]" },
	{ "a folded quoted value", "a/b; n=\"x\r\n y\"", "a/b;n=[x y]" },
	{ "an unquoted value with specials", "a/b; name=my file=1.txt; x=y", "a/b;name=[my file=1.txt];x=[y]" },
	{ "a parameter without value is skipped", "a/b; flag; n=1", "a/b;n=[1]" },
	{ "empty parameters are skipped", "a/b;;; n=1;", "a/b;n=[1]" },
	{ "an empty value", "a/b; n=; m=\"\"", "a/b;n=[];m=[]" },
	{ "an open quote", "a/b; n=\"x", "a/b;n=[x]" },
	{ "RFC 2231 pieces stay apart", "a/b; n*0=x; n*1*=y", "a/b;n*0=[x];n*1*=[y]" },
	{ "no subtype", "text", "-" },
	{ "no type", "/plain", "-" },
	{ "nothing", "", "-" },
	{ "quoted", "\"text/plain\"", "-" },
};

static void check_types(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = { 0 };
		struct content_type type;
		struct buffer got = { 0 };

		if (content_type_parse(bytes_text(cases[i].value), &arena, &type))
			buffer_printf(&got, "%.*s/%.*s", BYTES_PRINT(type.type), BYTES_PRINT(type.subtype));
		else
			buffer_add_text(&got, "-");
		for (size_t k = 0; k < type.n_parameters; k++)
			buffer_printf(&got, ";%.*s=[%.*s]", BYTES_PRINT(type.parameters[k].name), BYTES_PRINT(type.parameters[k].value));
		CHECK_TEXT(got.at, cases[i].want, cases[i].claim);
		buffer_release(&got);
		arena_reset(&arena);
	}
}

static const struct name_case {
	const char *claim, *value, *want;
} names[] = {
	{ "plain", "attachment; filename=a.txt", "a.txt" },
	{ "RFC 2231 with charset", "attachment; filename*=iso-8859-1'en'caf%E9.txt", "caf\xc3\xa9.txt" },
	{ "RFC 2231 pieces in any order", "attachment; filename*1*=%A9.txt; filename*0*=utf-8''caf%C3", "caf\xc3\xa9.txt" },
	{ "RFC 2231 wins over the plain form", "attachment; filename=cafe.txt; filename*=utf-8''caf%C3%A9.txt", "caf\xc3\xa9.txt" },
	{ "a plain piece is not decoded", "attachment; filename*0*=utf-8''a%20; filename*1=%20b", "a %20b" },
	{ "RFC 2047 in a plain value", "attachment; filename=\"=?utf-8?q?caf=C3=A9?=\"", "caf\xc3\xa9" },
	{ "a missing first piece", "attachment; filename*1=b", NULL },
	{ "a gap ends the value", "attachment; filename*0=a; filename*2=c", "a" },
	{ "a huge piece number is no piece", "attachment; filename*0=a; filename*99999999999=c", "a" },
	{ "another name", "attachment; filenames=x", NULL },
	{ "bad percent signs stay", "attachment; filename*=utf-8''a%4%ZZ", "a%4%ZZ" },
	{ "no quotes: no charset", "attachment; filename*=a%20b", "a b" },
};

static void check_names(void)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct arena arena = { 0 };
		struct content_type d;
		struct buffer got = { 0 };

		buffer_reserve(&got, 1);
		CHECK_ROW(content_disposition_parse(bytes_text(names[i].value), &arena, &d), names[i].claim);
		bool found = content_parameter_decode(d.parameters, d.n_parameters, "filename", &got);
		CHECK_ROW(found == (names[i].want != NULL), names[i].claim);
		if (found)
			CHECK_TEXT(got.at, names[i].want, names[i].claim);
		buffer_release(&got);
		arena_reset(&arena);
	}
}

int main(void)
{
	struct arena arena = { 0 };
	struct content_type type;
	struct buffer many = { 0 };

	check_types();
	check_names();
	CHECK(bytes_equal(content_token(BYTES(" (x) base64 (y)")), BYTES("base64")));
	CHECK(content_token(BYTES("")).len == 0);
	buffer_add_text(&many, "a/b");
	for (int i = 0; i < 1000; i++)
		buffer_printf(&many, "; n%d=1", i);
	CHECK(content_type_parse(buffer_bytes(&many), &arena, &type) && type.n_parameters == CONTENT_PARAMETERS_MAX);
	buffer_release(&many);
	arena_reset(&arena);
	return check_finish();
}
