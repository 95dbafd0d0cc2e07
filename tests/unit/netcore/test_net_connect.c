#include <errno.h>

#include "netcore/net_connect.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;

struct caller {
	int fd, calls;
	struct net_addr addr;
	struct error err;
	bool done;
};

static void on_answer(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct caller *c = owner;

	c->calls++;
	c->done = true;
	c->fd = fd;
	if (addr)
		c->addr = *addr;
	if (err)
		c->err = *err;
}

static void one_address_answers(const char *name)
{
	struct caller c = { 0 };
	struct net_addr at;
	int listener = rig_listen(&at);

	net_connect_start(loop, &at, 1, RIG_WAIT_MS, on_answer, &c);
	CHECK_ROW(c.calls == 0, "never called from within the start");
	CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd >= 0 && net_addr_equal(&c.addr, &at), name);
	CHECK_ROW(fcntl(c.fd, F_GETFL) & O_NONBLOCK, "the descriptor is non-blocking");
	net_socket_close(c.fd);
	net_socket_close(listener);
}

static void a_dead_first_address_falls_to_the_second(const char *name)
{
	struct net_addr at[3] = { rig_addr("unix:/nonexistent/socket") };
	int dead = rig_refusing(&at[1]), listener = rig_listen(&at[2]);
	int64_t best_ms = INT64_MAX;

	/* a busy machine makes one of them late, hardly each */
	for (int i = 0; i < 10 && best_ms >= 200; i++) {
		struct caller c = { 0 };
		int64_t before = rig_now_ms();
		net_connect_start(loop, at, 3, RIG_WAIT_MS, on_answer, &c);
		CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd >= 0 && net_addr_equal(&c.addr, &at[2]), name);
		if (rig_now_ms() - before < best_ms)
			best_ms = rig_now_ms() - before;
		net_socket_close(c.fd);
	}
	CHECK_ROW(best_ms < 200, "a refusal does not wait for the stagger");
	net_socket_close(listener);
	net_socket_close(dead);
}

/* A listener whose backlog is full swallows further SYNs: its address hangs. */
struct black_hole {
	struct net_addr at;
	int listener, clients[4];
};

static void dig(struct black_hole *h)
{
	struct error err = { 0 };

	h->listener = rig_listen(&h->at);
	listen(h->listener, 0);
	for (int i = 0; i < 4; i++)
		h->clients[i] = net_socket_connect(&h->at, &err);
	usleep(100000);
}

static void fill(struct black_hole *h)
{
	for (int i = 0; i < 4; i++)
		net_socket_close(h->clients[i]);
	net_socket_close(h->listener);
}

static void a_hanging_first_address_is_overtaken(const char *name)
{
	struct black_hole hole;
	struct net_addr at[2];
	int listener = rig_listen(&at[1]);
	int64_t best_ms = INT64_MAX;

	dig(&hole);
	at[0] = hole.at;
	/* a busy machine makes one of them late, hardly each */
	for (int i = 0; i < 10 && best_ms >= 500; i++) {
		struct caller c = { 0 };
		int64_t before = rig_now_ms();
		net_connect_start(loop, at, 2, RIG_WAIT_MS, on_answer, &c);
		CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd >= 0 && net_addr_equal(&c.addr, &at[1]), name);
		if (rig_now_ms() - before < best_ms)
			best_ms = rig_now_ms() - before;
		rig_run_for(loop, 20);
		CHECK_ROW(c.calls == 1, "answered once");
		net_socket_close(c.fd);
	}
	CHECK_ROW(best_ms >= 240 && best_ms < 500, "after the stagger of 250 ms");
	net_socket_close(listener);
	fill(&hole);
}

static void the_deadline_ends_the_wait(const char *name)
{
	struct caller c = { 0 };
	struct black_hole hole;

	dig(&hole);
	net_connect_start(loop, &hole.at, 1, 60, on_answer, &c);
	CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd < 0 && c.err.kind == ERROR_TRY_LATER, name);
	fill(&hole);
}

