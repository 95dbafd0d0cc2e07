#include "tests/unit/mailstore/fixture.h"

static struct store_domain domains[8];

static void on_domains(void *owner, const struct error *err, const struct store_domain *found, size_t n)
{
	on_done(owner, err);
	answer.n = n;
	for (size_t i = 0; i < n && i < 8; i++) {
		domains[i] = found[i];
		snprintf(answer.names[i], sizeof answer.names[i], "%s", found[i].name);
	}
}

static enum error_kind add(struct fixture *f, const char *domain, bool catch_all)
{
	answer_clear();
	store_domain_add(f->client, bytes_text(domain), catch_all, on_done, f);
	return wait_for(f);
}

static enum error_kind delete(struct fixture *f, const char *domain)
{
	answer_clear();
	store_domain_delete(f->client, bytes_text(domain), on_done, f);
	return wait_for(f);
}

static void domains_are_listed_with_what_lives_there(struct fixture *f)
{
	answer_clear();
	store_domain_list(f->client, on_domains, f);
	CHECK(wait_for(f) == ERROR_NONE && answer.n == 3);
	CHECK_TEXT(answer.names[0], "a.test", "by name");
	CHECK(domains[0].n_users == 2 && domains[0].n_aliases == 2 && !domains[0].catch_all);
	CHECK_TEXT(answer.names[1], "aa.test", "a domain that ends like another");
	CHECK(domains[1].n_users == 0 && domains[1].n_aliases == 1 && domains[1].catch_all);
	CHECK(domains[2].n_users == 0 && domains[2].n_aliases == 0);
}

static void a_domain_in_use_stays(struct fixture *f)
{
	CHECK(delete(f, "A.test") == ERROR_EXISTS);
	CHECK_TEXT(answer.error.text, "a.test still has 2 users, and 3 aliases in it or to it: delete them first", "it says how many");
	CHECK(delete(f, "aa.test") == ERROR_EXISTS);
	CHECK_TEXT(answer.error.text, "aa.test still has 0 users, and 1 alias in it or to it: delete them first", "aliases alone");
	CHECK(delete(f, "B.test") == ERROR_NONE && delete(f, "b.test") == ERROR_NOT_FOUND);
	CHECK(resolve(f, "x@b.test") == ERROR_NONE && answer.resolution == STORE_FOREIGN);
	CHECK(delete(f, "no domain") == ERROR_SYNTAX);
}

static void it_catches_all_or_not(struct fixture *f)
{
	static const struct { bool catch_all; enum store_resolution resolution; } rows[] = { { false, STORE_UNKNOWN_USER }, { true, STORE_LOCAL } };

	for (size_t i = 0; i < 2; i++) {
		answer_clear();
		store_domain_set(f->client, BYTES("AA.test"), rows[i].catch_all, on_done, f);
		CHECK(wait_for(f) == ERROR_NONE);
		CHECK(resolve(f, "x@aa.test") == ERROR_NONE && answer.resolution == rows[i].resolution);
	}
	answer_clear();
	store_domain_set(f->client, BYTES("x.test"), true, on_done, f);
	CHECK(wait_for(f) == ERROR_NOT_FOUND);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "domain");
	CHECK(add(&f, "aa.test", true) == ERROR_NONE && add(&f, "b.test", false) == ERROR_NONE);
	add_user(&f, "bob@a.test");
	add_user(&f, "carol@a.test");
	ask(&f, "INSERT INTO alias(address, target) VALUES('team@a.test', 'bob@a.test'), ('team@a.test', 'carol@a.test'), "
	        "('ext@a.test', 'x@x.test'), ('bob@aa.test', 'bob@a.test')");
	domains_are_listed_with_what_lives_there(&f);
	a_domain_in_use_stays(&f);
	it_catches_all_or_not(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
