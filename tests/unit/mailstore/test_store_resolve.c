#include "tests/unit/mailstore/fixture.h"

static void alias(struct fixture *f, const char *address, const char *target)
{
	char *sql = xprintf("INSERT INTO alias(address, target) VALUES('%s', '%s')", address, target);

	ask(f, sql);
	free(sql);
}

/* targets: "address" for a user, "!address" for one made at delivery, ">address" for a remote one, "?address" for one that is gone. */
static const struct resolve_case {
	const char *address;
	enum error_kind kind;
	enum store_resolution resolution;
	const char *targets;
} cases[] = {
	{ "bob@a.test",             ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "BOB@A.Test",             ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "\"bob\"@a.test",         ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "\"b ob\"@a.test",        ERROR_NONE,   STORE_UNKNOWN_USER, "" },
	{ "bob+lists@a.test",       ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "bob+sales@a.test",       ERROR_NONE,   STORE_LOCAL,        "carol@a.test" },
	{ "nobody@a.test",          ERROR_NONE,   STORE_UNKNOWN_USER, "" },
	{ "nobody+x@a.test",        ERROR_NONE,   STORE_UNKNOWN_USER, "" },
	{ "bob@elsewhere.test",     ERROR_NONE,   STORE_FOREIGN,      "" },
	{ "bob",                    ERROR_SYNTAX, STORE_UNKNOWN_USER, "" },
	{ "@a.test",                ERROR_SYNTAX, STORE_UNKNOWN_USER, "" },
	{ "team@a.test",            ERROR_NONE,   STORE_LOCAL,        "bob@a.test carol@a.test" },
	{ "all@a.test",             ERROR_NONE,   STORE_LOCAL,        "bob@a.test >Ext@elsewhere.test carol@a.test" },
	{ "carol@a.test",           ERROR_NONE,   STORE_LOCAL,        "carol@a.test" },
	{ "dave@a.test",            ERROR_NONE,   STORE_LOCAL,        "dave@a.test >dave@elsewhere.test" },
	{ "round@a.test",           ERROR_NONE,   STORE_UNKNOWN_USER, "" },
	{ "dead@a.test",            ERROR_NONE,   STORE_UNKNOWN_USER, "" },
	{ "d1@a.test",              ERROR_LIMIT,  STORE_UNKNOWN_USER, "" },
	{ "d2@a.test",              ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "half@a.test",            ERROR_NONE,   STORE_LOCAL,        "bob@a.test ?gone@a.test ?lost@a.test" },
	{ "twice@a.test",           ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "erin@a.test",            ERROR_NONE,   STORE_LOCAL,        "?erin@a.test bob@a.test" },
	{ "anyone@whole.test",      ERROR_NONE,   STORE_LOCAL,        "carol@a.test" },
	{ "Any+tag@whole.test",     ERROR_NONE,   STORE_LOCAL,        "carol@a.test" },
	{ "fred@whole.test",        ERROR_NONE,   STORE_LOCAL,        "fred@whole.test" },
	{ "fred+x@whole.test",      ERROR_NONE,   STORE_LOCAL,        "fred@whole.test" },
	{ "abuse@whole.test",       ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "both@whole.test",        ERROR_NONE,   STORE_LOCAL,        "carol@a.test" },
	{ "x@circle.test",          ERROR_NONE,   STORE_UNKNOWN_USER, "" },
	{ "many@a.test",            ERROR_LIMIT,  STORE_UNKNOWN_USER, "" },
	{ "anyone@catch.test",      ERROR_NONE,   STORE_LOCAL,        "!anyone@catch.test" },
	{ "Any+tag@catch.test",     ERROR_NONE,   STORE_LOCAL,        "!any@catch.test" },
	{ "postmaster",             ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "PostMaster@a.test",      ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "abuse@catch.test",       ERROR_NONE,   STORE_LOCAL,        "bob@a.test" },
	{ "postmaster@elsewhere.test", ERROR_NONE, STORE_FOREIGN,     "" },
};

static void targets_text(char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < answer.n && i < ANSWER_MAX; i++) {
		int64_t id = answer.targets[i].user_id;
		size_t len = strlen(text);
		snprintf(text + len, size - len, "%s%s%s", i > 0 ? " " : "", id == 0 ? ">" : id == STORE_USER_NEW ? "!" : id == STORE_USER_GONE ? "?" : "", answer.names[i]);
	}
}

static void addresses_resolve(struct fixture *f)
{
	char text[4096];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct resolve_case *c = &cases[i];
		CHECK_ROW(resolve(f, c->address) == c->kind, c->address);
		CHECK_ROW(answer.resolution == c->resolution, c->address);
		targets_text(text, sizeof text);
		CHECK_TEXT(text, c->targets, c->address);
	}
}

