#include "netcore/net_dns_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <unbound.h>
#include <unistd.h>

#include "base/list.h"
#include "base/memory.h"
#include "netcore/net_dns_message.h"
#include "netcore/net_timer.h"

#define DATA_MAX 1000                   /* records of an answer that are handed on */

struct net_dns_resolver {
	struct net_loop *loop;
	struct ub_ctx *context;
	struct net_watch watch;
	struct list queries;
};

struct net_dns_query {
	struct net_dns_resolver *resolver;
	struct list_node node;
	int id;                         /* the library's */
	bool is_asked;
	struct net_timer timer;
	struct error failure;
	net_dns_query_fn *fn;
	void *owner;
};

/* Names that the library answers by itself unless told otherwise; who names a server of his own wants that to be asked.  RFC 6761, RFC 6303. */
static const char *const special[] = {
	"test.", "invalid.", "home.arpa.", "10.in-addr.arpa.", "168.192.in-addr.arpa.", "254.169.in-addr.arpa.",
	"2.0.192.in-addr.arpa.", "100.51.198.in-addr.arpa.", "113.0.203.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa.", "d.f.ip6.arpa.",
	"16.172.in-addr.arpa.", "17.172.in-addr.arpa.", "18.172.in-addr.arpa.", "19.172.in-addr.arpa.", "20.172.in-addr.arpa.",
	"21.172.in-addr.arpa.", "22.172.in-addr.arpa.", "23.172.in-addr.arpa.", "24.172.in-addr.arpa.", "25.172.in-addr.arpa.",
	"26.172.in-addr.arpa.", "27.172.in-addr.arpa.", "28.172.in-addr.arpa.", "29.172.in-addr.arpa.", "30.172.in-addr.arpa.",
	"31.172.in-addr.arpa.",
};

static bool check(int code, const char *what, const char *value, struct error *err)
{
	return code == 0 || error_set(err, ERROR_SYNTAX, "resolver: %s %.100s: %s", what, value, ub_strerror(code));
}

/* The library would notice with the first question, and not say which. */
static bool can_read(const char *path, struct error *err)
{
	return path == NULL || access(path, R_OK) == 0 || error_set(err, ERROR_NOT_FOUND, "resolver: %.150s cannot be read", path);
}

static bool set_transparent(struct ub_ctx *context, const char *zone, struct error *err)
{
	char value[NET_DNS_NAME_TEXT + 16];

	snprintf(value, sizeof value, "%s transparent", zone);
	return check(ub_ctx_set_option(context, "local-zone:", value), "zone", zone, err);
}

/* Before the first question: later the library takes no option any more. */
static bool configure(struct ub_ctx *context, const struct net_dns_resolver_options *o, struct error *err)
{
	bool is_own = o->n_servers > 0 || o->root_hints != NULL;

	if (!can_read(o->root_hints, err) || !can_read(o->trust_anchor, err) || !check(ub_ctx_async(context, 1), "thread", "", err))
		return false;
	if (o->asks_loopback && !check(ub_ctx_set_option(context, "do-not-query-localhost:", "no"), "loopback", "", err))
		return false;
	for (size_t i = 0; is_own && i < sizeof special / sizeof *special; i++)
		if (!set_transparent(context, special[i], err))
			return false;
	for (size_t i = 0; i < o->n_stubs; i++)
		if (!set_transparent(context, o->stubs[i].zone, err) ||
		    !check(ub_ctx_set_stub(context, o->stubs[i].zone, o->stubs[i].server, 0), "server", o->stubs[i].server, err))
			return false;
	for (size_t i = 0; i < o->n_servers; i++)
		if (!check(ub_ctx_set_fwd(context, o->servers[i]), "server", o->servers[i], err))
			return false;
	if (o->root_hints != NULL && !check(ub_ctx_set_option(context, "root-hints:", o->root_hints), "root hints", o->root_hints, err))
		return false;
	if (!is_own && !check(ub_ctx_resolvconf(context, NULL), "resolv.conf", "", err))
		return false;
	return o->trust_anchor == NULL || check(ub_ctx_add_ta_file(context, o->trust_anchor), "trust anchor", o->trust_anchor, err);
}

static void process(void *owner, unsigned events)
{
	struct net_dns_resolver *r = owner;

	(void)events;
	ub_process(r->context);
}

struct net_dns_resolver *net_dns_resolver_create(struct net_loop *loop, const struct net_dns_resolver_options *options, struct error *err)
{
	struct net_dns_resolver *r = xcalloc(1, sizeof *r);

	r->loop = loop;
	r->context = ub_ctx_create();
	if (r->context == NULL) {
		error_set(err, ERROR_SYSTEM, "the resolver cannot start");
	} else if (configure(r->context, options, err) &&
	           net_watch_start(&r->watch, loop, ub_fd(r->context), NET_READABLE, process, r, err)) {
		return r;
	}
	ub_ctx_delete(r->context);
	free(r);
	return NULL;
}

/* The library is perhaps up the stack: its context goes after the pass. */
static void delete_context(void *owner)
{
	struct net_dns_resolver *r = owner;

	ub_ctx_delete(r->context);
	free(r);
}

