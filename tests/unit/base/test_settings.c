#include "base/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "tests/support/check.h"

struct listener {
	const char *address;
	int tls;
	int64_t line;
};

struct example {
	const char *hostname, *data_dir;
	struct settings_texts domains, exempt;
	struct settings_list listen;
	struct {
		const char *certificate;
		int min_version;
	} tls;
	struct {
		uint64_t message_size;
		int64_t recipients;
		bool strict;
	} limits;
	int64_t lifetime_s;
};

static const char *const tls_choices[] = { "none", "starttls", "implicit", NULL };
static const char *const version_choices[] = { "1.2", "1.3", NULL };

static const struct settings_row listen_rows[] = {
	{ .name = "address", .type = SETTINGS_TEXT, .offset = offsetof(struct listener, address), .flags = SETTINGS_REQUIRED },
	{ .name = "tls", .type = SETTINGS_CHOICE, .offset = offsetof(struct listener, tls), .value = "none", .choices = tls_choices },
	{ .name = "line", .type = SETTINGS_INT, .offset = offsetof(struct listener, line), .flags = SETTINGS_LINE },
	{ 0 },
};
static const struct settings_row tls_rows[] = {
	{ .name = "certificate", .type = SETTINGS_PATH, .offset = offsetof(struct example, tls.certificate) - offsetof(struct example, tls),
	  .flags = SETTINGS_REQUIRED },
	{ .name = "min_version", .type = SETTINGS_CHOICE, .offset = offsetof(struct example, tls.min_version) - offsetof(struct example, tls),
	  .value = "1.3", .choices = version_choices },
	{ 0 },
};
#define LIMIT(field) offsetof(struct example, limits.field) - offsetof(struct example, limits)
static const struct settings_row limits_rows[] = {
	{ .name = "message_size", .type = SETTINGS_SIZE, .offset = LIMIT(message_size), .value = "50M", .min = 1024, .max = INT64_C(1) << 40 },
	{ .name = "recipients", .type = SETTINGS_INT, .offset = LIMIT(recipients), .value = "1000", .min = 100, .max = 100000 },
	{ .name = "strict", .type = SETTINGS_BOOL, .offset = LIMIT(strict), .value = "true" },
	{ .name = "greylist", .type = SETTINGS_BOOL, .flags = SETTINGS_NOT_BUILT },
	{ 0 },
};
static const struct settings_row rows[] = {
	{ .name = "hostname", .type = SETTINGS_TEXT, .offset = offsetof(struct example, hostname), .flags = SETTINGS_REQUIRED },
	{ .name = "data_dir", .type = SETTINGS_PATH, .offset = offsetof(struct example, data_dir), .value = "\"data\"" },
	{ .name = "domains", .type = SETTINGS_TEXTS, .offset = offsetof(struct example, domains), .min = 1, .max = 3 },
	{ .name = "exempt", .type = SETTINGS_TEXTS, .offset = offsetof(struct example, exempt), .value = "[ \"127.0.0.0/8\", \"::1\" ]" },
	{ .name = "listen", .type = SETTINGS_LIST, .offset = offsetof(struct example, listen), .rows = listen_rows,
	  .item_size = sizeof(struct listener), .max = 4 },
	{ .name = "tls", .type = SETTINGS_GROUP, .offset = offsetof(struct example, tls), .rows = tls_rows },
	{ .name = "limits", .type = SETTINGS_GROUP, .offset = offsetof(struct example, limits), .rows = limits_rows },
	{ .name = "lifetime", .type = SETTINGS_DURATION, .offset = offsetof(struct example, lifetime_s), .value = "5d" },
	{ 0 },
};

#define HOST "hostname = \"mx.a.test\";\n"

