/* nettool dns query: by libunbound, or by hand (--iterate from the root, --trace one server), again and again with --repeat. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "netcore/net_dns_cache.h"
#include "netcore/net_dns_exchange.h"
#include "netcore/net_dns_query.h"
#include "netcore/net_dns_walk.h"
#include "netcore/net_timer.h"
#include "nettool/nettool_dns.h"

#define AGAIN_MS 1000
#define CACHE_ENTRIES 1000
#define CACHE_OCTETS (1u << 20)
#define SERVER_MS 2000

struct asking {
	const struct nettool_dns_query *what;
	struct net_dns_question question;
	struct net_loop *loop;
	struct net_timer again;
	struct net_addr roots[NET_DNS_WALK_SERVERS_MAX];
	size_t n_roots;
	struct net_dns_cache *cache;            /* by hand; the library has its own */
	struct net_dns_resolver *resolver;
	json_t *steps;                          /* of the present walk */
	unsigned left;
	int code;
};

static void ask(void *owner);

static void next(struct asking *a, int code)
{
	a->code = code;
	fflush(stdout);
	if (--a->left > 0)
		net_timer_start(&a->again, a->loop, AGAIN_MS, ask, a);
	else
		net_loop_stop(a->loop);
}

static void print_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void failed(struct asking *a, const struct error *err)
{
	if (a->what->as_json)
		print_json(json_pack("{s:s, s:o*}", "error", err->text, "steps", a->steps));
	else
		fprintf(stderr, "nettool dns: %s\n", err->text);
	a->steps = NULL;
	next(a, err->kind == ERROR_TRY_LATER ? EX_TEMPFAIL : err->kind == ERROR_SYNTAX ? EX_DATAERR : EX_UNAVAILABLE);
}

/* ---- by hand ---- */

static void show(struct asking *a, const struct net_dns_message *m, bool is_kept)
{
	char rcode[NET_DNS_TYPE_TEXT];
	size_t n = 0;

	net_dns_rcode_format(m->rcode, rcode);
	if (a->what->as_json) {
		json_t *records = json_array();
		for (size_t i = 0; i < m->n_records; i++)
			if (m->records[i].section == NET_DNS_ANSWER)
				json_array_append_new(records, nettool_dns_json_record(&m->records[i]));
		print_json(json_pack("{s:s, s:b, s:b, s:o, s:o*}", "rcode", rcode, "cached", is_kept, "authentic",
		                     (m->flags & NET_DNS_AUTHENTIC) != 0, "records", records, "steps", a->steps));
		a->steps = NULL;
	} else {
		for (size_t i = 0; i < m->n_records; i++)
			if (m->records[i].section == NET_DNS_ANSWER) {
				nettool_dns_print_record(&m->records[i]);
				n++;
			}
		if (n == 0)
			printf("; %s: no such %s\n", rcode, m->rcode == NET_DNS_NXDOMAIN ? "name" : "data");
		if (is_kept)
			printf("; kept\n");
	}
	next(a, m->rcode == NET_DNS_NOERROR || m->rcode == NET_DNS_NXDOMAIN ? EX_OK : EX_UNAVAILABLE);
}

static void on_exchange(void *owner, const struct net_dns_message *m, const struct net_dns_exchange_facts *facts, const struct error *err)
{
	struct asking *a = owner;
	char server[NET_ADDR_TEXT];

	if (m == NULL) {
		failed(a, err);
		return;
	}
	if (!a->what->as_json) {
		printf("; from %s by %s, %zu octets, %d ms%s\n", net_addr_format(&a->what->server, server), facts->over_tcp ? "TCP" : "UDP",
		       facts->octets.len, (int)facts->elapsed_ms, facts->was_truncated ? ", cut over UDP" : "");
		nettool_dns_print_message(m, "  ");
	}
	net_dns_cache_put(a->cache, &a->question, a->what->wants_dnssec, facts->octets, m, net_loop_now_ms(a->loop));
	show(a, m, false);
}

static const char *outcome(const struct net_dns_step *step, char text[NET_DNS_TYPE_TEXT])
{
	if (step->answer == NULL)
		return "failed";
	if (step->referral != NULL)
		return "referral";
	if (step->answer->rcode == NET_DNS_NOERROR && !(step->answer->flags & NET_DNS_AUTHORITATIVE))
		return "lame";
	return net_dns_rcode_format(step->answer->rcode, text);
}

