#include "nettool/nettool_datagrams.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "netcore/net_datagram.h"
#include "netcore/net_timer.h"
#include "nettool/nettool_program.h"

#define TIME_MAX_S (30 * 86400)

bool nettool_datagrams_option(struct nettool_datagrams *d, int option, const char *value, struct error *err)
{
	int64_t seconds;

	switch (option) {
	case 'i':
		d->interface = value;
		return true;
	case 'c':
		return bytes_to_u64(bytes_text(value), 1000000000, &d->count) || error_set(err, ERROR_SYNTAX, "--count is a number up to 1000000000");
	case 'w':
		if (!text_parse_duration_s(value, &seconds) || seconds < 0 || seconds > TIME_MAX_S)
			return error_set(err, ERROR_SYNTAX, "--time is a time such as 30s or 5m, at most 30d");
		d->ms = seconds * 1000;
		return true;
	default:
		return error_set(err, ERROR_SYNTAX, "an option that is not known, or lacks its value");
	}
}

bool nettool_datagrams_words(int argc, char **argv, char ***texts)
{
	*texts = argc > 2 ? argv + 2 : NULL;
	return argc >= 2 && strcmp(argv[0], argc > 2 ? "send" : "receive") == 0;
}

struct hearer {
	struct nettool_program program;
	struct net_datagram *socket;
	struct net_timer limit;
	uint64_t count, heard;
};

static void on_received(void *owner, const struct net_datagram_received *r)
{
	struct hearer *h = owner;
	char from[NET_ADDR_TEXT], to[NET_ADDR_TEXT];
	struct buffer text = { 0 };

	if (h->program.over)
		return;
	text_escape(&text, r->octets);
	printf("%s > %s: %s%s\n", net_addr_format(&r->peer, from), net_addr_format_ip(&r->asked, to), text.len > 0 ? text.at : "", r->is_truncated ? " [cut]" : "");
	fflush(stdout);
	buffer_release(&text);
	if (++h->heard == h->count)
		nettool_program_end(&h->program, EX_OK, NULL);
}

static void on_time(void *owner)
{
	struct hearer *h = owner;

	nettool_program_end(&h->program, EX_TEMPFAIL, "nothing more came in time");
}

static const struct net_datagram_events hearing = { on_received, NULL, NULL };

static int complain(const char *name, const char *text)
{
	fprintf(stderr, "nettool %s: %s\n", name, text);
	return EX_UNAVAILABLE;
}

int nettool_datagrams_hear(const char *name, int fd, const struct nettool_datagrams *how, const struct error *err)
{
	struct hearer h = { .count = how->count };
	struct error failure = { 0 };

	if (fd < 0)
		return complain(name, err->text);
	if (nettool_program_open(&h.program, name)) {
		nettool_program_say_listening("udp:", fd);
		if ((h.socket = net_datagram_create(h.program.loop, fd, &hearing, &h, &failure)) == NULL)
			nettool_program_end(&h.program, EX_OSERR, failure.text);
		if (how->ms > 0)
			net_timer_start(&h.limit, h.program.loop, how->ms, on_time, &h);
		nettool_program_run(&h.program);
		net_timer_stop(&h.limit);
		net_datagram_close(h.socket);
	}
	return nettool_program_close(&h.program);
}

struct sayer {
	struct nettool_program program;
	struct net_datagram *socket;
};

static void ignore(void *owner, const struct net_datagram_received *r)
{
	(void)owner;
	(void)r;
}

static void on_failed(void *owner, const struct net_addr *to, const struct error *why)
{
	struct sayer *s = owner;

	(void)to;
	nettool_program_end(&s->program, EX_IOERR, why->text);
}

static const struct net_datagram_events saying = { ignore, NULL, on_failed };

int nettool_datagrams_say(const char *name, int fd, const struct net_addr *to, char **texts, int n, const struct error *err)
{
	struct sayer s = { 0 };
	struct error failure = { 0 };

	if (fd < 0)
		return complain(name, err->text);
	if (nettool_program_open(&s.program, name)) {
		if ((s.socket = net_datagram_create(s.program.loop, fd, &saying, &s, &failure)) == NULL)
			nettool_program_end(&s.program, EX_OSERR, failure.text);
		for (int i = 0; i < n && !s.program.over; i++)
			if (!net_datagram_send(s.socket, to, NULL, bytes_text(texts[i]), &failure))
				nettool_program_end(&s.program, EX_DATAERR, failure.text);
		while (!s.program.over && net_datagram_queued(s.socket) > 0)
			net_loop_run_once(s.program.loop, -1);
		net_datagram_close(s.socket);
	}
	return nettool_program_close(&s.program);
}