static void all_refused_tells_the_first_reason(const char *name)
{
	struct caller c = { 0 };
	struct net_addr at[2];
	int dead[2] = { rig_refusing(&at[0]), rig_refusing(&at[1]) };
	char text[NET_ADDR_TEXT];

	net_connect_start(loop, at, 2, RIG_WAIT_MS, on_answer, &c);
	CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd < 0 && c.err.sys_errno == ECONNREFUSED, name);
	CHECK_ROW(strstr(c.err.text, net_addr_format(&at[0], text)) != NULL, c.err.text);
	net_socket_close(dead[0]);
	net_socket_close(dead[1]);
}

static void no_address_is_an_answer_too(const char *name)
{
	struct caller c = { 0 };

	net_connect_start(loop, NULL, 0, RIG_WAIT_MS, on_answer, &c);
	CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd < 0 && c.err.kind == ERROR_NOT_FOUND, name);
}

static void a_cancelled_connect_never_answers(const char *name)
{
	struct caller c = { 0 };
	struct net_addr at;
	int listener = rig_listen(&at);

	struct net_connect *connect = net_connect_start(loop, &at, 1, RIG_WAIT_MS, on_answer, &c);
	net_loop_run_once(loop, 0);
	net_connect_cancel(connect);
	rig_run_for(loop, 30);
	CHECK_ROW(c.calls == 0, name);
	net_socket_close(listener);
}

static void names_are_looked_up(const char *name)
{
	struct caller c = { 0 }, numeric = { 0 }, cancelled = { 0 };
	struct error err = { 0 };
	struct net_worker *worker = net_worker_create(1, 4, &err);
	struct net_addr at;
	int listener = rig_listen(&at);

	net_connect_host(loop, worker, "localhost", net_addr_port(&at), RIG_WAIT_MS, on_answer, &c);
	net_connect_host(loop, NULL, "127.0.0.1", net_addr_port(&at), RIG_WAIT_MS, on_answer, &numeric);
	net_connect_cancel(net_connect_host(loop, worker, "localhost", net_addr_port(&at), RIG_WAIT_MS, on_answer, &cancelled));
	CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd >= 0, c.err.text);
	CHECK_ROW(rig_run(loop, &numeric.done, RIG_WAIT_MS) && numeric.fd >= 0, "an address needs no look-up");
	net_worker_destroy(worker);
	rig_run_for(loop, 20);
	CHECK_ROW(cancelled.calls == 0, name);
	net_socket_close(c.fd);
	net_socket_close(numeric.fd);
	net_socket_close(listener);
}

static void only_looking_a_name_up_connects_to_nobody(const char *name)
{
	struct caller found = { 0 }, missing = { 0 }, numeric = { 0 };
	struct error err = { 0 };
	struct net_worker *worker = net_worker_create(1, 4, &err);

	net_connect_look_up(loop, worker, "localhost", 1, RIG_WAIT_MS, on_answer, &found);
	net_connect_look_up(loop, worker, "no name.invalid", 1, RIG_WAIT_MS, on_answer, &missing);
	net_connect_look_up(loop, NULL, "127.0.0.1", 1, RIG_WAIT_MS, on_answer, &numeric);
	CHECK_ROW(rig_run(loop, &found.done, RIG_WAIT_MS) && found.fd < 0 && found.err.kind == ERROR_NONE, name);
	CHECK_ROW(rig_run(loop, &missing.done, RIG_WAIT_MS) && missing.fd < 0 && missing.err.kind != ERROR_NONE, name);
	CHECK_ROW(rig_run(loop, &numeric.done, RIG_WAIT_MS) && numeric.fd < 0 && numeric.err.kind == ERROR_NONE, name);
	net_worker_destroy(worker);
}

