"""No descriptor left: nobody who is there is harmed, and room helps at once."""

import resource
import socket
import time
from pathlib import Path

from harness.failure import Failure
from harness.user import as_user
from place import Neighbour, Place, greeted, logged_in, send_letter

ROOM = 12
CALLERS = 60
BACK_S = 60


def highest(pid):
    return max(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir())


def set_limit(place, pid, soft, hard):
    as_user(place.identity, lambda: str(resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))))


def wait_served(visit):
    """Those who called before may be turned away still; then the next one is served."""
    deadline = time.monotonic() + BACK_S
    while True:
        try:
            visit()
            return
        except Failure:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def exhausted(options, folder, name, service):
    with Place(options, folder) as place, Neighbour(place):
        pid = place.server_pid(name)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        set_limit(place, pid, highest(pid) + ROOM, hard)
        callers = [socket.create_connection(place.server.address_of(service)) for _ in range(CALLERS)]
        deadline = time.monotonic() + BACK_S
        while not any("event=accept-paused" in line for line in place.server.log_lines()):
            if time.monotonic() > deadline:
                raise Failure("the log to say that accepting pauses", "nothing")
            time.sleep(0.05)
        time.sleep(0.5)
        for caller in callers:
            caller.close()
        wait_served(lambda: greeted(place) if service == "smtp" else logged_in(place))
        set_limit(place, pid, hard, hard)
        if not send_letter(greeted(place)).startswith("250"):
            raise Failure("250 after it", "something else")


def smtpd_without_descriptors(options, folder):
    """smtpd without a free descriptor serves those it has and, when some leave, newcomers."""
    exhausted(options, folder, "smtpd", "smtp")


def imapd_without_descriptors(options, folder):
    """imapd without a free descriptor serves those it has and, when some leave, newcomers."""
    exhausted(options, folder, "imapd", "imap")


TESTS = [smtpd_without_descriptors, imapd_without_descriptors]
