#include "netcore/net_browse.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_timer.h"

#define FIRST_MS 1000                   /* between the first two questions, then twice as long each time */
#define LONGEST_MS (60 * 60 * 1000)
#define ASK_FIRST_MS 200                /* for what an instance lacks */
#define ASK_LONGEST_MS 60000
#define GOODBYE_MS 1000                 /* TTL 0 counts as 1 s: RFC 6762 10.1 */

/* A record's data with its time. */
struct life {
	int64_t until_ms, ttl_ms;
};

struct instance {
	struct net_browse *browse;
	struct list_node node;
	struct net_dns_name name, host;
	unsigned interface;
	struct life ptr, srv, txt, addr;
	int port;
	struct buffer texts;
	struct net_addr addrs[NET_BROWSE_ADDRS_MAX];
	size_t n_addrs;
	bool is_told, has_changed;
	int64_t ask_ms, wait_ms;                /* when to ask for what is missing or grows old */
};

struct net_browse {
	struct net_discover *discover;
	struct net_discover_listener listener;
	char *type;
	struct net_dns_name type_name;
	struct list instances;
	struct net_timer question, tick;
	int64_t wait_ms;
	bool is_stopped;
	net_browse_fn *fn;
	void *owner;
};

static int64_t now_ms(const struct net_browse *b)
{
	return net_loop_now_ms(net_discover_loop(b->discover));
}

static void set_life(struct life *life, uint32_t ttl, int64_t now)
{
	/* nobody is believed for longer than a day */
	life->ttl_ms = (int64_t)(ttl > 86400 ? 86400 : ttl) * 1000;
	life->until_ms = now + (ttl == 0 ? GOODBYE_MS : life->ttl_ms);
}

/* ---- telling ---- */

static void tell(struct instance *i, enum net_browse_event event)
{
	const struct net_browse_service service = {
		.type = i->browse->type, .instance = net_dns_name_first(&i->name), .host = i->host, .port = i->port,
		.texts = buffer_bytes(&i->texts), .addrs = i->addrs, .n_addrs = i->n_addrs, .interface = i->interface,
	};

	i->is_told = event == NET_BROWSE_FOUND;
	i->has_changed = false;
	i->browse->fn(i->browse->owner, event, &service);
}

static bool is_whole(const struct instance *i)
{
	return i->srv.until_ms != 0 && i->txt.until_ms != 0 && i->n_addrs > 0;
}

static void forget(struct instance *i)
{
	list_remove(&i->browse->instances, &i->node);
	/* the owner may be looking at it up the stack */
	net_loop_free_later(net_discover_loop(i->browse->discover), i->texts.at);
	net_loop_free_later(net_discover_loop(i->browse->discover), i);
}

/* ---- asking ---- */

static uint32_t seconds_left(const struct life *life, int64_t now)
{
	return life->until_ms > now ? (uint32_t)((life->until_ms - now) / 1000) : 0;
}

/* The question for the type, with the answers that we know for more than half of their time; TC says that more of them follow. */
static void ask_on(struct net_browse *b, unsigned interface)
{
	struct buffer out = { 0 };
	struct net_dns_writer w;
	int64_t now = now_ms(b);

	net_dns_write_begin(&w, &out, NET_DISCOVER_PACKET_MAX, 0, 0);
	net_dns_write_question(&w, &b->type_name, NET_DNS_PTR, NET_DNS_IN);
	for (struct list_node *node = b->instances.first; node != NULL; node = node->next) {
		const struct instance *i = LIST_OWNER(node, struct instance, node);
		const struct net_dns_record known = {
			.name = b->type_name, .type = NET_DNS_PTR, .class = NET_DNS_IN, .ttl = seconds_left(&i->ptr, now), .data = bytes_of(i->name.at, i->name.len),
		};
		if (i->interface != interface || i->ptr.until_ms - now <= i->ptr.ttl_ms / 2)
			continue;
		if (net_dns_write_record(&w, NET_DNS_ANSWER, &known))
			continue;
		net_dns_write_end(&w);
		net_discover_send(b->discover, interface, buffer_bytes(&out));
		buffer_clear(&out);
		net_dns_write_begin(&w, &out, NET_DISCOVER_PACKET_MAX, 0, 0);
		net_dns_write_record(&w, NET_DNS_ANSWER, &known);
	}
	net_dns_write_end(&w);
	net_discover_send(b->discover, interface, buffer_bytes(&out));
	buffer_release(&out);
}