static void a_full_unix_backlog_is_waited_for(const char *name)
{
	struct caller c = { 0 };
	struct error err = { 0 };
	char text[300];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), clients[8], n = 0;

	snprintf(text, sizeof text, "unix:%s/backlog-%s", check_folder(), name);
	struct net_addr at = rig_addr(text);
	CHECK(bind(fd, net_addr_sockaddr(&at), at.len) == 0 && listen(fd, 1) == 0);
	while (n < 8 && (clients[n] = net_socket_connect(&at, &err)) >= 0)
		n++;
	net_connect_start(loop, &at, 1, RIG_WAIT_MS, on_answer, &c);
	rig_run_for(loop, 80);
	CHECK_ROW(c.calls == 0, "it waits");
	close(accept(fd, NULL, NULL));
	CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd >= 0, name);
	net_socket_close(c.fd);
	while (n > 0)
		net_socket_close(clients[--n]);
	close(fd);
}

static const struct interleave_case {
	const char *name, *given, *wanted;      /* 4 and 6 by family, letters tell them apart */
} interleave_cases[] = {
	{ "families take turns",                     "6a 6b 6c 4a 4b", "6a 4a 6b 4b 6c" },
	{ "the resolver's favourite begins",         "4a 4b 6a",       "4a 6a 4b" },
	{ "one family keeps its order",              "6a 6b 6c",       "6a 6b 6c" },
	{ "turns already taken stay",                "6a 4a 6b 4b",    "6a 4a 6b 4b" },
	{ "many of one do not crowd out the other",  "4a 4b 4c 4d 6a", "4a 6a 4b 4c 4d" },
	{ "one",                                     "6a",             "6a" },
	{ "none",                                    "",               "" },
};

static void families_take_turns(void)
{
	for (size_t k = 0; k < sizeof interleave_cases / sizeof *interleave_cases; k++) {
		const struct interleave_case *c = &interleave_cases[k];
		struct net_addr addrs[8];
		char text[64], got[64] = "";
		size_t n = 0;
		for (const char *at = c->given; *at; at += at[2] ? 3 : 2) {
			snprintf(text, sizeof text, at[0] == '4' ? "10.0.0.%d:1" : "[2001:db8::%d]:1", at[1] - 'a' + 1);
			addrs[n++] = rig_addr(text);
		}
		net_connect_interleave(addrs, n);
		for (size_t i = 0; i < n; i++) {
			const unsigned char *octets = (const unsigned char *)net_addr_sockaddr(&addrs[i]);
			bool v4 = net_addr_family(&addrs[i]) == AF_INET;
			snprintf(got + strlen(got), sizeof got - strlen(got), "%s%c%c", i ? " " : "", v4 ? '4' : '6', 'a' + octets[v4 ? 7 : 23] - 1);
		}
		CHECK_TEXT(got, c->wanted, c->name);
	}
}

/* Whoever loses is closed, and nothing stays open. */
static void losers_are_closed(const char *name)
{
	struct black_hole hole;
	struct net_addr at[2];
	int listener = rig_listen(&at[1]), before, after;

	dig(&hole);
	at[0] = hole.at;
	before = dup(listener);
	close(before);
	for (int i = 0; i < 3; i++) {
		struct caller c = { 0 };
		net_connect_start(loop, at, 2, RIG_WAIT_MS, on_answer, &c);
		CHECK_ROW(rig_run(loop, &c.done, RIG_WAIT_MS) && c.fd >= 0, name);
		net_socket_close(c.fd);
		close(accept(listener, NULL, NULL));
	}
	after = dup(listener);
	close(after);
	CHECK_ROW(before == after, "no descriptor is left");
	net_socket_close(listener);
	fill(&hole);
}

int main(void)
{
	families_take_turns();
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		one_address_answers(name);
		a_dead_first_address_falls_to_the_second(name);
		a_hanging_first_address_is_overtaken(name);
		the_deadline_ends_the_wait(name);
		all_refused_tells_the_first_reason(name);
		no_address_is_an_answer_too(name);
		a_cancelled_connect_never_answers(name);
		names_are_looked_up(name);
		only_looking_a_name_up_connects_to_nobody(name);
		losers_are_closed(name);
		a_full_unix_backlog_is_waited_for(name);
		net_loop_destroy(loop);
	}
	return check_finish();
}
