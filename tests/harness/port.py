"""Ports that a test names before anybody listens there, and comes back to."""

import random
import socket

KEPT = []


def free_port():
    """A port below the range that port 0 is taken from, and kept: bound as long as we live, which hinders only another who asks here."""
    while True:
        port, probe = random.randrange(20000, 30000), socket.socket()
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            continue
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)      # after bind: who listens with it may, who asks without it may not
        KEPT.append(probe)
        return port
