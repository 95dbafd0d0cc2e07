/*
 * bench_echo: a server that sends back what comes, as a user of netcore would write it; what the loader echoload asks.
 *
 * usage: bench_echo [CERTIFICATE KEY]           PEM files: TLS from the first octet
 *
 * Prints "port N", ends at SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "netcore/net_listener.h"
#include "netcore/net_signal.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"

struct server {
	struct net_loop *loop;
	struct net_tls_context *tls;    /* NULL: in clear */
};

struct client {
	struct net_stream *stream;
};

static void on_input(void *owner)
{
	struct client *client = owner;
	struct bytes input = net_stream_input(client->stream);
	bool more = net_stream_write(client->stream, input);

	net_stream_consume(client->stream, input.len);
	if (!more)
		net_stream_pause(client->stream);
}

static void on_drained(void *owner)
{
	struct client *client = owner;

	net_stream_resume(client->stream);
}

static void on_closed(void *owner, const struct error *why)
{
	struct client *client = owner;

	if (why->kind == ERROR_CLOSED)
		net_stream_finish(client->stream);
	else
		net_stream_close(client->stream);
	free(client);
}

static const struct net_stream_events events = { .input = on_input, .drained = on_drained, .closed = on_closed };

static void on_accept(void *owner, int fd, const struct net_addr *peer)
{
	struct server *server = owner;
	struct client *client = xmalloc(sizeof *client);

	(void)peer;
	client->stream = net_stream_create(server->loop, fd, &events, client, NULL);
	if (server->tls)
		net_stream_start_tls_server(client->stream, server->tls);
}

static void on_signal(void *owner, int number)
{
	struct server *server = owner;

	(void)number;
	net_loop_stop(server->loop);
}

static void give_up(const struct error *err)
{
	fprintf(stderr, "bench_echo: %s\n", err->text);
	exit(1);
}

static struct buffer file_octets(const char *name)
{
	struct buffer octets = { 0 };
	FILE *file = fopen(name, "r");

	if (file == NULL) {
		perror(name);
		exit(1);
	}
	for (size_t n = 1; n > 0; buffer_added(&octets, n))
		n = fread(buffer_reserve(&octets, 4096), 1, 4096, file);
	fclose(file);
	return octets;
}

static struct net_tls_context *load_tls(char **files)
{
	struct error err = { 0 };
	struct buffer chain = file_octets(files[0]), key = file_octets(files[1]);
	struct net_tls_context *tls = net_tls_context_server(buffer_bytes(&chain), buffer_bytes(&key), "1.3", &err);

	if (tls == NULL)
		give_up(&err);
	buffer_release(&chain);
	buffer_release(&key);
	return tls;
}

static void allow_many_descriptors(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static struct net_listener *listen_somewhere(struct server *server)
{
	struct error err = { 0 };
	struct net_addr where;
	struct net_listener *listener = NULL;
	int fd = net_addr_parse("127.0.0.1:0", &where, &err) ? net_socket_listen(&where, &err) : -1;

	if (fd < 0 || !net_socket_local_addr(fd, &where) || (listener = net_listener_create(server->loop, fd, on_accept, server, &err)) == NULL)
		give_up(&err);
	printf("port %d\n", net_addr_port(&where));
	fflush(stdout);
	return listener;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	struct server server = { .tls = argc == 3 ? load_tls(argv + 1) : NULL };

	allow_many_descriptors();
	net_signal_ignore_pipe();
	server.loop = net_loop_create(net_poll_kind_default(), &err);
	struct net_signal *signals = server.loop ? net_signal_create(server.loop, (const int[]){ SIGTERM, 0 }, on_signal, &server, &err) : NULL;
	if (signals == NULL)
		give_up(&err);
	struct net_listener *listener = listen_somewhere(&server);
	net_loop_run(server.loop);
	net_listener_destroy(listener);
	return 0;
}