void net_dns_resolver_destroy(struct net_dns_resolver *r)
{
	if (r == NULL)
		return;
	while (r->queries.first != NULL)
		net_dns_query_cancel(LIST_OWNER(r->queries.first, struct net_dns_query, node));
	net_watch_stop(&r->watch);
	net_loop_call_later(r->loop, delete_context, r);
}

/* ---- one query ---- */

static void forget(struct net_dns_query *q)
{
	net_timer_stop(&q->timer);
	list_remove(&q->resolver->queries, &q->node);
	net_loop_free_later(q->resolver->loop, q);
}

void net_dns_query_cancel(struct net_dns_query *q)
{
	if (q == NULL)
		return;
	if (q->is_asked)
		ub_cancel(q->resolver->context, q->id);
	forget(q);
}

static void fail(struct net_dns_query *q, struct error failure)
{
	net_dns_query_fn *fn = q->fn;
	void *owner = q->owner;

	net_dns_query_cancel(q);
	fn(owner, NULL, &failure);
}

static void on_timer(void *owner)
{
	struct net_dns_query *q = owner;

	fail(q, q->failure);
}

static unsigned number_at(struct bytes data, size_t at)
{
	return data.len < at + 2 ? 0 : (unsigned)((unsigned char)data.at[at] << 8 | (unsigned char)data.at[at + 1]);
}

/* MX: the preference.  SRV: priority, then the heavier weight first; who spreads load draws among equals himself. */
static int compare_mx(const void *a, const void *b)
{
	return (int)number_at(*(const struct bytes *)a, 0) - (int)number_at(*(const struct bytes *)b, 0);
}

static int compare_srv(const void *a, const void *b)
{
	int by_priority = compare_mx(a, b);

	return by_priority != 0 ? by_priority : (int)number_at(*(const struct bytes *)b, 2) - (int)number_at(*(const struct bytes *)a, 2);
}

static bool is_well_formed(unsigned type, struct bytes data)
{
	struct buffer checked = { 0 };
	bool ok = net_dns_data_read(type, data, 0, data.len, &checked) == NET_DNS_OK;

	buffer_release(&checked);
	return ok;
}

static size_t take_data(const struct ub_result *r, struct bytes *data)
{
	size_t n = 0;

	for (size_t i = 0; r->havedata && !r->bogus && r->data[i] != NULL && n < DATA_MAX; i++) {
		struct bytes one = bytes_of(r->data[i], (size_t)r->len[i]);
		if (is_well_formed((unsigned)r->qtype, one))
			data[n++] = one;
	}
	if (r->qtype == NET_DNS_MX)
		qsort(data, n, sizeof *data, compare_mx);
	if (r->qtype == NET_DNS_SRV)
		qsort(data, n, sizeof *data, compare_srv);
	return n;
}

static void answer(struct net_dns_query *q, const struct ub_result *r)
{
	struct bytes *data = xcalloc(DATA_MAX, sizeof *data);
	struct net_dns_answer a = {
		.name = r->qname, .canonical_name = r->canonname != NULL ? r->canonname : r->qname, .type = (unsigned)r->qtype,
		.rcode = (unsigned)r->rcode, .ttl = r->ttl > 0 ? (uint32_t)r->ttl : 0, .why_bogus = r->bogus ? r->why_bogus : NULL,
		.security = r->bogus ? NET_DNS_BOGUS : r->secure ? NET_DNS_SECURE : NET_DNS_INSECURE, .data = data, .n = take_data(r, data),
	};

	q->fn(q->owner, &a, NULL);
	free(data);
}

static void done(void *owner, int code, struct ub_result *r)
{
	struct net_dns_query *q = owner;
	struct error failure = { 0 };

	q->is_asked = false;
	if (code != 0)
		error_set(&failure, ERROR_TRY_LATER, "resolver: %s", ub_strerror(code));
	else if (!r->bogus && r->rcode != NET_DNS_NOERROR && r->rcode != NET_DNS_NXDOMAIN)
		error_set(&failure, ERROR_TRY_LATER, "no server gave an answer about %.120s", r->qname);
	if (failure.kind != ERROR_NONE) {
		fail(q, failure);
	} else {
		forget(q);
		answer(q, r);
	}
	ub_resolve_free(r);
}

struct net_dns_query *net_dns_query_start(struct net_dns_resolver *r, const char *name, unsigned type, int64_t deadline_ms,
                                          net_dns_query_fn *fn, void *owner)
{
	struct net_dns_query *q = xcalloc(1, sizeof *q);
	struct net_dns_name checked;

	*q = (struct net_dns_query){ .resolver = r, .fn = fn, .owner = owner };
	list_append(&r->queries, &q->node);
	error_set(&q->failure, ERROR_TRY_LATER, "no answer about %.120s in time", name);
	if (!net_dns_name_parse(name, &checked, &q->failure)) {
		net_timer_start(&q->timer, r->loop, 0, on_timer, q);
		return q;
	}
	int code = ub_resolve_async(r->context, name, (int)type, NET_DNS_IN, q, done, &q->id);
	q->is_asked = code == 0;
	if (code != 0)
		error_set(&q->failure, ERROR_SYSTEM, "resolver: %s", ub_strerror(code));
	/* the library may go on for minutes when nobody answers */
	net_timer_start(&q->timer, r->loop, code == 0 ? deadline_ms : 0, on_timer, q);
	return q;
}
