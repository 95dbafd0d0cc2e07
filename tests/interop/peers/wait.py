"""Wait for what a peer does in its own time."""

import socket
import time


class TooLate(Exception):
    """It did not happen."""


def until(what, look, timeout_s=15, every_s=0.05):
    """The first true answer of look(); raises TooLate naming `what`."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TooLate(f"{what}: not within {timeout_s} s")
        time.sleep(every_s)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