static const struct refused_row {
	const char *claim, *text, *error;
} refused[] = {
	{ "a key that is missing", "domains = [ \"a.test\" ];", "p.conf:1: hostname: missing" },
	{ "a wrong choice", HOST "listen = (\n { address = \"a\"; },\n { address = \"b\";\n  tls = \"startls\"; } );",
	  "p.conf:5: listen[1].tls: \"startls\" is not one of none, starttls, implicit; did you mean \"starttls\"" },
	{ "a choice far off", HOST "listen = ( { address = \"a\"; tls = \"yes\"; } );",
	  "p.conf:2: listen[0].tls: \"yes\" is not one of none, starttls, implicit" },
	{ "a choice that is no text", HOST "listen = ( { address = \"a\"; tls = 1; } );",
	  "p.conf:2: listen[0].tls: must be text in quotes, one of none, starttls, implicit" },
	{ "an unknown key", HOST "\ndomain = [];", "p.conf:3: domain: unknown key; did you mean \"domains\"" },
	{ "an unknown key far off", HOST "colour = 1;", "p.conf:2: colour: unknown key" },
	{ "an unknown key inside", HOST "limits = { message_sise = 5; };",
	  "p.conf:2: limits.message_sise: unknown key; did you mean \"message_size\"" },
	{ "a key that is no key", HOST "listen = ( { address = \"a\"; line = 5; } );", "p.conf:2: listen[0].line: unknown key" },
	{ "a feature to come", HOST "limits = { greylist = true; };",
	  "p.conf:2: limits.greylist: this key is known, but what it sets is not built yet" },
	{ "twice the same key", HOST HOST, "p.conf:2: duplicate setting name" },
	{ "no syntax", HOST "domains = = 5;", "p.conf:2: syntax error" },
	{ "a number for a text", "hostname = 5;", "p.conf:1: hostname: must be text in quotes" },
	{ "a text for a group", HOST "limits = \"none\";", "p.conf:2: limits: must be a group: { \xe2\x80\xa6 }" },
	{ "a group for a list", HOST "listen = { };", "p.conf:2: listen: must be a list of groups: ( { \xe2\x80\xa6 }, { \xe2\x80\xa6 } )" },
	{ "a number in a list", HOST "listen = ( 5 );", "p.conf:2: listen[0]: must be a group: { \xe2\x80\xa6 }" },
	{ "a text for texts", HOST "domains = \"a.test\";", "p.conf:2: domains: must be an array of texts: [ \"one\", \"two\" ]" },
	{ "numbers for texts", HOST "domains = [ 1, 2 ];", "p.conf:2: domains: must be an array of texts: [ \"one\", \"two\" ]" },
	{ "too few texts", HOST "domains = [ ];", "p.conf:2: domains: has 0 entries, not between 1 and 3" },
	{ "too long a list", HOST "listen = ( {}, {}, {}, {}, {} );", "p.conf:2: listen: has 5 entries, not between 0 and 4" },
	{ "an item that lacks a key", HOST "listen = ( { tls = \"none\"; } );", "p.conf:2: listen[0].address: missing" },
	{ "a group that lacks a key", HOST "tls = { };", "p.conf:2: tls.certificate: missing" },
	{ "a number too small", HOST "limits = { recipients = 99; };", "p.conf:2: limits.recipients: 99 is not between 100 and 100000" },
	{ "a size too small", HOST "limits = { message_size = \"1\"; };",
	  "p.conf:2: limits.message_size: \"1\" is not between \"1K\" and \"1024G\"" },
	{ "a size with a wrong suffix", HOST "limits = { message_size = \"5X\"; };",
	  "p.conf:2: limits.message_size: \"5X\" is not a size such as \"64K\", \"50M\" or \"1G\"" },
	{ "a time with a wrong suffix", HOST "lifetime = \"5w\";",
	  "p.conf:2: lifetime: \"5w\" is not a time such as \"30s\", \"15m\", \"4h\" or \"5d\"" },
	{ "a time below zero", HOST "lifetime = -5;", "p.conf:2: lifetime: -5 is below zero" },
	{ "a text for a number", HOST "limits = { recipients = \"many\"; };", "p.conf:2: limits.recipients: must be a whole number" },
	{ "a fraction for a number", HOST "limits = { recipients = 1.5; };", "p.conf:2: limits.recipients: must be a whole number" },
	{ "a number for a boolean", HOST "limits = { strict = 1; };", "p.conf:2: limits.strict: must be true or false" },
	{ "a number cut to 32 bits", HOST "limits = { message_size = 5000000000; };",
	  "p.conf:2: 5000000000 is too large for a plain number: write it in quotes" },
};

static void check_refusals(void)
{
	struct arena arena = { 0 };
	struct example e;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct error err = { 0 };
		CHECK_ROW(!settings_load_text(refused[i].text, "p.conf", rows, &e, sizeof e, &arena, &err), refused[i].claim);
		CHECK_TEXT(err.text, refused[i].error, refused[i].claim);
		CHECK_ROW(err.kind == ERROR_SYNTAX, refused[i].claim);
	}
	arena_reset(&arena);
}

static void check_defaults(void)
{
	struct arena arena = { 0 };
	struct error err = { 0 };
	struct example e;

	CHECK_ROW(settings_load_text(HOST, "/etc/posta/p.conf", rows, &e, sizeof e, &arena, &err), err.text);
	CHECK_TEXT(e.hostname, "mx.a.test", "what the file says");
	CHECK_TEXT(e.data_dir, "/etc/posta/data", "a default path lies beside the file");
	CHECK(e.domains.n == 0 && e.exempt.n == 2 && strcmp(e.exempt.at[1], "::1") == 0);
	CHECK(e.listen.n == 0 && e.tls.certificate == NULL && e.tls.min_version == 1);
	CHECK(e.limits.message_size == 50 << 20 && e.limits.recipients == 1000 && e.limits.strict && e.lifetime_s == 432000);
	arena_reset(&arena);
}