static void ask(void *owner)
{
	struct net_browse *b = owner;
	const struct net_interface *at[NET_INTERFACES_MAX];
	size_t n = net_discover_interfaces(b->discover, at);

	for (size_t i = 0; i < n; i++)
		ask_on(b, at[i]->index);
	net_timer_start(&b->question, net_discover_loop(b->discover), b->wait_ms, ask, b);
	b->wait_ms = b->wait_ms * 2 < LONGEST_MS ? b->wait_ms * 2 : LONGEST_MS;
}

static bool is_old(const struct life *life, int64_t now)
{
	return life->until_ms == 0 || now >= life->until_ms - life->ttl_ms / 5;
}

/* What is missing, or has a fifth of its time left. */
static void ask_about(struct instance *i, int64_t now)
{
	struct buffer out = { 0 };
	struct net_dns_writer w;
	size_t n = 0;

	net_dns_write_begin(&w, &out, NET_DISCOVER_PACKET_MAX, 0, 0);
	if (is_old(&i->ptr, now))
		n += net_dns_write_question(&w, &i->browse->type_name, NET_DNS_PTR, NET_DNS_IN);
	if (is_old(&i->srv, now))
		n += net_dns_write_question(&w, &i->name, NET_DNS_SRV, NET_DNS_IN);
	if (is_old(&i->txt, now))
		n += net_dns_write_question(&w, &i->name, NET_DNS_TXT, NET_DNS_IN);
	if (i->srv.until_ms != 0 && is_old(&i->addr, now)) {
		n += net_dns_write_question(&w, &i->host, NET_DNS_A, NET_DNS_IN);
		n += net_dns_write_question(&w, &i->host, NET_DNS_AAAA, NET_DNS_IN);
	}
	net_dns_write_end(&w);
	if (n > 0)
		net_discover_send(i->browse->discover, i->interface, buffer_bytes(&out));
	buffer_release(&out);
}

/* ---- time ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When an instance next needs something: a question, or to be forgotten. */
static int64_t due_of(const struct instance *i)
{
	int64_t due = earlier(i->ptr.until_ms, i->ptr.until_ms - i->ptr.ttl_ms / 5);
	const struct life *lives[] = { &i->srv, &i->txt, &i->addr };

	for (size_t k = 0; k < 3; k++)
		due = earlier(due, lives[k]->until_ms - lives[k]->ttl_ms / 5);
	/* not before the last question has had its time */
	if (due < i->ask_ms)
		due = i->ask_ms;
	return earlier(due, i->ptr.until_ms);
}

static void tick(void *owner);

static void plan(struct net_browse *b)
{
	int64_t due = INT64_MAX, now = now_ms(b);

	for (struct list_node *node = b->instances.first; node != NULL; node = node->next)
		due = earlier(due, due_of(LIST_OWNER(node, struct instance, node)));
	if (due == INT64_MAX)
		net_timer_stop(&b->tick);
	else
		net_timer_start(&b->tick, net_discover_loop(b->discover), due > now ? due - now : 0, tick, b);
}

static void expire(struct life *life, int64_t now)
{
	if (life->until_ms != 0 && now >= life->until_ms)
		*life = (struct life){ 0 };
}

static void tick(void *owner)
{
	struct net_browse *b = owner;
	int64_t now = now_ms(b);

	for (struct list_node *node = b->instances.first, *next; node != NULL && !b->is_stopped; node = next) {
		struct instance *i = LIST_OWNER(node, struct instance, node);
		next = node->next;
		if (now >= i->ptr.until_ms) {
			if (i->is_told)
				tell(i, NET_BROWSE_GONE);
			if (!b->is_stopped)
				forget(i);
			continue;
		}
		if (now < due_of(i))
			continue;
		expire(&i->srv, now);
		expire(&i->txt, now);
		expire(&i->addr, now);
		if (i->addr.until_ms == 0)
			i->n_addrs = 0;
		ask_about(i, now);
		i->wait_ms = i->wait_ms * 2 < ASK_LONGEST_MS ? i->wait_ms * 2 : ASK_LONGEST_MS;
		i->ask_ms = now + i->wait_ms;
	}
	if (!b->is_stopped)
		plan(b);
}