static void json_step(struct asking *a, const struct net_dns_step *step)
{
	char name[NET_DNS_NAME_TEXT], zone[NET_DNS_NAME_TEXT], to[NET_DNS_NAME_TEXT], type[NET_DNS_TYPE_TEXT], server[NET_ADDR_TEXT], text[NET_DNS_TYPE_TEXT];

	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:b}", "name", net_dns_name_format(&step->question->name, name), "type",
	                           net_dns_type_format(step->question->type, type), "zone", net_dns_name_format(step->zone, zone), "server",
	                           net_addr_format(step->server, server), "outcome", outcome(step, text), "depth", (int)step->depth,
	                           "tcp", step->facts->over_tcp);
	if (step->referral != NULL)
		json_object_set_new(object, "referral", json_string(net_dns_name_format(step->referral, to)));
	if (a->steps == NULL)
		a->steps = json_array();
	json_array_append_new(a->steps, object);
}

static void on_step(void *owner, const struct net_dns_step *step)
{
	char name[NET_DNS_NAME_TEXT], zone[NET_DNS_NAME_TEXT], to[NET_DNS_NAME_TEXT], type[NET_DNS_TYPE_TEXT], server[NET_ADDR_TEXT], text[NET_DNS_TYPE_TEXT];
	struct asking *a = owner;

	if (a->what->as_json) {
		json_step(a, step);
		return;
	}
	printf("; %*s%s %s? zone %s server %s: ", (int)step->depth * 2, "", net_dns_name_format(&step->question->name, name),
	       net_dns_type_format(step->question->type, type), net_dns_name_format(step->zone, zone), net_addr_format(step->server, server));
	if (step->answer == NULL) {
		printf("%s\n", step->err->text);
		return;
	}
	printf("%s%s%s, %zu octets by %s, %d ms\n", outcome(step, text), step->referral != NULL ? " to " : "",
	       step->referral != NULL ? net_dns_name_format(step->referral, to) : "", step->facts->octets.len,
	       step->facts->over_tcp ? "TCP" : "UDP", (int)step->facts->elapsed_ms);
	if (a->what->traces)
		nettool_dns_print_message(step->answer, "    ");
}

static void on_walk(void *owner, const struct net_dns_message *m, struct bytes octets, const struct error *err)
{
	struct asking *a = owner;

	if (m == NULL) {
		failed(a, err);
		return;
	}
	net_dns_cache_put(a->cache, &a->question, a->what->wants_dnssec, octets, m, net_loop_now_ms(a->loop));
	show(a, m, false);
}

static void ask_by_hand(struct asking *a)
{
	const struct net_dns_walk_options walk = {
		.roots = a->roots, .n_roots = a->n_roots, .wants_dnssec = a->what->wants_dnssec, .deadline_ms = a->what->deadline_ms,
		.server_ms = SERVER_MS, .step = on_step,
	};
	const struct net_dns_exchange_options exchange = {
		.server = a->what->server, .wants_recursion = true, .wants_dnssec = a->what->wants_dnssec, .deadline_ms = a->what->deadline_ms,
	};
	struct net_dns_message kept;

	if (net_dns_cache_get(a->cache, &a->question, a->what->wants_dnssec, net_loop_now_ms(a->loop), &kept)) {
		show(a, &kept, true);
		net_dns_message_release(&kept);
	} else if (a->what->iterates) {
		net_dns_walk_start(a->loop, &walk, &a->question, on_walk, a);
	} else {
		net_dns_exchange_start(a->loop, &exchange, &a->question, on_exchange, a);
	}
}

/* ---- by libunbound ---- */

static const char *const verdicts[] = { "insecure", "secure", "bogus" };

static void show_json(const struct asking *a, const struct net_dns_answer *answer)
{
	char rcode[NET_DNS_TYPE_TEXT], type[NET_DNS_TYPE_TEXT];
	json_t *records = json_array();

	for (size_t i = 0; i < answer->n; i++) {
		struct buffer data = { 0 };
		net_dns_data_format(answer->type, answer->data[i], &data);
		json_array_append_new(records, json_pack("{s:s, s:s, s:i, s:s}", "name", answer->canonical_name, "type",
		                                         net_dns_type_format(answer->type, type), "ttl", (int)answer->ttl, "data", data.at));
		buffer_release(&data);
	}
	json_t *object = json_pack("{s:s, s:s, s:i, s:o}", "name", answer->name, "rcode", net_dns_rcode_format(answer->rcode, rcode), "ttl",
	                           (int)answer->ttl, "records", records);
	if (a->what->wants_dnssec)
		json_object_set_new(object, "security", json_string(verdicts[answer->security]));
	if (answer->why_bogus != NULL)
		json_object_set_new(object, "why", json_string(answer->why_bogus));
	print_json(object);
}

