#include "nettool/nettool_forwarding.h"

#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "netcore/net_datagram_forwarder.h"
#include "netcore/net_signal.h"
#include "netcore/net_socket.h"

#define CONNECTIONS_MAX 1000
#define ASSOCIATION_IDLE_MS (60 * 1000)
#define TIME_MAX_S (30 * 86400)

void nettool_forwarding_init(struct nettool_forwarding *f)
{
	*f = (struct nettool_forwarding){ .settings = {
		.connect_ms = 10 * 1000, .total_max = CONNECTIONS_MAX,
		.forward = { .idle_ms = -1, .half_open_ms = 60 * 1000 },
	} };
}

static bool number_option(const char *value, size_t *number, struct error *err)
{
	uint64_t n;

	if (!bytes_to_u64(bytes_text(value), 1000000, &n) || n == 0)
		return error_set(err, ERROR_SYNTAX, "\"%.40s\" is not a number from 1 to 1000000", value);
	*number = n;
	return true;
}

static bool time_option(const char *value, int64_t *ms, struct error *err)
{
	int64_t seconds;

	if (!text_parse_duration_s(value, &seconds) || seconds < 0 || seconds > TIME_MAX_S)
		return error_set(err, ERROR_SYNTAX, "\"%.40s\" is not a time such as 30s, 5m or 1h", value);
	*ms = seconds * 1000;
	return true;
}

bool nettool_forwarding_option(struct nettool_forwarding *f, int option, const char *value, struct error *err)
{
	struct net_forwarder_settings *s = &f->settings;

	switch (option) {
	case 'a':
		if (s->n_allowed == NETTOOL_ALLOWED_MAX)
			return error_set(err, ERROR_LIMIT, "at most %d blocks can be allowed", NETTOOL_ALLOWED_MAX);
		return net_cidr_parse(value, &f->allowed[s->n_allowed], err) && ++s->n_allowed > 0;
	case 'm':
		return number_option(value, &s->total_max, err);
	case 'p':
		return number_option(value, &s->per_address_max, err);
	case 'i':
		return time_option(value, &s->forward.idle_ms, err);
	case 'h':
		return time_option(value, &s->forward.half_open_ms, err);
	case 'c':
		return time_option(value, &s->connect_ms, err);
	default:
		return error_set(err, ERROR_SYNTAX, "an option that is not known, or lacks its value");
	}
}

bool nettool_forwarding_addresses(struct nettool_forwarding *f, const char *listen, const char *target, struct error *err)
{
	enum nettool_transport other;

	if (!nettool_address_parse(listen, &f->transport, &f->listen, err) || !nettool_place_parse(target, &other, &f->settings.target, err))
		return false;
	return other == f->transport || error_set(err, ERROR_SYNTAX, "LISTEN and TARGET are both udp: or both not");
}

/* While it runs: one of the two forwarders. */
struct running {
	const struct nettool_command *command;
	struct net_loop *loop;
	struct net_signal *signals;
	struct net_worker *worker;      /* when the target is a name */
	struct net_forwarder *streams;
	struct net_datagram_forwarder *datagrams;
};

static void print_counts(const struct running *r)
{
	struct net_forwarder_counts c = r->streams ? net_forwarder_counts(r->streams) : net_datagram_forwarder_counts(r->datagrams);

	fprintf(stderr, "nettool %s: open=%zu accepted=%llu refused=%llu unreachable=%llu finished=%llu broken=%llu up=%llu down=%llu\n",
	        r->command->name, c.open, (unsigned long long)c.accepted, (unsigned long long)c.refused, (unsigned long long)c.unreachable,
	        (unsigned long long)c.finished, (unsigned long long)c.broken, (unsigned long long)c.octets[0], (unsigned long long)c.octets[1]);
}

static void on_signal(void *owner, int number)
{
	struct running *r = owner;

	if (number == SIGUSR1)
		print_counts(r);
	else
		net_loop_stop(r->loop);
}

static bool open_all(struct running *r, const struct nettool_forwarding *f, const struct net_forwarder_events *events, void *owner, struct error *err)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGUSR1, 0 };
	struct net_forwarder_settings settings = f->settings;
	bool is_stream = f->transport == NETTOOL_STREAM;
	struct net_addr real;
	char text[NET_ADDR_TEXT];

	settings.allowed = f->allowed;
	if (settings.forward.idle_ms < 0)
		settings.forward.idle_ms = is_stream ? 3600 * 1000 : ASSOCIATION_IDLE_MS;
	if (!nettool_places_look_up(r->loop, &r->worker, &settings.target, 1, err))
		return false;
	settings.worker = r->worker;
	int fd = is_stream ? net_socket_listen(&f->listen, err) : net_socket_bind_datagram(&f->listen, err);
	if (fd < 0)
		return false;
	net_socket_local_addr(fd, &real);
	if (is_stream)
		r->streams = net_forwarder_create(r->loop, fd, &settings, events, owner, err);
	else
		r->datagrams = net_datagram_forwarder_create(r->loop, fd, &settings, err);
	r->signals = net_signal_create(r->loop, numbers, on_signal, r, err);
	if ((r->streams == NULL && r->datagrams == NULL) || r->signals == NULL)
		return false;
	printf("listening on %s%s\n", is_stream ? "" : "udp:", net_addr_format(&real, text));
	fflush(stdout);
	return true;
}

int nettool_forwarding_run(const struct nettool_command *command, const struct nettool_forwarding *f, const struct net_forwarder_events *events, void *owner)
{
	struct error err = { 0 };
	struct running r = { .command = command, .loop = net_loop_create(net_poll_kind_default(), &err) };
	char text[NET_ADDR_TEXT];

	net_socket_raise_limit();
	bool open = r.loop && open_all(&r, f, events, owner, &err);
	if (open)
		net_loop_run(r.loop);
	else
		fprintf(stderr, "nettool %s: %s\n", command->name, err.text);
	net_forwarder_destroy(r.streams);
	net_datagram_forwarder_destroy(r.datagrams);
	net_signal_destroy(r.signals);
	net_worker_destroy(r.worker);
	net_loop_destroy(r.loop);
	if (open && net_addr_family(&f->listen) == AF_UNIX)
		unlink(net_addr_format(&f->listen, text) + strlen("unix:"));
	return open ? EX_OK : EX_UNAVAILABLE;
}
