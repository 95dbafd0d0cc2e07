#include "netcore/net_announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_announce_records.h"
#include "netcore/net_timer.h"

#define PROBES 3
#define PROBE_MS 250
#define ANNOUNCEMENTS 2
#define ANNOUNCE_MS 1000
#define YIELD_MS 1000                   /* the loser of a simultaneous probe asks again: RFC 6762 8.2 */
#define CONFLICTS_MAX 15                /* then slower: RFC 6762 8.1 */
#define CONFLICTS_MS 5000
#define LEGACY_TTL_S 10
#define REPEAT_MS 1000                  /* the same record is not multicast more often: RFC 6762 6 */

struct link {                           /* one interface, while it is there */
	struct net_announce *announce;
	struct net_interface interface;         /* as it was when we last probed */
	uint64_t pending;                       /* items to be multicast when the timer fires */
	struct net_timer timer;
	struct net_addr continues;              /* the querier whose known answers go on in further packets */
	int64_t last_ms[N_ITEMS];               /* when the item was last multicast here; 0: never */
};

struct net_announce {
	struct net_discover *discover;
	struct net_discover_listener listener;
	struct net_announce_set set;
	char wished_instance[NET_DNS_LABEL_MAX + 1], wished_host[NET_DNS_LABEL_MAX + 1];
	unsigned instance_number, host_number, conflicts;
	enum { PROBING, ANNOUNCING, SETTLED } phase;
	unsigned round;                         /* probes or announcements sent */
	bool was_told;
	struct net_timer timer;
	struct link *links;
	size_t n_links;
	net_announce_fn *fn;
	void *owner;
};

static int64_t now_ms(const struct net_announce *a)
{
	return net_loop_now_ms(net_discover_loop(a->discover));
}

/* ---- packets ---- */

enum manner { MULTICAST, GOODBYE, LEGACY };

struct sheet {                          /* packets being filled */
	struct net_announce *announce;
	const struct link *link;
	const struct net_addr *to;              /* NULL: the groups */
	enum manner manner;
	uint16_t id, flags;
	struct buffer out;
	struct net_dns_writer writer;
	size_t n;                               /* records in the present packet */
};

static void sheet_begin(struct sheet *s)
{
	buffer_clear(&s->out);
	net_dns_write_begin(&s->writer, &s->out, NET_DISCOVER_PACKET_MAX, s->id, s->flags);
	s->n = 0;
}

static void sheet_send(struct sheet *s)
{
	s->writer.is_truncated = false;
	net_dns_write_end(&s->writer);
	if (s->to != NULL)
		net_discover_send_to(s->announce->discover, s->link->interface.index, s->to, buffer_bytes(&s->out));
	else
		net_discover_send(s->announce->discover, s->link->interface.index, buffer_bytes(&s->out));
}

static void sheet_add(struct sheet *s, enum net_dns_section section, uint64_t items)
{
	struct net_dns_record records[NET_ANNOUNCE_RECORDS_MAX];
	struct buffer room = { 0 };

	for (unsigned item = 0; item < N_ITEMS; item++) {
		if (!(items & BIT(item)))
			continue;
		size_t n = net_announce_item_records(&s->announce->set, item, &s->link->interface, &room, records);
		for (size_t i = 0; i < n; i++) {
			if (s->manner == GOODBYE)
				records[i].ttl = 0;
			if (s->manner == LEGACY && records[i].ttl > LEGACY_TTL_S)
				records[i].ttl = LEGACY_TTL_S;
			/* in a probe the records are only proposed, and a plain resolver does not know the bit */
			if (s->manner == LEGACY || section == NET_DNS_AUTHORITY)
				records[i].class = NET_DNS_IN;
			if (!net_dns_write_record(&s->writer, section, &records[i]) && s->n > 0 && section == NET_DNS_ANSWER) {
				sheet_send(s);
				sheet_begin(s);
				net_dns_write_record(&s->writer, section, &records[i]);
			}
			s->n++;
		}
	}
	buffer_release(&room);
}

static void sheet_end(struct sheet *s)
{
	if (s->n > 0)
		sheet_send(s);
	buffer_release(&s->out);
}

