#include "nettool/nettool_address.h"

#include <string.h>

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
