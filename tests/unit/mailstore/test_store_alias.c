#include "tests/unit/mailstore/fixture.h"

static void on_aliases(void *owner, const struct error *err, const struct store_alias *aliases, size_t n)
{
	on_done(owner, err);
	answer.n = n;
	for (size_t i = 0; i < n && i < ANSWER_MAX; i++)
		snprintf(answer.names[i], sizeof answer.names[i], "%s>%s", aliases[i].address, aliases[i].target);
}

static enum error_kind add(struct fixture *f, const char *address, const char *first, const char *second, bool is_forced)
{
	struct bytes targets[] = { bytes_text(first), bytes_text(second != NULL ? second : "") };

	answer_clear();
	store_alias_add(f->client, bytes_text(address), targets, second != NULL ? 2 : 1, is_forced, on_done, f);
	return wait_for(f);
}

static enum error_kind list(struct fixture *f, const char *domain)
{
	answer_clear();
	store_alias_list(f->client, bytes_text(domain), on_aliases, f);
	return wait_for(f);
}

static enum error_kind delete(struct fixture *f, const char *address, const char *target)
{
	answer_clear();
	store_alias_delete(f->client, bytes_text(address), bytes_text(target), on_done, f);
	return wait_for(f);
}

static const struct add_case {
	const char *claim, *address, *first, *second;
	bool is_forced;
	enum error_kind kind;
} adds[] = {
	{ "a list", "Team@A.test", "bob@a.test", "Ext@x.test", false, ERROR_NONE },
	{ "one more target", "team@a.test", "carol@a.test", NULL, false, ERROR_NONE },
	{ "a target once", "team@a.test", "BOB@a.test", NULL, false, ERROR_EXISTS },
	{ "of an address elsewhere too", "team@a.test", "ext@x.test", NULL, false, ERROR_EXISTS },
	{ "all of them or none", "half@a.test", "bob@a.test", "nobody@a.test", false, ERROR_NOT_FOUND },
	{ "an alias of an alias", "all@a.test", "team@a.test", NULL, false, ERROR_NONE },
	{ "a target with a tag", "tagged@a.test", "bob+lists@a.test", NULL, false, ERROR_NONE },
	{ "a role", "boss@a.test", "postmaster@a.test", NULL, false, ERROR_NONE },
	{ "nobody of ours", "lost@a.test", "nobody@a.test", NULL, false, ERROR_NOT_FOUND },
	{ "nobody of ours, by force", "lost@a.test", "nobody@a.test", NULL, true, ERROR_NONE },
	{ "a domain that catches all", "caught@a.test", "anyone@catch.test", NULL, false, ERROR_NONE },
	{ "a whole domain", "@b.test", "bob@a.test", NULL, false, ERROR_NONE },
	{ "whoever is caught by it", "through@a.test", "anyone@b.test", NULL, false, ERROR_NONE },
	{ "not our domain", "team@x.test", "bob@a.test", NULL, true, ERROR_NOT_FOUND },
	{ "not our whole domain", "@x.test", "bob@a.test", NULL, true, ERROR_NOT_FOUND },
	{ "no address", "team", "bob@a.test", NULL, false, ERROR_SYNTAX },
	{ "two at signs are no domain", "@x@a.test", "bob@a.test", NULL, true, ERROR_SYNTAX },
	{ "an address nobody can write to", "j\xc3\xbcrgen@a.test", "bob@a.test", NULL, true, ERROR_SYNTAX },
	{ "a target nobody can write to", "evil@a.test", "bob@m\xc3\xbcnchen.test", NULL, true, ERROR_SYNTAX },
	{ "no target", "empty@a.test", "", NULL, true, ERROR_SYNTAX },
	{ "a target is one person", "wide@a.test", "@x.test", NULL, true, ERROR_SYNTAX },
	{ "a target in a path of its own", "evil@a.test", "x@y.test>", NULL, true, ERROR_SYNTAX },
	{ "a target with a parameter", "evil@a.test", "x@y.test> BODY=8BITMIME", NULL, true, ERROR_SYNTAX },
	{ "a target with a line", "evil@a.test", "x@y.test\r\nRSET", NULL, true, ERROR_SYNTAX },
	{ "a local part with an angle", "evil@a.test", "a>b@y.test", NULL, true, ERROR_SYNTAX },
	{ "a local part that ends its quotes early", "evil@a.test", "\"a\" NOTIFY=NEVER \"b\"@y.test", NULL, true, ERROR_SYNTAX },
	{ "a quoted local part", "quoted@a.test", "\"a b\"@y.test", NULL, false, ERROR_NONE },
};

