#define _GNU_SOURCE
#include "netcore/net_datagram_calls.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#if defined(__linux__) && !defined(NET_DATAGRAM_NO_MMSG)
#define HAS_MANY 1
_Static_assert(sizeof(struct net_datagram_slot) == sizeof(struct mmsghdr) && offsetof(struct net_datagram_slot, len) == offsetof(struct mmsghdr, msg_len),
               "a slot is the system's mmsghdr");
#else
#define HAS_MANY 0
#endif

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

const bool net_datagram_calls_has_many = HAS_MANY;

static int receive_many(int fd, struct net_datagram_slot *slots, size_t n)
{
#if HAS_MANY
	return recvmmsg(fd, (struct mmsghdr *)(void *)slots, (unsigned)n, MSG_DONTWAIT, NULL);
#else
	(void)n;
	ssize_t got = recvmsg(fd, &slots[0].head, MSG_DONTWAIT);
	slots[0].len = got < 0 ? 0 : (unsigned)got;
	return got < 0 ? -1 : 1;
#endif
}

static int send_many(int fd, struct net_datagram_slot *slots, size_t n)
{
#if HAS_MANY
	return sendmmsg(fd, (struct mmsghdr *)(void *)slots, (unsigned)n, MSG_NOSIGNAL | MSG_DONTWAIT);
#else
	(void)n;
	ssize_t sent = sendmsg(fd, &slots[0].head, MSG_NOSIGNAL | MSG_DONTWAIT);
	slots[0].len = sent < 0 ? 0 : (unsigned)sent;
	return sent < 0 ? -1 : 1;
#endif
}

static int receive_each(int fd, struct net_datagram_slot *slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ssize_t got = recvmsg(fd, &slots[i].head, MSG_DONTWAIT);
		if (got < 0)
			return i > 0 ? (int)i : -1;
		slots[i].len = (unsigned)got;
	}
	return (int)n;
}

static int send_each(int fd, struct net_datagram_slot *slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ssize_t sent = sendmsg(fd, &slots[i].head, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0)
			return i > 0 ? (int)i : -1;
		slots[i].len = (unsigned)sent;
	}
	return (int)n;
}

int net_datagram_calls_receive(int fd, struct net_datagram_slot *slots, size_t n, bool many)
{
	int done;

	while ((done = many ? receive_many(fd, slots, n) : receive_each(fd, slots, n)) < 0 && errno == EINTR)
		;
	return done;
}

int net_datagram_calls_send(int fd, struct net_datagram_slot *slots, size_t n, bool many)
{
	int done;

	while ((done = many ? send_many(fd, slots, n) : send_each(fd, slots, n)) < 0 && errno == EINTR)
		;
	return done;
}

static struct net_addr ipv4(struct in_addr ip, int port)
{
	struct net_addr a = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&a.storage;

	in->sin_family = AF_INET;
	in->sin_addr = ip;
	in->sin_port = htons((uint16_t)port);
	return a;
}

static struct net_addr ipv6(const struct in6_pktinfo *info, int port)
{
	struct net_addr a = { .len = sizeof(struct sockaddr_in6) };
	struct sockaddr_in6 *in = (struct sockaddr_in6 *)(void *)&a.storage;

	in->sin6_family = AF_INET6;
	in->sin6_addr = info->ipi6_addr;
	in->sin6_port = htons((uint16_t)port);
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&info->ipi6_addr))
		in->sin6_scope_id = info->ipi6_ifindex;
	return a;
}

void net_datagram_calls_asked(struct msghdr *message, int port, struct net_addr *asked, struct net_addr *reply_from, unsigned *interface)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
		if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(head), sizeof info);
			*asked = ipv4(info.ipi_addr, port);
			*reply_from = ipv4(info.ipi_spec_dst, port);    /* never a group or broadcast address */
			*interface = (unsigned)info.ipi_ifindex;
		} else if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(head), sizeof info);
			*asked = ipv6(&info, port);
			if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
				*reply_from = *asked;
			*interface = info.ipi6_ifindex;
		}
	}
}

static struct cmsghdr *next_control(struct msghdr *message, void *control, int level, int type, size_t len)
{
	struct cmsghdr *head = (struct cmsghdr *)(void *)((char *)control + message->msg_controllen);

	message->msg_control = control;
	message->msg_controllen += CMSG_SPACE(len);
	assert(message->msg_controllen <= NET_DATAGRAM_CONTROL_SIZE);
	head->cmsg_level = level;
	head->cmsg_type = type;
	head->cmsg_len = CMSG_LEN(len);
	return head;
}

void net_datagram_calls_direct(struct msghdr *message, void *control, const struct net_addr *from, size_t segment_size)
{
	message->msg_controllen = 0;
	if (from && net_addr_family(from) == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst = ((const struct sockaddr_in *)(const void *)&from->storage)->sin_addr };
		memcpy(CMSG_DATA(next_control(message, control, IPPROTO_IP, IP_PKTINFO, sizeof info)), &info, sizeof info);
	} else if (from && net_addr_family(from) == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)&from->storage;
		struct in6_pktinfo info = { .ipi6_addr = in->sin6_addr, .ipi6_ifindex = in->sin6_scope_id };
		memcpy(CMSG_DATA(next_control(message, control, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info)), &info, sizeof info);
	}
	if (segment_size > 0) {
		uint16_t size = (uint16_t)segment_size;
		memcpy(CMSG_DATA(next_control(message, control, IPPROTO_UDP, UDP_SEGMENT, sizeof size)), &size, sizeof size);
	}
}
