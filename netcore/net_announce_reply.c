/* What an announcer sends: packets of its records, and which of them a question gets. */
#include "base/random.h"
#include "netcore/net_announce_state.h"

#define LEGACY_TTL_S 10
#define REPEAT_MS 1000                  /* the same record is not multicast more often: RFC 6762 6 */

static int64_t now_ms(const struct net_announce *a)
{
	return net_loop_now_ms(net_discover_loop(a->discover));
}

/* ---- packets ---- */

struct sheet {                          /* packets being filled */
	struct net_announce *announce;
	const struct net_announce_link *link;
	const struct net_addr *to;              /* NULL: the groups */
	enum net_announce_manner manner;
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
			if (s->manner == NET_ANNOUNCE_GOODBYE)
				records[i].ttl = 0;
			if (s->manner == NET_ANNOUNCE_LEGACY && records[i].ttl > LEGACY_TTL_S)
				records[i].ttl = LEGACY_TTL_S;
			/* in a probe the records are only proposed, and a plain resolver does not know the bit */
			if (s->manner == NET_ANNOUNCE_LEGACY || section == NET_DNS_AUTHORITY)
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

void net_announce_send(struct net_announce_link *l, uint64_t items, const struct net_addr *to, enum net_announce_manner manner)
{
	struct sheet s = { .announce = l->announce, .link = l, .to = to, .manner = manner, .flags = NET_DNS_RESPONSE | NET_DNS_AUTHORITATIVE };
	uint64_t here = net_announce_items_on(&l->announce->set, &l->interface);

	items &= here;
	if (items == 0)
		return;
	sheet_begin(&s);
	sheet_add(&s, NET_DNS_ANSWER, items);
	if (manner != NET_ANNOUNCE_GOODBYE)
		sheet_add(&s, NET_DNS_ADDITIONAL, net_announce_items_beside(items) & here);
	sheet_end(&s);
	for (unsigned item = 0; to == NULL && item < N_ITEMS; item++)
		if (items & BIT(item))
			l->last_ms[item] = now_ms(l->announce);
}

uint64_t net_announce_all_items(const struct net_announce_link *l)
{
	return net_announce_items_on(&l->announce->set, &l->interface);
}

/*
 * Every unique name is asked for, with what we want to say of it.  The reply may come by multicast: by unicast it would reach only
 * one of the programs of this host that share the port.
 */
void net_announce_send_probe(struct net_announce_link *l)
{
	struct net_announce *a = l->announce;
	struct sheet s = { .announce = a, .link = l, .manner = NET_ANNOUNCE_MULTICAST };
	uint64_t items = net_announce_all_items(l), unique = 0;

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

/* ---- questions ---- */

static void answer_pending(void *owner)
{
	struct net_announce_link *l = owner;
	uint64_t items = l->pending;

	l->pending = 0;
	l->continues.len = 0;
	net_announce_send(l, items, NULL, NET_ANNOUNCE_MULTICAST);
}

static void answer_legacy(struct net_announce_link *l, const struct net_discover_packet *p, uint64_t items)
{
	struct sheet s = {
		.announce = l->announce, .link = l, .to = p->from, .manner = NET_ANNOUNCE_LEGACY, .id = p->message->id, .flags = NET_DNS_RESPONSE | NET_DNS_AUTHORITATIVE,
	};

	sheet_begin(&s);
	for (size_t i = 0; i < p->message->n_questions; i++)
		net_dns_write_question(&s.writer, &p->message->questions[i].name, p->message->questions[i].type,
		                       p->message->questions[i].class & 0x7fff);
	sheet_add(&s, NET_DNS_ANSWER, items);
	sheet_add(&s, NET_DNS_ADDITIONAL, net_announce_items_beside(items) & net_announce_all_items(l));
	sheet_end(&s);
}

/* Known answers with half of their time left need no repetition: RFC 6762 7.1. */
static uint64_t known_items(const struct net_announce_link *l, const struct net_dns_message *m)
{
	uint64_t known = 0;

	for (size_t i = 0; i < m->n_records; i++) {
		const struct net_dns_record *r = &m->records[i];
		unsigned item = r->section == NET_DNS_ANSWER ? net_announce_find_item(l, r) : N_ITEMS;
		uint32_t full = item >= ITEM_A || item % ITEMS_OF_SERVICE == ITEM_SRV ? 120 : 4500;
		if (item < N_ITEMS && r->ttl >= full / 2)
			known |= BIT(item);
	}
	return known;
}

/* Some said so lately that everybody has them; a probe must be answered all the same. */
static uint64_t without_recent(const struct net_announce_link *l, uint64_t items, int64_t within_ms)
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

bool net_announce_is_probe(const struct net_dns_message *m)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (m->records[i].section == NET_DNS_AUTHORITY)
			return true;
	return false;
}

void net_announce_hear_question(struct net_announce_link *l, const struct net_discover_packet *p)
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
	items &= net_announce_all_items(l) & ~known;
	if (items == 0)
		return;
	if (p->is_legacy) {
		answer_legacy(l, p, items);
		return;
	}
	/* by unicast only what everybody else still has: RFC 6762 5.4; 30 s is a quarter of the shortest TTL */
	by_unicast &= items & ~without_recent(l, items, 30000);
	net_announce_send(l, by_unicast, p->from, NET_ANNOUNCE_MULTICAST);
	items = without_recent(l, items & ~by_unicast, net_announce_is_probe(m) ? NET_ANNOUNCE_PROBE_MS : REPEAT_MS);
	if (items == 0)
		return;
	if (m->flags & NET_DNS_TRUNCATED)
		l->continues = *p->from;
	l->pending |= items;
	if (!net_timer_is_armed(&l->timer) || net_announce_is_probe(m))
		net_timer_start(&l->timer, net_discover_loop(l->announce->discover), net_announce_is_probe(m) ? 0 : delay_for(m, items), answer_pending, l);
}
