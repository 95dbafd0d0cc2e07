#include "nettool/nettool_program.h"

#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "netcore/net_socket.h"

static void on_signal(void *owner, int number)
{
	(void)number;
	nettool_program_end(owner, EX_OK, NULL);
}

bool nettool_program_open(struct nettool_program *p, const char *name)
{
	static const int numbers[] = { SIGINT, SIGTERM, 0 };
	struct error err = { 0 };

	*p = (struct nettool_program){ .name = name, .loop = net_loop_create(net_poll_kind_default(), &err) };
	if (p->loop)
		p->signals = net_signal_create(p->loop, numbers, on_signal, p, &err);
	if (p->signals)
		return true;
	fprintf(stderr, "nettool %s: %s\n", name, err.text);
	p->code = EX_OSERR;
	return false;
}

void nettool_program_run(struct nettool_program *p)
{
	while (!p->over)
		net_loop_run_once(p->loop, -1);
}

void nettool_program_end(struct nettool_program *p, int code, const char *complaint)
{
	if (p->over)
		return;
	if (complaint)
		fprintf(stderr, "nettool %s: %s\n", p->name, complaint);
	p->over = true;
	p->code = code;
	if (p->loop)
		net_loop_stop(p->loop);
}

int nettool_program_close(struct nettool_program *p)
{
	net_signal_destroy(p->signals);
	while (p->loop && net_loop_endings(p->loop) > 0)
		net_loop_run_once(p->loop, -1);
	net_loop_destroy(p->loop);
	return p->code;
}

void nettool_program_say_listening(const char *transport, int fd)
{
	struct net_addr real;
	char text[NET_ADDR_TEXT];

	net_socket_local_addr(fd, &real);
	printf("listening on %s%s\n", transport, net_addr_format(&real, text));
	fflush(stdout);
}