static void set_up(struct fixture *f)
{
	char from[32], to[32];

	answer_clear();
	store_domain_add(f->client, BYTES("catch.test"), true, on_done, f);
	wait_for(f);
	add_user(f, "bob@a.test");
	add_user(f, "carol@a.test");
	add_user(f, "dave@a.test");
	alias(f, "bob+sales@a.test", "carol@a.test");
	alias(f, "team@a.test", "bob@a.test");
	alias(f, "team@a.test", "Carol@a.test");
	alias(f, "all@a.test", "team@a.test");
	alias(f, "all@a.test", "bob@a.test");
	alias(f, "all@a.test", "Ext@elsewhere.test");
	alias(f, "dave@a.test", "Dave@a.test");
	alias(f, "dave@a.test", "dave@elsewhere.test");
	alias(f, "round@a.test", "square@a.test");
	alias(f, "square@a.test", "round@a.test");
	alias(f, "dead@a.test", "gone@a.test");
	alias(f, "half@a.test", "bob@a.test");
	alias(f, "half@a.test", "gone@a.test");
	alias(f, "half@a.test", "lost@a.test");
	alias(f, "twice@a.test", "bob@a.test");
	alias(f, "twice@a.test", "bob+tag@a.test");
	alias(f, "erin@a.test", "erin@a.test");
	alias(f, "erin@a.test", "team1@a.test");
	alias(f, "team1@a.test", "bob@a.test");
	store_domain_add(f->client, BYTES("whole.test"), false, on_done, f);
	store_domain_add(f->client, BYTES("circle.test"), false, on_done, f);
	wait_for(f);
	add_user(f, "fred@whole.test");
	alias(f, "@whole.test", "carol@a.test");
	alias(f, "both@whole.test", "one@whole.test");
	alias(f, "both@whole.test", "two@whole.test");
	alias(f, "@circle.test", "y@circle.test");
	for (int i = 1; i <= 11; i++) {
		snprintf(from, sizeof from, "d%d@a.test", i);
		snprintf(to, sizeof to, "d%d@a.test", i + 1);
		alias(f, from, i == 11 ? "bob@a.test" : to);
	}
	ask(f, "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 10001) "
	       "INSERT INTO alias(address, target) SELECT 'many@a.test', 'x' || i || '@elsewhere.test' FROM n");
}

static void postmaster_is_a_mailbox_of_its_own_before_there_are_users(struct fixture *f)
{
	CHECK(resolve(f, "postmaster") == ERROR_NONE && answer.resolution == STORE_LOCAL);
	CHECK(answer.n == 1 && answer.targets[0].user_id == STORE_USER_NEW);
	CHECK_TEXT(answer.names[0], "postmaster@a.test", "the first domain's");
	struct store_recipient recipient = { .user_id = STORE_USER_NEW, .address = "postmaster@a.test" };
	struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);
	CHECK(deliver(f, &delivery) == ERROR_NONE && answer.results[0].kind == ERROR_NONE);
	CHECK(get_user(f, "postmaster@a.test") == ERROR_NONE && answer.user.n_messages == 1);
	CHECK(resolve(f, "postmaster@a.test") == ERROR_NONE && answer.n == 1 && answer.targets[0].user_id > 0);
}

static void an_administrator_can_adopt_a_mailbox_made_by_mail(struct fixture *f)
{
	struct store_recipient recipient = { .user_id = STORE_USER_NEW, .address = "new@catch.test" };
	struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);

	CHECK(deliver(f, &delivery) == ERROR_NONE);
	recipient.address = "New+tag@catch.test";
	delivery = a_delivery(f, 100, &recipient, 1);
	CHECK_ROW(deliver(f, &delivery) == ERROR_NONE, "under its tag it is the same mailbox");
	CHECK(add_user(f, "new@catch.test") > 0 && answer.user.n_messages == 2);
	add_user(f, "new@catch.test");
	CHECK(answer.error.kind == ERROR_EXISTS);
}

static void the_configured_postmaster_comes_first(void)
{
	struct fixture f = { .options = { .postmaster = "carol@a.test" } };

	fixture_start(&f, "postmaster");
	add_user(&f, "bob@a.test");
	int64_t carol = add_user(&f, "carol@a.test");
	CHECK(resolve(&f, "abuse@a.test") == ERROR_NONE && answer.n == 1 && answer.targets[0].user_id == carol);
	ask(&f, "UPDATE user SET state = 1 WHERE name = 'carol@a.test'");
	CHECK_ROW(resolve(&f, "abuse@a.test") == ERROR_NONE && answer.n == 1 && answer.targets[0].user_id == STORE_USER_NEW, "one who takes no mail is none");
	ask(&f, "DELETE FROM user WHERE name = 'carol@a.test'");
	CHECK_ROW(resolve(&f, "postmaster") == ERROR_NONE && answer.n == 1 && answer.targets[0].user_id == STORE_USER_NEW, "one who is gone is none");
	fixture_close(&f);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "resolve");
	postmaster_is_a_mailbox_of_its_own_before_there_are_users(&f);
	set_up(&f);
	addresses_resolve(&f);
	an_administrator_can_adopt_a_mailbox_made_by_mail(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	the_configured_postmaster_comes_first();
	return check_finish();
}
