/* echo_uv: the server of bench_echo on libuv, to measure ours beside it.  Prints "port N", ends at SIGTERM. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

/* What the kernel did not take at once. */
struct rest {
	uv_write_t request;
	char at[];
};

static char input[64 * 1024];

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room)
{
	(void)handle, (void)wanted;
	*room = uv_buf_init(input, sizeof input);
}

static void on_gone(uv_handle_t *handle)
{
	free(handle);
}

static void on_sent(uv_write_t *request, int status)
{
	(void)status;
	free(request);
}

static void send_rest(uv_stream_t *stream, const char *at, size_t len)
{
	struct rest *rest = malloc(sizeof *rest + len);

	if (rest == NULL)
		abort();
	memcpy(rest->at, at, len);
	uv_buf_t what = uv_buf_init(rest->at, (unsigned)len);
	uv_write(&rest->request, stream, &what, 1, on_sent);
}

static void on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
	if (n < 0) {
		uv_close((uv_handle_t *)stream, on_gone);
		return;
	}
	uv_buf_t what = uv_buf_init(room->base, (unsigned)n);
	int sent = n > 0 ? uv_try_write(stream, &what, 1) : 0;
	if (sent < 0)
		sent = 0;
	if (sent < n)
		send_rest(stream, room->base + sent, (size_t)(n - sent));
}

static void on_client(uv_stream_t *listener, int status)
{
	uv_tcp_t *client = malloc(sizeof *client);

	if (client == NULL || status < 0)
		abort();
	uv_tcp_init(listener->loop, client);
	if (uv_accept(listener, (uv_stream_t *)client) != 0) {
		uv_close((uv_handle_t *)client, on_gone);
		return;
	}
	uv_tcp_nodelay(client, 1);
	uv_read_start((uv_stream_t *)client, on_room, on_input);
}

int main(void)
{
	struct sockaddr_in where;
	int len = sizeof where;
	struct rlimit files;
	uv_tcp_t listener;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	uv_tcp_init(uv_default_loop(), &listener);
	uv_ip4_addr("127.0.0.1", 0, &where);
	if (uv_tcp_bind(&listener, (struct sockaddr *)&where, 0) != 0 || uv_listen((uv_stream_t *)&listener, 1024, on_client) != 0 ||
	    uv_tcp_getsockname(&listener, (struct sockaddr *)&where, &len) != 0)
		return 1;
	printf("port %d\n", ntohs(where.sin_port));
	fflush(stdout);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