static void aliases_are_added_when_they_lead_somewhere(struct fixture *f)
{
	for (size_t i = 0; i < sizeof adds / sizeof *adds; i++)
		CHECK_ROW(add(f, adds[i].address, adds[i].first, adds[i].second, adds[i].is_forced) == adds[i].kind, adds[i].claim);
	CHECK_ROW(resolve(f, "half@a.test") == ERROR_NONE && answer.resolution == STORE_UNKNOWN_USER, "nothing of a refused add stays");
}

static void they_are_listed_in_order(struct fixture *f)
{
	CHECK(list(f, "") == ERROR_NONE && answer.n == 11);
	CHECK_TEXT(answer.names[0], "@b.test>bob@a.test", "by address");
	CHECK(list(f, "B.test") == ERROR_NONE && answer.n == 1);
	CHECK(list(f, "test") == ERROR_NONE && answer.n == 0);
	CHECK(list(f, "a.test") == ERROR_NONE && answer.n == 10);
	CHECK_TEXT(answer.names[6], "team@a.test>bob@a.test", "then by target");
	CHECK_TEXT(answer.names[8], "team@a.test>Ext@x.test", "which keeps its case elsewhere");
}

static void more_than_a_batch_is_listed_whole(struct fixture *f)
{
	ask(f, "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
	       "INSERT INTO alias(address, target) SELECT 'many@catch.test', 'x' || i || '@elsewhere.test' FROM n");
	CHECK(list(f, "catch.test") == ERROR_NONE && answer.n == 10000);
	CHECK_ROW(add(f, "many@catch.test", "one@more.test", NULL, false) == ERROR_LIMIT, "10,000 targets are enough");
	CHECK(resolve(f, "many@catch.test") == ERROR_NONE && answer.n == 10000);
	CHECK(delete(f, "Many@catch.test", "") == ERROR_NONE);
	CHECK(list(f, "catch.test") == ERROR_NONE && answer.n == 0);
}

static void they_are_deleted_one_or_all(struct fixture *f)
{
	CHECK(delete(f, "team@a.test", "CAROL@a.test") == ERROR_NONE);
	CHECK(delete(f, "team@a.test", "carol@a.test") == ERROR_NOT_FOUND);
	CHECK(resolve(f, "team@a.test") == ERROR_NONE && answer.n == 2);
	CHECK(delete(f, "Team@a.test", "") == ERROR_NONE && delete(f, "team@a.test", "") == ERROR_NOT_FOUND);
	CHECK(resolve(f, "team@a.test") == ERROR_NONE && answer.resolution == STORE_UNKNOWN_USER);
	CHECK(delete(f, "nothing", "") == ERROR_SYNTAX);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "alias");
	store_domain_add(f.client, BYTES("catch.test"), true, on_done, &f);
	store_domain_add(f.client, BYTES("b.test"), false, on_done, &f);
	wait_for(&f);
	add_user(&f, "bob@a.test");
	add_user(&f, "carol@a.test");
	aliases_are_added_when_they_lead_somewhere(&f);
	they_are_listed_in_order(&f);
	more_than_a_batch_is_listed_whole(&f);
	they_are_deleted_one_or_all(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
