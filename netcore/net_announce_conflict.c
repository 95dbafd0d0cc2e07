/* Who else says something about the names of an announcer: conflicts, and probes at the same time.  RFC 6762 8.1, 8.2, 9. */
#include <stdlib.h>

#include "netcore/net_announce_state.h"

unsigned net_announce_find_item(const struct net_announce_link *l, const struct net_dns_record *record)
{
	struct net_dns_record ours[NET_ANNOUNCE_RECORDS_MAX];
	struct buffer room = { 0 };
	uint64_t items = net_announce_all_items(l);
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
static bool is_conflict(const struct net_announce_link *l, const struct net_discover_packet *p, const struct net_dns_record *r, bool *is_host)
{
	if (r->ttl == 0 || !is_unique_type(r->type) || !is_our_name(l->announce, &r->name, is_host))
		return false;
	if (*is_host && net_discover_is_own(l->announce->discover, p->from))
		return false;
	return net_announce_find_item(l, r) == N_ITEMS;
}

void net_announce_hear_response(struct net_announce_link *l, const struct net_discover_packet *p)
{
	struct net_announce *a = l->announce;
	bool is_own = net_discover_is_own(a->discover, p->from), is_host;

	for (size_t i = 0; i < p->message->n_records; i++) {
		const struct net_dns_record *r = &p->message->records[i];
		if (is_conflict(l, p, r, &is_host)) {
			if (a->phase == NET_ANNOUNCE_PROBING)
				net_announce_rename(a, is_host);
			else
				net_announce_probe_again(a, 0);      /* they may be gone already: RFC 6762 9 */
			return;
		}
		/* another responder said it for us: RFC 6762 7.4 */
		unsigned item = is_own ? N_ITEMS : net_announce_find_item(l, r);
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
static int compare_proposals(const struct net_announce_link *l, const struct net_dns_name *name, const struct net_dns_message *m)
{
	struct net_dns_record ours[4 * NET_ANNOUNCE_RECORDS_MAX] = { 0 }, theirs[32] = { 0 }, found[NET_ANNOUNCE_RECORDS_MAX];
	size_t n_ours = 0, n_theirs = 0, i;
	uint64_t items = net_announce_all_items(l);
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

void net_announce_hear_rival(struct net_announce_link *l, const struct net_discover_packet *p)
{
	struct net_announce *a = l->announce;
	bool is_host;

	for (size_t i = 0; i < p->message->n_records; i++) {
		const struct net_dns_record *r = &p->message->records[i];
		if (r->section != NET_DNS_AUTHORITY || !is_our_name(a, &r->name, &is_host) || (is_host && net_discover_is_own(a->discover, p->from)))
			continue;
		if (compare_proposals(l, &r->name, p->message) < 0) {
			net_announce_probe_again(a, NET_ANNOUNCE_YIELD_MS);
			return;
		}
	}
}
