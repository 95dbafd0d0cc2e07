/* Faults of listing interfaces, hearing of their changes, and of announcing and browsing on them: on loopback, in a network of our own where one is granted. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/random.h"
#include "netcore/net_announce.h"
#include "netcore/net_browse.h"

static int port, control = -1;          /* control: to change interfaces with; -1: no network of our own */
static int told = -1;                   /* the log */

/* ---- interfaces ---- */

struct watcher {
	struct net_interfaces *all;
	bool done, saw_loopback;
};

static bool has_loopback(const struct net_interfaces *all)
{
	const struct net_interface *lo = net_interfaces_by_name(all, "lo");

	return lo != NULL && lo->is_up && lo->n_addrs > 0;
}

static void on_change(void *owner)
{
	struct watcher *w = owner;

	w->done = true;
	w->saw_loopback = has_loopback(w->all);
}

static void change_loopback(void)
{
	static int size = 60000;
	struct ifreq request = { .ifr_name = "lo", .ifr_mtu = size == 60000 ? ++size : --size };

	CHECK(ioctl(control, SIOCSIFMTU, &request) == 0);
}

/* Whatever fails, the news is told once the list is there, and until then the list is what it was. */
static void news(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct net_loop *loop = net_loop_create(kind, &err);
	struct watcher w = { .all = loop ? net_interfaces_open(&err) : NULL };

	CHECK_ROW(w.all || (a_fault_came() && err.text[0] != '\0'), claim);
	if (w.all && net_interfaces_watch(w.all, loop, on_change, &w, &err)) {
		CHECK_ROW(has_loopback(w.all), claim);
		change_loopback();
		while (!w.done && rig_run(loop, &w.done, 50))
			CHECK_ROW(has_loopback(w.all), claim);
		CHECK_ROW(rig_run(loop, &w.done, PLAY_HANG_MS) && w.saw_loopback, claim);
	} else {
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
	}
	net_interfaces_close(w.all);
	net_loop_destroy(loop);
}

/* Read twice: a list that could not be read is the one before. */
static void read_again(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct net_interfaces *all = net_interfaces_open(&err);

	(void)kind;
	if (all == NULL) {
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
		return;
	}
	CHECK_ROW(net_interfaces_read(all, &err) || (a_fault_came() && err.text[0] != '\0'), claim);
	CHECK_ROW(has_loopback(all), claim);
	net_interfaces_close(all);
}

/* ---- services ---- */

struct scene {
	struct net_announce *announce;
	struct net_browse *browse;
	bool named, found, gone;
};

static void on_named(void *owner, const char *instance, const char *host)
{
	(void)instance, (void)host;
	((struct scene *)owner)->named = true;
}

static void on_service(void *owner, enum net_browse_event event, const struct net_browse_service *service)
{
	struct scene *s = owner;

	s->found = s->found || (event == NET_BROWSE_FOUND && service->port == 143);
	s->gone = s->gone || event == NET_BROWSE_GONE;
}

static void announce_and_browse(struct scene *s, struct net_loop *loop, struct net_discover *d, const char *claim)
{
	const struct net_announce_service service = { .type = "_imap._tcp", .port = 143 };
	const struct net_announce_options options = { .instance = "Post", .host = "mx", .services = &service, .n_services = 1 };
	struct error err = { 0 };

	s->announce = net_announce_start(d, &options, on_named, s, &err);
	s->browse = net_browse_start(d, "_imap._tcp", on_service, s, &err);
	CHECK_ROW(s->announce && s->browse, claim);
	/* A group that could not be joined is not made good, but told of. */
	bool is_deaf = lseek(told, 0, SEEK_END) > 0;
	CHECK_ROW(!is_deaf || a_fault_came(), claim);
	CHECK_ROW((rig_run(loop, &s->found, PLAY_HANG_MS) && s->named) || is_deaf, claim);
	net_announce_stop(s->announce);
	if (!a_fault_came())
		CHECK_ROW(rig_run(loop, &s->gone, PLAY_HANG_MS), claim);
	net_browse_stop(s->browse);
}

/* All is said more than once: what is lost between is made good. */
static void services(enum net_poll_kind kind, const char *claim)
{
	const struct net_discover_options options = { .interface = "lo", .port = port };
	struct error err = { 0 };
	struct net_loop *loop = net_loop_create(kind, &err);
	struct net_discover *d = loop ? net_discover_open(&options, &err) : NULL;
	struct scene s = { .named = false };

	still_clock.patience_ms = 1;
	CHECK(ftruncate(told, 0) == 0);
	log_set_fd(told);
	if (d && net_discover_start(d, loop, &err))
		announce_and_browse(&s, loop, d, claim);
	else
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
	net_discover_close(d);
	net_loop_destroy(loop);
	still_clock.patience_ms = 0;
	log_set_fd(-1);
}

static bool enter_own_network(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return control >= 0 && ioctl(control, SIOCSIFFLAGS, &request) == 0;
}

static const struct fault_play plays[] = { { "read again", read_again }, { "services", services }, { "news", news } };

int main(void)
{
	size_t n = sizeof plays / sizeof *plays;

	told = memfd_create("log", MFD_CLOEXEC);
	port = 20000 + (int)random_below(10000);
	if (!enter_own_network()) {
		fprintf(stderr, "no network of our own: hearing of changes is not played\n");
		fault_plays_partly = true;
		n--;
	}
	int failed = fault_plays_run(plays, n);
	net_socket_close(control);
	net_socket_close(told);
	return failed;
}