static void send_items(struct link *l, uint64_t items, const struct net_addr *to, enum manner manner)
{
	struct sheet s = { .announce = l->announce, .link = l, .to = to, .manner = manner, .flags = NET_DNS_RESPONSE | NET_DNS_AUTHORITATIVE };
	uint64_t here = net_announce_items_on(&l->announce->set, &l->interface);

	items &= here;
	if (items == 0)
		return;
	sheet_begin(&s);
	sheet_add(&s, NET_DNS_ANSWER, items);
	if (manner != GOODBYE)
		sheet_add(&s, NET_DNS_ADDITIONAL, net_announce_items_beside(items) & here);
	sheet_end(&s);
	for (unsigned item = 0; to == NULL && item < N_ITEMS; item++)
		if (items & BIT(item))
			l->last_ms[item] = now_ms(l->announce);
}

/* ---- probing and announcing ---- */

static uint64_t all_items(const struct link *l)
{
	return net_announce_items_on(&l->announce->set, &l->interface);
}

/*
 * Every unique name is asked for, with what we want to say of it.  The reply may come by multicast: by unicast it would reach only
 * one of the programs of this host that share the port.
 */
static void send_probe(struct link *l)
{
	struct net_announce *a = l->announce;
	struct sheet s = { .announce = a, .link = l, .manner = MULTICAST };
	uint64_t items = all_items(l), unique = 0;

	if (items == 0)
		return;
	sheet_begin(&s);
	for (unsigned i = 0; i < a->set.n; i++)
		if (items & BIT(ITEM_OF(i, ITEM_SRV)))
			net_dns_write_question(&s.writer, &a->set.instances[i], NET_DNS_ANY, NET_DNS_IN);
	net_dns_write_question(&s.writer, &a->set.host_name, NET_DNS_ANY, NET_DNS_IN);
	for (unsigned item = 0; item < N_ITEMS; item++)
		if ((items & BIT(item)) && !net_announce_item_is_shared(item))
			unique |= BIT(item);
	sheet_add(&s, NET_DNS_AUTHORITY, unique);
	sheet_end(&s);
}

static void step(void *owner);

static void wait_for(struct net_announce *a, int64_t ms)
{
	net_timer_start(&a->timer, net_discover_loop(a->discover), ms, step, a);
}

static void probe_again(struct net_announce *a, int64_t delay_ms)
{
	a->phase = PROBING;
	a->round = 0;
	for (size_t i = 0; i < a->n_links; i++) {
		a->links[i].pending = 0;
		net_timer_stop(&a->links[i].timer);
	}
	wait_for(a, delay_ms);
}

static void step(void *owner)
{
	struct net_announce *a = owner;

	if (a->phase == PROBING && a->round == PROBES) {
		a->phase = ANNOUNCING;
		a->round = 0;
	}
	for (size_t i = 0; i < a->n_links; i++) {
		if (a->phase == PROBING)
			send_probe(&a->links[i]);
		else
			send_items(&a->links[i], all_items(&a->links[i]), NULL, MULTICAST);
	}
	a->round++;
	if (a->phase == PROBING) {
		wait_for(a, PROBE_MS);
		return;
	}
	if (a->round < ANNOUNCEMENTS)
		wait_for(a, ANNOUNCE_MS);
	else
		a->phase = SETTLED;
	if (a->round == 1 && !a->was_told) {
		a->was_told = true;
		a->fn(a->owner, a->set.instance, a->set.host);
	}
}

/* The number in the shape people know, the name shortened to leave room, never inside a character. */
static void number_name(const char *wished, const char *before, unsigned number, const char *after, char name[NET_DNS_LABEL_MAX + 1])
{
	char tail[16];
	int n_tail = snprintf(tail, sizeof tail, "%s%u%s", before, number, after);
	size_t len = strlen(wished), room = NET_DNS_LABEL_MAX - (size_t)n_tail;

	if (len > room)
		for (len = room; len > 0 && ((unsigned char)wished[len] & 0xc0) == 0x80; len--)
			;
	snprintf(name, NET_DNS_LABEL_MAX + 1, "%.*s%s", (int)len, wished, tail);
}

static void rename_ours(struct net_announce *a, bool is_host)
{
	if (is_host)
		number_name(a->wished_host, "-", ++a->host_number, "", a->set.host);
	else
		number_name(a->wished_instance, " (", ++a->instance_number, ")", a->set.instance);
	net_announce_set_name(&a->set);
	a->was_told = false;
	a->conflicts++;
	probe_again(a, a->conflicts > CONFLICTS_MAX ? CONFLICTS_MS : 0);
}

/* ---- what others say ---- */

