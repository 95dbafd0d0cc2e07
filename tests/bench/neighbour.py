"""A neighbour's NOOP while every store read is slowed by 200 ms and another session fetches."""

import socket
import threading
import time

from peers.house import House
from table import Figure

SLOW_MS, NOOPS, PAUSE_S, MESSAGES, TARGET_MS = 200, 200, 0.01, 20, 5
FAULT = f"slow:store.read:{SLOW_MS}"


class Imap:
    """Blocking, line by line; enough to time a command."""

    def __init__(self, port, user):
        self.sock = socket.create_connection(("127.0.0.1", port), 60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")
        self.file.readline()
        self.do(f"LOGIN {user} secret")

    def do(self, command, literal=None):
        text = command.encode() + (b" {%d+}\r\n" % len(literal) + literal if literal is not None else b"")
        begin = time.monotonic()
        self.sock.sendall(b"a " + text + b"\r\n")
        line = b""
        while not line.startswith(b"a "):
            line = self.file.readline()
            if not line:
                raise RuntimeError(f"{command}: the connection closed")
        if not line.startswith(b"a OK"):
            raise RuntimeError(f"{command}: {line!r}")
        return (time.monotonic() - begin) * 1000


def fetch_on(session, until):
    """FETCH after FETCH; how many, and the longest in ms."""
    times = []
    while not until.is_set():
        times.append(session.do("FETCH 1:* (BODY.PEEK[])"))
    until.fetches = times


def p99(values):
    return sorted(values)[int(len(values) * 0.99)]


def one_round(port, selected):
    """Times of the neighbour's NOOPs in ms, in a mailbox or before SELECT."""
    fetcher, neighbour = Imap(port, "bob@a.test"), Imap(port, "ann@a.test")
    fetcher.do("SELECT INBOX")
    if selected:
        neighbour.do("SELECT INBOX")
    done = threading.Event()
    thread = threading.Thread(target=fetch_on, args=(fetcher, done))
    thread.start()
    times = []
    for _ in range(NOOPS):
        times.append(neighbour.do("NOOP"))
        time.sleep(PAUSE_S)
    done.set()
    thread.join()
    if max(done.fetches) < SLOW_MS:
        raise RuntimeError(f"the fault did not bite: a FETCH took {max(done.fetches):.0f} ms")
    return times


def measure(options):
    test_bin = options.test_programs()
    if test_bin is None:
        return [figure("neighbour_noop", "", [], "no test build")]
    with House(test_bin, "test") as house:
        server = house.server("a.test", {"ann@a.test": "secret", "bob@a.test": "secret"}, daemons=("imapd",))
        filler = Imap(server.ports()["imap"], "bob@a.test")
        for number in range(MESSAGES):
            filler.do("APPEND INBOX", b"Subject: %d\r\n\r\n" % number + b"x" * 2000 + b"\r\n")
        server.stop()
        server.start((), {"POSTA_TEST_FAULT": FAULT})
        port = server.ports()["imap"]
        rounds = [(one_round(port, True), one_round(port, False)) for _ in range(options.few_rounds)]
        house.finish()
    return [figure("neighbour_noop", "in a mailbox", [selected for selected, _ in rounds]),
            figure("neighbour_noop_unselected", "before SELECT", [other for _, other in rounds])]


def figure(key, where, rounds, note=None):
    return Figure(key, f"a neighbour's NOOP (p99), store reads +200 ms, {where}", "ms", [p99(times) for times in rounds], target=TARGET_MS, better="less",
                  note=note or f"worst {max(map(max, rounds)):.1f} ms; sanitizer build")
