/* nettool peer: two clients that talk to a server over TCP and to each other over UDP. */
#include "nettool/nettool_peer.h"

#include <string.h>

#include "nettool/nettool_address.h"
#include "nettool/nettool_commands.h"

static int run(int argc, char **argv)
{
	enum nettool_transport transport;
	struct error err = { 0 };
	struct net_addr at;

	if (argc != 3)
		return nettool_usage(&nettool_peer, "say what to do, and where");
	if (!nettool_address_parse(argv[2], &transport, &at, &err))
		return nettool_usage(&nettool_peer, err.text);
	if (transport == NETTOOL_DATAGRAM || net_addr_family(&at) == AF_UNIX)
		return nettool_usage(&nettool_peer, "the server has a TCP address");
	if (strcmp(argv[1], "serve") == 0)
		return nettool_peer_serve(&at);
	if (strcmp(argv[1], "join") == 0)
		return nettool_peer_join(&at);
	return nettool_usage(&nettool_peer, "say \"serve ADDRESS\" or \"join ADDRESS\"");
}

const struct nettool_command nettool_peer = {
	"peer",
	"nettool peer serve ADDRESS\nnettool peer join ADDRESS",
	"brings two clients together: each line goes to the server over TCP and to the other over UDP",
	run,
	"The line \"exit\" of either ends both exchanges on both sides; so does the end of its input.\n"
	"example:\n"
	"  nettool peer serve 127.0.0.1:7003\n"
	"  nettool peer join 127.0.0.1:7003\n"
	"  nettool peer join 127.0.0.1:7003\n",
};
