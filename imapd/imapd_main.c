/* imapd: the mailboxes over IMAP4rev1.  RFC 3501; the process is service's, the sessions are imapd_session's. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "imapd/imapd_session.h"
#include "message/charset.h"
#include "netcore/net_socket.h"
#include "service/service_main.h"
#include "service/service_server.h"

static bool start(struct service_loop *loop, struct error *err)
{
	(void)err;
	loop->program = xcalloc(1, sizeof(struct imapd_loop));
	return true;
}

static void refuse(struct service_loop *loop, int fd, const struct service_listen *listen, const char *why)
{
	char line[512];
	int len = snprintf(line, sizeof line, "* BYE [UNAVAILABLE] %s\r\n", why);

	(void)loop;
	/* One line into an empty socket buffer: it fits or the client does without. */
	if (listen->tls != SERVICE_TLS_IMPLICIT && len > 0)
		(void)send(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_WR);
	net_socket_close(fd);
}

static void stop(struct service_loop *loop)
{
	struct imapd_loop *all = loop->program;

	for (struct list_node *node = all->sessions.first, *next; node; node = next) {
		next = node->next;
		imapd_session_stop(LIST_OWNER(node, struct imapd_session, node), "Shutting down");
	}
}

static void finish(struct service_loop *loop)
{
	free(loop->program);
}

static const struct service_program program = {
	.name = "imapd",
	.services = 1u << SERVICE_IMAP,
	.start = start,
	.accept = imapd_session_accept,
	.refuse = refuse,
	.stop = stop,
	.finish = finish,
};

int main(int argc, char **argv)
{
	charset_prepare();
	return service_main(&program, argc, argv);
}
