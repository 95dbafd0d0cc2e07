/* Any packets from the multicast group against an announcer and a browser.  Each begins with two octets of length and one that says from where it came. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "netcore/net_announce.h"
#include "netcore/net_browse.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static struct net_loop *loop;
static struct net_discover *group;
static struct net_announce *settled;
static unsigned interface;
static int port;

static void on_service(void *owner, enum net_browse_event event, const struct net_browse_service *s)
{
	size_t at = 0;

	(void)owner;
	(void)event;
	assert(s->instance.len <= NET_DNS_LABEL_MAX && s->n_addrs <= NET_BROWSE_ADDRS_MAX);
	while (at < s->texts.len)
		at += (unsigned char)s->texts.at[at] + 1u;
	assert(at == s->texts.len);
}

static void on_named(void *owner, const char *instance, const char *host)
{
	(void)owner;
	assert(instance[0] != '\0' && host[0] != '\0');
}

static const struct net_announce_service service = { .type = "_imap._tcp", .port = 143 };
static const struct net_announce_options settled_options = { .instance = "s", .host = "h", .services = &service, .n_services = 1 };
static const struct net_announce_options options = { .instance = "a", .host = "h", .services = &service, .n_services = 1 };

/* Once: a port of our own, on loopback; and one announcer that has its names already and keeps them over all inputs. */
static void prepare(void)
{
	const struct net_discover_options where = { .interface = "lo", .port = port = 20000 + (int)((unsigned)getpid() % 10000) };
	const struct net_interface *all[NET_INTERFACES_MAX];
	struct error err = { 0 };

	loop = net_loop_create(NET_POLL_EPOLL, &err);
	group = net_discover_open(&where, &err);
	if (group == NULL || !net_discover_start(group, loop, &err))
		abort();
	interface = net_discover_interfaces(group, all) > 0 ? all[0]->index : 1;
	settled = net_announce_start(group, &settled_options, on_named, NULL, &err);
	for (int64_t end = net_loop_now_ms(loop) + 2500; net_loop_now_ms(loop) < end;)
		net_loop_run_once(loop, 50);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const char *const sources[] = { "127.0.0.1", "127.0.0.9", "192.0.2.1" };
	struct net_addr from;

	if (loop == NULL)
		prepare();
	struct net_announce *a = net_announce_start(group, &options, on_named, NULL, NULL);
	struct net_browse *b = net_browse_start(group, "_imap._tcp", on_service, NULL, NULL);
	for (unsigned i = 0; i < 20 && len >= 3; i++) {
		size_t n = (size_t)at[0] << 8 | at[1];
		unsigned how = at[2];
		at += 3;
		len -= 3;
		n = n < len ? n : len;
		/* from the group's port, or from a plain resolver's */
		net_addr_from_ip(sources[how % 3], how & 4 ? 9 : port, &from);
		net_discover_take(group, bytes_of(at, n), &from, interface);
		net_loop_run_once(loop, 0);
		at += n;
		len -= n;
	}
	net_announce_stop(a);
	net_browse_stop(b);
	net_loop_run_once(loop, 0);
	return 0;
}