/* ---- what is heard ---- */

static struct instance *find(struct net_browse *b, const struct net_dns_name *name, unsigned interface)
{
	for (struct list_node *node = b->instances.first; node != NULL; node = node->next) {
		struct instance *i = LIST_OWNER(node, struct instance, node);
		if (i->interface == interface && net_dns_name_equal(&i->name, name))
			return i;
	}
	return NULL;
}

static void take_ptr(struct net_browse *b, const struct net_dns_record *r, unsigned interface)
{
	struct net_dns_name name;
	int64_t now = now_ms(b);

	if (!net_dns_name_equal(&r->name, &b->type_name) || !net_dns_data_target(NET_DNS_PTR, r->data, &name) ||
	    !net_dns_name_is_below(&name, &b->type_name) || net_dns_name_labels(&name) != net_dns_name_labels(&b->type_name) + 1)
		return;
	struct instance *i = find(b, &name, interface);
	if (i == NULL) {
		if (r->ttl == 0 || b->instances.n >= NET_BROWSE_INSTANCES_MAX)
			return;
		i = xcalloc(1, sizeof *i);
		i->browse = b;
		i->name = name;
		i->interface = interface;
		i->wait_ms = ASK_FIRST_MS;
		/* what the packet brings along need not be asked for */
		i->ask_ms = now + 20 + random_below(101);
		list_append(&b->instances, &i->node);
	}
	set_life(&i->ptr, r->ttl, now);
}

static void take_srv(struct instance *i, const struct net_dns_record *r, int64_t now)
{
	struct net_dns_name host;
	const unsigned char *at = (const unsigned char *)r->data.at;

	if (!net_dns_data_target(NET_DNS_SRV, r->data, &host))
		return;
	int port = at[4] << 8 | at[5];
	if (port != i->port || !net_dns_name_equal(&host, &i->host)) {
		i->n_addrs = 0;
		i->addr = (struct life){ 0 };
		i->has_changed = true;
	}
	i->port = port;
	i->host = host;
	set_life(&i->srv, r->ttl, now);
}

static void take_txt(struct instance *i, const struct net_dns_record *r, int64_t now)
{
	if (r->data.len > NET_BROWSE_TEXT_MAX)
		return;
	if (!bytes_equal(buffer_bytes(&i->texts), r->data)) {
		buffer_clear(&i->texts);
		buffer_add_bytes(&i->texts, r->data);
		i->has_changed = true;
	}
	set_life(&i->txt, r->ttl, now);
}

static void take_addr(struct instance *i, const struct net_dns_record *r, int64_t now)
{
	char text[INET6_ADDRSTRLEN];
	struct net_addr addr;

	inet_ntop(r->type == NET_DNS_A ? AF_INET : AF_INET6, r->data.at, text, sizeof text);
	if (r->ttl == 0 || !net_addr_from_ip(text, i->port, &addr))
		return;
	if (net_addr_family(&addr) == AF_INET6) {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)(void *)&addr.storage;
		if (IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr))
			in->sin6_scope_id = i->interface;
	}
	set_life(&i->addr, r->ttl, now);
	for (size_t k = 0; k < i->n_addrs; k++)
		if (net_addr_equal(&i->addrs[k], &addr))
			return;
	if (i->n_addrs < NET_BROWSE_ADDRS_MAX) {
		i->addrs[i->n_addrs++] = addr;
		i->has_changed = true;
	}
}

/* With the flush bit the packet's addresses of a family are all there are. */
static void flush_addrs(struct instance *i, const struct net_dns_message *m)
{
	for (size_t k = 0; k < m->n_records; k++) {
		const struct net_dns_record *r = &m->records[k];
		int family = r->type == NET_DNS_A ? AF_INET : AF_INET6;
		if ((r->type != NET_DNS_A && r->type != NET_DNS_AAAA) || !(r->class & NET_DISCOVER_FLUSH) || !net_dns_name_equal(&r->name, &i->host))
			continue;
		size_t n = 0;
		for (size_t j = 0; j < i->n_addrs; j++)
			if (net_addr_family(&i->addrs[j]) != family)
				i->addrs[n++] = i->addrs[j];
		i->n_addrs = n;
	}
}

