/* What is kept, for how long, and what goes when there is no room. */
#include <stdio.h>

#include "netcore/net_dns_cache.h"
#include "tests/support/check.h"

static struct net_dns_question question(const char *name, unsigned type)
{
	struct net_dns_question q = { .type = (uint16_t)type, .class = NET_DNS_IN };

	net_dns_name_parse(name, &q.name, NULL);
	return q;
}

#define SOA_DATA "\2ns\0\1h\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\24"         /* minimum 20 */

/* An answer with an A record of that TTL (0: none), and a SOA of that TTL (0: none). */
static struct buffer answer(const struct net_dns_question *q, unsigned flags, uint32_t ttl, uint32_t soa_ttl)
{
	struct net_dns_record a = { .name = q->name, .type = NET_DNS_A, .class = NET_DNS_IN, .ttl = ttl, .data = BYTES("\300\0\2\1") };
	struct net_dns_record soa = { .name = q->name, .type = NET_DNS_SOA, .class = NET_DNS_IN, .ttl = soa_ttl, .data = BYTES(SOA_DATA) };
	struct buffer out = { 0 };
	struct net_dns_writer w;

	net_dns_write_begin(&w, &out, 512, 9, (uint16_t)(NET_DNS_RESPONSE | flags));
	net_dns_write_question(&w, &q->name, q->type, q->class);
	if (ttl > 0)
		net_dns_write_record(&w, NET_DNS_ANSWER, &a);
	if (soa_ttl > 0)
		net_dns_write_record(&w, NET_DNS_AUTHORITY, &soa);
	net_dns_write_end(&w);
	return out;
}

static uint32_t put(struct net_dns_cache *c, const struct net_dns_question *q, struct buffer octets, int64_t now_ms)
{
	struct net_dns_message m;

	CHECK(net_dns_message_parse(buffer_bytes(&octets), &m) == NET_DNS_OK);
	uint32_t kept = net_dns_cache_put(c, q, false, buffer_bytes(&octets), &m, now_ms);
	net_dns_message_release(&m);
	buffer_release(&octets);
	return kept;
}

/* The TTL of the first record, -1 when nothing is kept. */
static int64_t ttl_left(struct net_dns_cache *c, const struct net_dns_question *q, int64_t now_ms)
{
	struct net_dns_message m;

	if (!net_dns_cache_get(c, q, false, now_ms, &m))
		return -1;
	int64_t ttl = m.n_records > 0 ? m.records[0].ttl : 0;
	net_dns_message_release(&m);
	return ttl;
}

static const struct kept_case {
	const char *claim;
	unsigned flags;
	uint32_t ttl, soa_ttl, kept;
} kept_cases[] = {
	{ "data is kept for its TTL",                     0, 30, 0, 30 },
	{ "for a day at most",                            0, 1000000, 0, 86400 },
	{ "a TTL with the highest bit set is 0",          0, 0x80000001u, 0, 0 },
	{ "no data: for the SOA's minimum",               0, 0, 300, 20 },
	{ "no data: for the SOA's TTL when that is less", 0, 0, 7, 7 },
	{ "no name: the same",                            NET_DNS_NXDOMAIN, 0, 300, 20 },
	{ "no data and no SOA is not kept",               0, 0, 0, 0 },
	{ "a failure is not kept",                        NET_DNS_SERVFAIL, 0, 300, 0 },
	{ "a refusal is not kept",                        NET_DNS_REFUSED, 30, 0, 0 },
	{ "a cut answer is not kept",                     NET_DNS_TRUNCATED, 30, 0, 0 },
};

static void check_kept(void)
{
	struct net_dns_question q = question("a.test", NET_DNS_A);

	for (size_t i = 0; i < sizeof kept_cases / sizeof *kept_cases; i++) {
		const struct kept_case *k = &kept_cases[i];
		struct net_dns_cache *c = net_dns_cache_create(10, 100000);
		CHECK_ROW(put(c, &q, answer(&q, k->flags, k->ttl, k->soa_ttl), 5000) == k->kept, k->claim);
		CHECK_ROW(net_dns_cache_count(c) == (k->kept > 0), k->claim);
		net_dns_cache_destroy(c);
	}
}

static void check_time(void)
{
	struct net_dns_cache *c = net_dns_cache_create(10, 100000);
	struct net_dns_question q = question("a.test", NET_DNS_A), shouted = question("A.TEST", NET_DNS_A), other = question("a.test", NET_DNS_AAAA);

	put(c, &q, answer(&q, 0, 30, 0), 1000);
	CHECK_ROW(ttl_left(c, &q, 1000) == 30, "at once");
	CHECK_ROW(ttl_left(c, &q, 4000) == 27, "the TTL counts down");
	CHECK_ROW(ttl_left(c, &shouted, 4000) == 27, "letters' case is none of the name");
	CHECK_ROW(ttl_left(c, &other, 4000) == -1, "another type is another question");
	CHECK_ROW(ttl_left(c, &q, 30999) == 1, "until the last second");
	CHECK_ROW(ttl_left(c, &q, 31000) == -1 && net_dns_cache_count(c) == 0, "then it is gone");
	put(c, &q, answer(&q, 0, 30, 0), 1000);
	put(c, &q, answer(&q, 0, 9, 0), 2000);
	CHECK_ROW(ttl_left(c, &q, 2000) == 9 && net_dns_cache_count(c) == 1, "a new answer takes the place of the old");
	put(c, &q, answer(&q, NET_DNS_SERVFAIL, 0, 0), 2000);
	CHECK_ROW(ttl_left(c, &q, 2000) == -1, "a failure ends what was kept");
	net_dns_cache_destroy(c);
}

static void check_bounds(void)
{
	struct net_dns_cache *c = net_dns_cache_create(3, 100000), *small = net_dns_cache_create(1000, 3000);
	char name[32];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "n%u.test", i);
		struct net_dns_question q = question(name, NET_DNS_A), first = question("n0.test", NET_DNS_A);
		put(c, &q, answer(&q, 0, 30, 0), 1000);
		CHECK_ROW(ttl_left(c, &first, 1000) == 30, "what is asked for stays");
	}
	struct net_dns_question second = question("n1.test", NET_DNS_A);
	CHECK_ROW(net_dns_cache_count(c) == 3 && ttl_left(c, &second, 1000) == -1, "what was used least lately goes");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "n%u.test", i);
		struct net_dns_question q = question(name, NET_DNS_A);
		put(small, &q, answer(&q, 0, 30, 0), 1000);
	}
	CHECK_ROW(net_dns_cache_count(small) >= 2 && net_dns_cache_count(small) < 10, "octets are bounded");
	net_dns_cache_destroy(c);
	net_dns_cache_destroy(small);
}

int main(void)
{
	check_kept();
	check_time();
	check_bounds();
	return check_finish();
}