static struct link *link_of(struct net_announce *a, unsigned index)
{
	for (size_t i = 0; i < a->n_links; i++)
		if (a->links[i].interface.index == index)
			return &a->links[i];
	return NULL;
}

/* The item that is this very record; N_ITEMS when none is. */
static unsigned find_item(const struct link *l, const struct net_dns_record *record)
{
	struct net_dns_record ours[NET_ANNOUNCE_RECORDS_MAX];
	struct buffer room = { 0 };
	uint64_t items = all_items(l);
	unsigned found = N_ITEMS;

	for (unsigned item = 0; item < N_ITEMS && found == N_ITEMS; item++) {
		if (!(items & BIT(item)))
			continue;
		size_t n = net_announce_item_records(&l->announce->set, item, &l->interface, &room, ours);
		for (size_t i = 0; i < n; i++)
			if (ours[i].type == record->type && net_dns_name_equal(&ours[i].name, &record->name) &&
			    bytes_equal_nocase(ours[i].data, record->data))
				found = item;
	}
	buffer_release(&room);
	return found;
}

/* Whose name is it?  Neither: not one of ours that must be unique. */
static bool is_our_name(const struct net_announce *a, const struct net_dns_name *name, bool *is_host)
{
	*is_host = net_dns_name_equal(name, &a->set.host_name);
	for (size_t i = 0; i < a->set.n; i++)
		if (net_dns_name_equal(name, &a->set.instances[i]))
			return true;
	return *is_host;
}

static bool is_unique_type(unsigned type)
{
	return type == NET_DNS_SRV || type == NET_DNS_TXT || type == NET_DNS_A || type == NET_DNS_AAAA;
}

/* Somebody says something else about one of our names.  A host says of its own name on each interface what is true there. */
static bool is_conflict(const struct link *l, const struct net_discover_packet *p, const struct net_dns_record *r, bool *is_host)
{
	if (r->ttl == 0 || !is_unique_type(r->type) || !is_our_name(l->announce, &r->name, is_host))
		return false;
	if (*is_host && net_discover_is_own(l->announce->discover, p->from))
		return false;
	return find_item(l, r) == N_ITEMS;
}

static void hear_response(struct link *l, const struct net_discover_packet *p)
{
	struct net_announce *a = l->announce;
	bool is_own = net_discover_is_own(a->discover, p->from), is_host;

	for (size_t i = 0; i < p->message->n_records; i++) {
		const struct net_dns_record *r = &p->message->records[i];
		if (is_conflict(l, p, r, &is_host)) {
			if (a->phase == PROBING)
				rename_ours(a, is_host);
			else
				probe_again(a, 0);      /* they may be gone already: RFC 6762 9 */
			return;
		}
		/* another responder said it for us: RFC 6762 7.4 */
		unsigned item = is_own ? N_ITEMS : find_item(l, r);
		if (item < N_ITEMS && r->ttl > 0)
			l->pending &= ~BIT(item);
	}
}

/* ---- simultaneous probes: RFC 6762 8.2 ---- */

static int compare_records(const void *one, const void *two)
{
	const struct net_dns_record *a = one, *b = two;

	return a->type != b->type ? (int)a->type - (int)b->type : bytes_compare(a->data, b->data);
}

/* Both sides' records of one name, sorted; the one that comes later in the alphabet wins. */
static int compare_proposals(const struct link *l, const struct net_dns_name *name, const struct net_dns_message *m)
{
	struct net_dns_record ours[4 * NET_ANNOUNCE_RECORDS_MAX] = { 0 }, theirs[32] = { 0 }, found[NET_ANNOUNCE_RECORDS_MAX];
	size_t n_ours = 0, n_theirs = 0, i;
	uint64_t items = all_items(l);
	struct buffer rooms[N_ITEMS] = { 0 };
	int order = 0;

	for (unsigned item = 0; item < N_ITEMS; item++) {
		size_t n = !(items & BIT(item)) || net_announce_item_is_shared(item) ? 0 :
			net_announce_item_records(&l->announce->set, item, &l->interface, &rooms[item], found);
		for (i = 0; i < n; i++)
			if (net_dns_name_equal(&found[i].name, name) && n_ours < sizeof ours / sizeof *ours)
				ours[n_ours++] = found[i];
	}
	for (i = 0; i < m->n_records && n_theirs < sizeof theirs / sizeof *theirs; i++)
		if (m->records[i].section == NET_DNS_AUTHORITY && net_dns_name_equal(&m->records[i].name, name))
			theirs[n_theirs++] = m->records[i];
	qsort(ours, n_ours, sizeof *ours, compare_records);
	qsort(theirs, n_theirs, sizeof *theirs, compare_records);
	for (i = 0; i < n_ours && i < n_theirs && order == 0; i++)
		order = compare_records(&ours[i], &theirs[i]);
	if (order == 0)
		order = (n_ours > n_theirs) - (n_ours < n_theirs);
	for (i = 0; i < N_ITEMS; i++)
		buffer_release(&rooms[i]);
	return order;
}

