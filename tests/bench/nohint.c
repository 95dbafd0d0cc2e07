/* nohint: preloaded into a server, loses every datagram it sends to a multicast group: what is left of change hints then is the poll behind them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

ssize_t send(int fd, const void *at, size_t len, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);
	struct sockaddr_in to = { 0 };
	socklen_t to_len = sizeof to;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "send");
	if (getpeername(fd, (struct sockaddr *)&to, &to_len) == 0 && to.sin_family == AF_INET && IN_MULTICAST(ntohl(to.sin_addr.s_addr)))
		return (ssize_t)len;
	return real(fd, at, len, flags);
}