static void show_text(const struct asking *a, const struct net_dns_answer *answer)
{
	char rcode[NET_DNS_TYPE_TEXT], type[NET_DNS_TYPE_TEXT];
	const char *dot = strlen(answer->canonical_name) > 0 && answer->canonical_name[strlen(answer->canonical_name) - 1] == '.' ? "" : ".";

	if (strcmp(answer->canonical_name, answer->name) != 0)
		printf("; %s is an alias of %s%s\n", answer->name, answer->canonical_name, dot);
	for (size_t i = 0; i < answer->n; i++) {
		struct buffer data = { 0 };
		net_dns_data_format(answer->type, answer->data[i], &data);
		printf("%s%s %u IN %s %s\n", answer->canonical_name, dot, answer->ttl, net_dns_type_format(answer->type, type), data.at);
		buffer_release(&data);
	}
	if (answer->n == 0 && answer->security != NET_DNS_BOGUS)
		printf("; %s: no such %s, ttl %u\n", net_dns_rcode_format(answer->rcode, rcode), answer->rcode == NET_DNS_NXDOMAIN ? "name" : "data", answer->ttl);
	if (a->what->wants_dnssec || answer->security == NET_DNS_BOGUS)
		printf("; %s%s%s\n", verdicts[answer->security], answer->why_bogus != NULL ? ": " : "", answer->why_bogus != NULL ? answer->why_bogus : "");
}

static void on_resolved(void *owner, const struct net_dns_answer *answer, const struct error *err)
{
	struct asking *a = owner;

	if (answer == NULL) {
		failed(a, err);
		return;
	}
	if (a->what->as_json)
		show_json(a, answer);
	else
		show_text(a, answer);
	next(a, answer->security == NET_DNS_BOGUS ? EX_PROTOCOL : EX_OK);
}

static void ask(void *owner)
{
	struct asking *a = owner;

	if (a->resolver != NULL)
		net_dns_query_start(a->resolver, a->what->name, a->what->type, a->what->deadline_ms, on_resolved, a);
	else
		ask_by_hand(a);
}

/* ---- */

/* The form of libunbound: address@port. */
static const char *server_text(const struct net_addr *server, char text[NET_ADDR_TEXT + 8])
{
	char ip[NET_ADDR_TEXT];

	snprintf(text, NET_ADDR_TEXT + 8, "%s@%d", net_addr_format_ip(server, ip), net_addr_port(server));
	return text;
}

static bool prepare(struct asking *a, struct error *err)
{
	char text[NET_ADDR_TEXT + 8];
	const char *servers[1] = { a->what->server.len != 0 ? server_text(&a->what->server, text) : NULL };
	const struct net_dns_resolver_options options = {
		.servers = servers, .n_servers = servers[0] != NULL, .root_hints = a->what->root_hints, .trust_anchor = a->what->trust_anchor,
		.asks_loopback = true,
	};

	a->question = (struct net_dns_question){ .type = (uint16_t)a->what->type, .class = NET_DNS_IN };
	if (!net_dns_name_parse(a->what->name, &a->question.name, err))
		return false;
	if (a->what->iterates)
		a->n_roots = net_dns_hints_read(a->what->root_hints, a->roots, NET_DNS_WALK_SERVERS_MAX, err);
	if (a->what->iterates ? a->n_roots == 0 : a->what->traces && a->what->server.len == 0)
		return err->kind != ERROR_NONE ? false : error_set(err, ERROR_SYNTAX, "--trace needs @SERVER, or --iterate");
	a->loop = net_loop_create(net_poll_kind_default(), err);
	if (a->loop == NULL)
		return false;
	if (!a->what->iterates && !a->what->traces)
		return (a->resolver = net_dns_resolver_create(a->loop, &options, err)) != NULL;
	a->cache = net_dns_cache_create(CACHE_ENTRIES, CACHE_OCTETS);
	return true;
}

int nettool_dns_query(const struct nettool_dns_query *what)
{
	struct asking a = { .what = what, .left = what->repeat };
	struct error err = { 0 };

	if (prepare(&a, &err)) {
		ask(&a);
		net_loop_run(a.loop);
	} else {
		fprintf(stderr, "nettool dns: %s\n", err.text);
		a.code = err.kind == ERROR_NOT_FOUND ? EX_NOINPUT : err.kind == ERROR_SYSTEM ? EX_OSERR : EX_USAGE;
	}
	net_dns_resolver_destroy(a.resolver);
	net_dns_cache_destroy(a.cache);
	if (a.loop != NULL)
		net_loop_destroy(a.loop);
	return a.code;
}