static bool hear_rival(struct link *l, const struct net_discover_packet *p)
{
	struct net_announce *a = l->announce;
	bool is_host;

	for (size_t i = 0; i < p->message->n_records; i++) {
		const struct net_dns_record *r = &p->message->records[i];
		if (r->section != NET_DNS_AUTHORITY || !is_our_name(a, &r->name, &is_host) || (is_host && net_discover_is_own(a->discover, p->from)))
			continue;
		if (compare_proposals(l, &r->name, p->message) < 0) {
			probe_again(a, YIELD_MS);
			return true;
		}
	}
	return false;
}

/* ---- questions ---- */

static void answer_pending(void *owner)
{
	struct link *l = owner;
	uint64_t items = l->pending;

	l->pending = 0;
	l->continues.len = 0;
	send_items(l, items, NULL, MULTICAST);
}

static void answer_legacy(struct link *l, const struct net_discover_packet *p, uint64_t items)
{
	struct sheet s = {
		.announce = l->announce, .link = l, .to = p->from, .manner = LEGACY, .id = p->message->id, .flags = NET_DNS_RESPONSE | NET_DNS_AUTHORITATIVE,
	};

	sheet_begin(&s);
	for (size_t i = 0; i < p->message->n_questions; i++)
		net_dns_write_question(&s.writer, &p->message->questions[i].name, p->message->questions[i].type,
		                       p->message->questions[i].class & 0x7fff);
	sheet_add(&s, NET_DNS_ANSWER, items);
	sheet_add(&s, NET_DNS_ADDITIONAL, net_announce_items_beside(items) & all_items(l));
	sheet_end(&s);
}

/* Known answers with half of their time left need no repetition: RFC 6762 7.1. */
static uint64_t known_items(const struct link *l, const struct net_dns_message *m)
{
	uint64_t known = 0;

	for (size_t i = 0; i < m->n_records; i++) {
		const struct net_dns_record *r = &m->records[i];
		unsigned item = r->section == NET_DNS_ANSWER ? find_item(l, r) : N_ITEMS;
		uint32_t full = item >= ITEM_A || item % ITEMS_OF_SERVICE == ITEM_SRV ? 120 : 4500;
		if (item < N_ITEMS && r->ttl >= full / 2)
			known |= BIT(item);
	}
	return known;
}

/* Some said so lately that everybody has them; a probe must be answered all the same. */
static uint64_t without_recent(const struct link *l, uint64_t items, int64_t within_ms)
{
	int64_t now = now_ms(l->announce);

	for (unsigned item = 0; item < N_ITEMS; item++)
		if ((items & BIT(item)) && l->last_ms[item] != 0 && now - l->last_ms[item] < within_ms)
			items &= ~BIT(item);
	return items;
}

static bool is_any_shared(uint64_t items)
{
	for (unsigned item = 0; item < N_ITEMS; item++)
		if ((items & BIT(item)) && net_announce_item_is_shared(item))
			return true;
	return false;
}

static int64_t delay_for(const struct net_dns_message *m, uint64_t items)
{
	if (m->flags & NET_DNS_TRUNCATED)
		return 400 + random_below(101);
	return is_any_shared(items) ? 20 + random_below(101) : 0;
}

static bool is_probe(const struct net_dns_message *m)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (m->records[i].section == NET_DNS_AUTHORITY)
			return true;
	return false;
}

