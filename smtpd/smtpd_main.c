/* smtpd: receives, queues, relays, delivers. */
#include <stdio.h>
#include <sys/socket.h>

#include "message/summary.h"
#include "netcore/net_socket.h"
#include "service/service_server.h"
#include "smtpd/relay_schedule.h"
#include "smtpd/smtpd_loop.h"
#include "smtpd/smtpd_session.h"

static void refuse(struct service_loop *loop, int fd, const struct service_listen *listen, const char *why)
{
	char line[512];
	int len = snprintf(line, sizeof line, "421 4.7.0 %s %s\r\n", loop->generation->settings.hostname, why);

	/* One line into an empty socket buffer: it fits or the client does without. */
	if (listen->tls != SERVICE_TLS_IMPLICIT && len > 0)
		(void)send(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_WR);
	net_socket_close(fd);
}

static const struct service_program smtpd = {
	.name = "smtpd",
	.services = 1u << SERVICE_SMTP | 1u << SERVICE_SUBMISSION | 1u << SERVICE_LMTP,
	.start = smtpd_loop_start,
	.accept = smtpd_session_create,
	.refuse = refuse,
	.stop = smtpd_loop_stop,
	.reload = relay_reload,
	.finish = smtpd_loop_finish,
};

int main(int argc, char **argv)
{
	summary_prepare();              /* charsets are loaded before the sandbox closes */
	return service_main(&smtpd, argc, argv);
}
