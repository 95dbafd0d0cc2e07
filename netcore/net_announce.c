#include "netcore/net_announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_announce_state.h"

#define PROBES 3
#define ANNOUNCEMENTS 2
#define ANNOUNCE_MS 1000
#define CONFLICTS_MAX 15                /* then slower: RFC 6762 8.1 */
#define CONFLICTS_MS 5000

/* ---- probing and announcing ---- */

static void step(void *owner);

static void wait_for(struct net_announce *a, int64_t ms)
{
	net_timer_start(&a->timer, net_discover_loop(a->discover), ms, step, a);
}

void net_announce_probe_again(struct net_announce *a, int64_t delay_ms)
{
	a->phase = NET_ANNOUNCE_PROBING;
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

	if (a->phase == NET_ANNOUNCE_PROBING && a->round == PROBES) {
		a->phase = NET_ANNOUNCE_ANNOUNCING;
		a->round = 0;
	}
	for (size_t i = 0; i < a->n_links; i++) {
		if (a->phase == NET_ANNOUNCE_PROBING)
			net_announce_send_probe(&a->links[i]);
		else
			net_announce_send(&a->links[i], net_announce_all_items(&a->links[i]), NULL, NET_ANNOUNCE_MULTICAST);
	}
	a->round++;
	if (a->phase == NET_ANNOUNCE_PROBING) {
		wait_for(a, NET_ANNOUNCE_PROBE_MS);
		return;
	}
	if (a->round < ANNOUNCEMENTS)
		wait_for(a, ANNOUNCE_MS);
	else
		a->phase = NET_ANNOUNCE_SETTLED;
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

void net_announce_rename(struct net_announce *a, bool is_host)
{
	if (is_host)
		number_name(a->wished_host, "-", ++a->host_number, "", a->set.host);
	else
		number_name(a->wished_instance, " (", ++a->instance_number, ")", a->set.instance);
	net_announce_set_name(&a->set);
	a->was_told = false;
	a->conflicts++;
	net_announce_probe_again(a, a->conflicts > CONFLICTS_MAX ? CONFLICTS_MS : 0);
}

/* ---- what is heard ---- */

static struct net_announce_link *link_of(struct net_announce *a, unsigned index)
{
	for (size_t i = 0; i < a->n_links; i++)
		if (a->links[i].interface.index == index)
			return &a->links[i];
	return NULL;
}

static void heard(void *owner, const struct net_discover_packet *p)
{
	struct net_announce *a = owner;
	struct net_announce_link *l = link_of(a, p->interface);

	if (l == NULL)
		return;
	if (p->message->flags & NET_DNS_RESPONSE)
		net_announce_hear_response(l, p);
	else if (a->phase != NET_ANNOUNCE_PROBING)
		net_announce_hear_question(l, p);
	else if (net_announce_is_probe(p->message))
		net_announce_hear_rival(l, p);
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
		a->links[a->n_links] = (struct net_announce_link){ .announce = a, .interface = *at[a->n_links] };
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
	net_announce_probe_again(a, random_below(NET_ANNOUNCE_PROBE_MS));
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
	net_announce_probe_again(a, random_below(NET_ANNOUNCE_PROBE_MS));
	return a;
}

void net_announce_stop(struct net_announce *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; a->phase != NET_ANNOUNCE_PROBING && i < a->n_links; i++) {
		uint64_t own = net_announce_all_items(&a->links[i]) & ~(BIT(ITEM_A) | BIT(ITEM_AAAA));
		/* a type that others have too is not gone with us */
		for (unsigned s = 0; s < a->set.n; s++)
			own &= ~BIT(ITEM_OF(s, ITEM_META));
		net_announce_send(&a->links[i], own, NULL, NET_ANNOUNCE_GOODBYE);
	}
	net_timer_stop(&a->timer);
	release_links(a);
	net_discover_leave(a->discover, &a->listener);
	net_announce_set_release(&a->set);
	net_loop_free_later(net_discover_loop(a->discover), a);
}