static void hear_question(struct link *l, const struct net_discover_packet *p)
{
	const struct net_dns_message *m = p->message;
	uint64_t items = 0, by_unicast = 0, known = known_items(l, m);

	for (size_t i = 0; i < m->n_questions; i++) {
		uint64_t asked = net_announce_items_asked(&l->announce->set, &m->questions[i]);
		items |= asked;
		if (m->questions[i].class & NET_DISCOVER_UNICAST)
			by_unicast |= asked;
	}
	if (m->n_questions == 0 && l->continues.len != 0 && net_addr_equal(&l->continues, p->from))
		l->pending &= ~known;
	items &= all_items(l) & ~known;
	if (items == 0)
		return;
	if (p->is_legacy) {
		answer_legacy(l, p, items);
		return;
	}
	/* by unicast only what everybody else still has: RFC 6762 5.4; 30 s is a quarter of the shortest TTL */
	by_unicast &= items & ~without_recent(l, items, 30000);
	send_items(l, by_unicast, p->from, MULTICAST);
	items = without_recent(l, items & ~by_unicast, is_probe(m) ? PROBE_MS : REPEAT_MS);
	if (items == 0)
		return;
	if (m->flags & NET_DNS_TRUNCATED)
		l->continues = *p->from;
	l->pending |= items;
	if (!net_timer_is_armed(&l->timer) || is_probe(m))
		net_timer_start(&l->timer, net_discover_loop(l->announce->discover), is_probe(m) ? 0 : delay_for(m, items), answer_pending, l);
}

static void heard(void *owner, const struct net_discover_packet *p)
{
	struct net_announce *a = owner;
	struct link *l = link_of(a, p->interface);

	if (l == NULL)
		return;
	if (p->message->flags & NET_DNS_RESPONSE)
		hear_response(l, p);
	else if (a->phase != PROBING)
		hear_question(l, p);
	else if (is_probe(p->message))
		hear_rival(l, p);
}

/* ---- interfaces ---- */

static void release_links(struct net_announce *a)
{
	for (size_t i = 0; i < a->n_links; i++)
		net_timer_stop(&a->links[i].timer);
	free(a->links);
	a->links = NULL;
	a->n_links = 0;
}

static void make_links(struct net_announce *a)
{
	const struct net_interface *at[NET_INTERFACES_MAX];
	size_t n = net_discover_interfaces(a->discover, at);

	release_links(a);
	a->links = xcalloc(n, sizeof *a->links);
	for (; a->n_links < n; a->n_links++)
		a->links[a->n_links] = (struct link){ .announce = a, .interface = *at[a->n_links] };
}

static bool are_same(const struct net_announce *a)
{
	const struct net_interface *at[NET_INTERFACES_MAX];
	size_t n = net_discover_interfaces(a->discover, at);

	if (n != a->n_links)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct net_interface *had = &a->links[i].interface;
		if (had->index != at[i]->index || had->n_addrs != at[i]->n_addrs)
			return false;
		for (size_t k = 0; k < had->n_addrs; k++)
			if (!net_interface_has(at[i], &had->addrs[k].addr))
				return false;
	}
	return true;
}

/* On a network that was not there before, the names may be somebody's: RFC 6762 8.4 */
static void changed(void *owner)
{
	struct net_announce *a = owner;

	if (are_same(a))
		return;
	make_links(a);
	probe_again(a, random_below(PROBE_MS));
}

/* ---- life ---- */

struct net_announce *net_announce_start(struct net_discover *discover, const struct net_announce_options *options, net_announce_fn *fn,
                                        void *owner, struct error *err)
{
	struct net_announce *a = xcalloc(1, sizeof *a);

	a->discover = discover;
	a->fn = fn;
	a->owner = owner;
	a->instance_number = a->host_number = 1;
	if (!net_announce_set_init(&a->set, options, err)) {
		net_announce_set_release(&a->set);
		free(a);
		return NULL;
	}
	memcpy(a->wished_instance, a->set.instance, sizeof a->wished_instance);
	memcpy(a->wished_host, a->set.host, sizeof a->wished_host);
	a->listener = (struct net_discover_listener){ .heard = heard, .changed = changed, .owner = a };
	net_discover_listen(discover, &a->listener);
	make_links(a);
	probe_again(a, random_below(PROBE_MS));
	return a;
}

void net_announce_stop(struct net_announce *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; a->phase != PROBING && i < a->n_links; i++) {
		uint64_t own = all_items(&a->links[i]) & ~(BIT(ITEM_A) | BIT(ITEM_AAAA));
		/* a type that others have too is not gone with us */
		for (unsigned s = 0; s < a->set.n; s++)
			own &= ~BIT(ITEM_OF(s, ITEM_META));
		send_items(&a->links[i], own, NULL, GOODBYE);
	}
	net_timer_stop(&a->timer);
	release_links(a);
	net_discover_leave(a->discover, &a->listener);
	net_announce_set_release(&a->set);
	net_loop_free_later(net_discover_loop(a->discover), a);
}
