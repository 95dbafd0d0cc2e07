#include "netcore/net_place.h"

#include "tests/unit/netcore/rig.h"

#define LABEL "a23456789012345678901234567890123456789012345678901234567890."

static const struct place_case {
	const char *text, *formatted;           /* formatted NULL: refused */
	bool is_name;
} place_cases[] = {
	{ "127.0.0.1:25",           "127.0.0.1:25",          false },
	{ "[2001:DB8::1]:25",       "[2001:db8::1]:25",      false },
	{ "unix:/run/posta/lmtp",   "unix:/run/posta/lmtp",  false },
	{ "localhost:25",           "localhost:25",          true },
	{ "Mail.Example.:25",       "Mail.Example.:25",      true },
	{ "_x.3com-4.test:0",       "_x.3com-4.test:0",      true },
	{ LABEL LABEL LABEL "test:65535", LABEL LABEL LABEL "test:65535", true },
	{ LABEL LABEL LABEL LABEL "test:25", NULL,           false },
	{ "localhost",              NULL,                    false },
	{ "localhost:",             NULL,                    false },
	{ "localhost:65536",        NULL,                    false },
	{ ":25",                    NULL,                    false },
	{ "",                       NULL,                    false },
	{ "127.1:25",               NULL,                    false },
	{ "127.0.0.1.1:25",         NULL,                    false },
	{ "-x.test:25",             NULL,                    false },
	{ "a b:25",                 NULL,                    false },
	{ "caf\xc3\xa9:25",         NULL,                    false },
	{ "[localhost]:25",         NULL,                    false },
	{ "unix:",                  NULL,                    false },
};

static void places_are_read_and_written(void)
{
	for (size_t i = 0; i < sizeof place_cases / sizeof *place_cases; i++) {
		const struct place_case *c = &place_cases[i];
		struct net_place place, again;
		struct error err = { 0 };
		char text[NET_PLACE_TEXT];
		bool ok = net_place_parse(c->text, &place, &err);
		CHECK_ROW(ok == (c->formatted != NULL), c->text);
		CHECK_ROW(ok || (err.kind != ERROR_NONE && err.text[0]), c->text);
		if (!ok)
			continue;
		CHECK_ROW(net_place_is_name(&place) == c->is_name, c->text);
		CHECK_TEXT(net_place_format(&place, text), c->formatted, c->text);
		CHECK_ROW(net_place_parse(text, &again, &err) && net_place_equal(&place, &again), c->text);
	}
}

static void names_are_equal_in_any_case(void)
{
	static const struct { const char *a, *b; bool equal; } rows[] = {
		{ "localhost:25", "LocalHost:25", true }, { "localhost:25", "localhost:26", false },
		{ "localhost:25", "127.0.0.1:25", false }, { "[::ffff:10.0.0.1]:25", "10.0.0.1:25", false },
		{ "10.0.0.1:25", "10.0.0.1:25", true }, { "10.0.0.1:25", "10.0.0.1:26", false }, { "a.test:1", "a.test.:1", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net_place a, b;
		CHECK(net_place_parse(rows[i].a, &a, NULL) && net_place_parse(rows[i].b, &b, NULL));
		CHECK_ROW(net_place_equal(&a, &b) == rows[i].equal, rows[i].b);
	}
}

int main(void)
{
	places_are_read_and_written();
	names_are_equal_in_any_case();
	return check_finish();
}