static void take_addrs(struct instance *i, const struct net_dns_message *m, int64_t now)
{
	struct net_addr before[NET_BROWSE_ADDRS_MAX];
	size_t n_before = i->n_addrs;
	bool had_changed = i->has_changed;

	if (i->host.len == 0)
		return;
	memcpy(before, i->addrs, sizeof before);
	flush_addrs(i, m);
	for (size_t k = 0; k < m->n_records; k++)
		if ((m->records[k].type == NET_DNS_A || m->records[k].type == NET_DNS_AAAA) && net_dns_name_equal(&m->records[k].name, &i->host))
			take_addr(i, &m->records[k], now);
	i->has_changed = had_changed || n_before != i->n_addrs || memcmp(before, i->addrs, i->n_addrs * sizeof *before) != 0;
}

static void take_all(struct net_browse *b, const struct net_discover_packet *p)
{
	const struct net_dns_message *m = p->message;
	int64_t now = now_ms(b);

	for (size_t k = 0; k < m->n_records; k++)
		if (m->records[k].type == NET_DNS_PTR)
			take_ptr(b, &m->records[k], p->interface);
	for (size_t k = 0; k < m->n_records; k++) {
		const struct net_dns_record *r = &m->records[k];
		struct instance *i = r->type == NET_DNS_SRV || r->type == NET_DNS_TXT ? find(b, &r->name, p->interface) : NULL;
		if (i != NULL && r->ttl > 0 && r->type == NET_DNS_SRV)
			take_srv(i, r, now);
		else if (i != NULL && r->ttl > 0)
			take_txt(i, r, now);
	}
}

static void heard(void *owner, const struct net_discover_packet *p)
{
	struct net_browse *b = owner;

	if (!(p->message->flags & NET_DNS_RESPONSE))
		return;
	take_all(b, p);
	for (struct list_node *node = b->instances.first, *next; node != NULL && !b->is_stopped; node = next) {
		struct instance *i = LIST_OWNER(node, struct instance, node);
		next = node->next;
		if (i->interface != p->interface)
			continue;
		take_addrs(i, p->message, now_ms(b));
		if (is_whole(i))
			i->wait_ms = ASK_FIRST_MS;
		if (is_whole(i) && i->has_changed)
			tell(i, NET_BROWSE_FOUND);
	}
	if (!b->is_stopped)
		plan(b);
}

/* Another network, other neighbours: ask them at once. */
static void changed(void *owner)
{
	struct net_browse *b = owner;

	b->wait_ms = FIRST_MS;
	net_timer_start(&b->question, net_discover_loop(b->discover), 20 + random_below(101), ask, b);
}

struct net_browse *net_browse_start(struct net_discover *discover, const char *type, net_browse_fn *fn, void *owner, struct error *err)
{
	char *text = xprintf("%s.local", type);
	struct net_browse *b = xcalloc(1, sizeof *b);

	*b = (struct net_browse){ .discover = discover, .wait_ms = FIRST_MS, .fn = fn, .owner = owner };
	bool ok = (type[0] == '_' && net_dns_name_parse(text, &b->type_name, err) && net_dns_name_labels(&b->type_name) == 3) ||
	          error_set(err, ERROR_SYNTAX, "\"%.80s\" is not a type of service (_imap._tcp)", type);
	free(text);
	if (!ok) {
		free(b);
		return NULL;
	}
	b->type = xstrdup(type);
	b->listener = (struct net_discover_listener){ .heard = heard, .changed = changed, .owner = b };
	net_discover_listen(discover, &b->listener);
	net_timer_start(&b->question, net_discover_loop(discover), 20 + random_below(101), ask, b);
	return b;
}

void net_browse_stop(struct net_browse *b)
{
	if (b == NULL || b->is_stopped)
		return;
	b->is_stopped = true;
	net_timer_stop(&b->question);
	net_timer_stop(&b->tick);
	net_discover_leave(b->discover, &b->listener);
	while (b->instances.first != NULL)
		forget(LIST_OWNER(b->instances.first, struct instance, node));
	net_loop_free_later(net_discover_loop(b->discover), b->type);
	net_loop_free_later(net_discover_loop(b->discover), b);
}
