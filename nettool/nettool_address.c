#include "nettool/nettool_address.h"

#include <string.h>

#include "netcore/net_connect.h"

#define LOOK_UP_MS 10000
#define LOOK_UP_THREADS 4
#define LOOK_UPS_MAX 1000

bool nettool_address_parse(const char *text, enum nettool_transport *transport, struct net_addr *addr, struct error *err)
{
	*transport = strncmp(text, "udp:", 4) == 0 ? NETTOOL_DATAGRAM : NETTOOL_STREAM;
	if (strncmp(text, "udp:", 4) == 0 || strncmp(text, "tcp:", 4) == 0) {
		text += 4;
		if (strncmp(text, "unix:", 5) == 0)
			return error_set(err, ERROR_SYNTAX, "\"%.100s\": an IP address is wanted after tcp: or udp:", text);
	}
	return net_addr_parse(text, addr, err);
}

bool nettool_place_parse(const char *text, enum nettool_transport *transport, struct net_place *place, struct error *err)
{
	*place = (struct net_place){ 0 };
	if (nettool_address_parse(text, transport, &place->addr, err))
		return true;
	text += strncmp(text, "tcp:", 4) == 0 ? 4 : 0;
	bool may_be_name = *transport == NETTOOL_STREAM && strncmp(text, "unix:", 5) != 0;
	return may_be_name && net_place_parse(text, place, err);
}

struct answer {
	bool is_there;
	struct error err;
};

static void on_found(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct answer *answer = owner;

	(void)fd;
	(void)addr;
	answer->is_there = true;
	if (err)
		answer->err = *err;
}

static bool look_up(struct net_loop *loop, struct net_worker *worker, const struct net_place *place, struct error *err)
{
	struct answer answer = { 0 };

	net_connect_look_up(loop, worker, place->name, place->port, LOOK_UP_MS, on_found, &answer);
	while (!answer.is_there)
		net_loop_run_once(loop, -1);
	if (answer.err.kind == ERROR_NONE)
		return true;
	*err = answer.err;
	return false;
}

bool nettool_places_look_up(struct net_loop *loop, struct net_worker **worker, const struct net_place *places, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!net_place_is_name(&places[i]))
			continue;
		if (*worker == NULL)
			*worker = net_worker_create(LOOK_UP_THREADS, LOOK_UPS_MAX, err);
		if (*worker == NULL || !look_up(loop, *worker, &places[i], err))
			return false;
	}
	return true;
}