#define FULL \
	HOST "data_dir = \"/srv/a \\\"b\\\"\";\ndomains = [ \"a.test\", \"b.test\" ];\nexempt = [ ];\n" \
	"listen = (\n  { address = \"127.0.0.1:0\"; tls = \"starttls\"; },\n  { address = \"unix:run/lmtp\"; }\n);\n" \
	"tls = { certificate = \"tls/cert.pem\"; };\n" \
	"limits = { message_size = 2048; recipients = 100; strict = false; };\nlifetime = \"90m\";\n"

static void check_example(const struct example *e)
{
	const struct listener *listeners = e->listen.at;

	CHECK_TEXT(e->data_dir, "/srv/a \"b\"", "an absolute path stays");
	CHECK(e->domains.n == 2 && e->exempt.n == 0);
	CHECK(e->listen.n == 2 && listeners[0].tls == 1 && listeners[1].tls == 0);
	CHECK_TEXT(listeners[1].address, "unix:run/lmtp", "a text is not a path");
	CHECK(e->limits.message_size == 2048 && e->limits.recipients == 100 && !e->limits.strict && e->lifetime_s == 5400);
}

/* What settings_format writes is read back as the same values. */
static void check_format(void)
{
	struct arena arena = { 0 };
	struct error err = { 0 };
	struct buffer once = { 0 }, twice = { 0 };
	struct example e;

	CHECK_ROW(settings_load_text(FULL, "/etc/posta/p.conf", rows, &e, sizeof e, &arena, &err), err.text);
	check_example(&e);
	CHECK(((struct listener *)e.listen.at)[0].line == 6 && ((struct listener *)e.listen.at)[1].line == 7);
	CHECK_TEXT(e.tls.certificate, "/etc/posta/tls/cert.pem", "a relative path lies beside the file");
	settings_format(rows, &e, &once);
	CHECK_ROW(settings_load_text(once.at, "elsewhere.conf", rows, &e, sizeof e, &arena, &err), err.text);
	check_example(&e);
	settings_format(rows, &e, &twice);
	CHECK_TEXT(twice.at, once.at, "the second form is the first");

	buffer_clear(&once);
	CHECK_ROW(settings_load_text(HOST, "p.conf", rows, &e, sizeof e, &arena, &err), err.text);
	settings_format(rows, &e, &once);
	CHECK_ROW(strstr(once.at, "tls = {") == NULL, "a group that nobody wrote is left out");
	CHECK_ROW(settings_load_text(once.at, "p.conf", rows, &e, sizeof e, &arena, &err), err.text);
	buffer_release(&once);
	buffer_release(&twice);
	arena_reset(&arena);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static void check_files(void)
{
	char path[300], inner[300], want[400];
	struct arena arena = { 0 };
	struct error err = { 0 };
	struct example e;

	snprintf(path, sizeof path, "%s/posta.conf", check_folder());
	snprintf(inner, sizeof inner, "%s/inner.conf", check_folder());
	write_file(path, HOST "@include \"inner.conf\"\nlifetime = \"1h\";\n");
	write_file(inner, "data_dir = \"store\";\n");
	CHECK_ROW(settings_load(path, rows, &e, sizeof e, &arena, &err), err.text);
	snprintf(want, sizeof want, "%s/store", check_folder());
	CHECK_TEXT(e.data_dir, want, "a path in an included file lies beside the main file");
	CHECK(e.lifetime_s == 3600);

	char *text = settings_flatten(path, &err);
	CHECK_ROW(text != NULL && settings_load_text(text, path, rows, &e, sizeof e, &arena, &err), err.text);
	CHECK(e.lifetime_s == 3600);
	CHECK_TEXT(e.data_dir, want, "the flat text means the same");
	free(text);

	write_file(inner, "\n\ndata_dir = 5;\n");
	CHECK(!settings_load(path, rows, &e, sizeof e, &arena, &err));
	snprintf(want, sizeof want, "%s:3: data_dir: must be text in quotes", inner);
	CHECK_TEXT(err.text, want, "a fault in an included file is named there");
	write_file(inner, "data_dir = = 5;\n");
	CHECK(!settings_load(path, rows, &e, sizeof e, &arena, &err));
	snprintf(want, sizeof want, "%s:1: syntax error", inner);
	CHECK_TEXT(err.text, want, "a syntax error in an included file is named there");
	write_file(path, HOST "lifetime = \"1x\";\n@include \"inner.conf\"\n");
	CHECK(!settings_load("/nonexistent/posta.conf", rows, &e, sizeof e, &arena, &err) && err.kind == ERROR_SYSTEM);
	CHECK_TEXT(err.text, "/nonexistent/posta.conf: No such file or directory", "no file");
	CHECK(settings_flatten("/nonexistent/posta.conf", &err) == NULL);
	arena_reset(&arena);
}

int main(void)
{
	check_refusals();
	check_defaults();
	check_format();
	check_files();
	return check_finish();
}
