"""Many who begin a message and do not end it, under a limit of memory."""

import resource
import selectors
import socket
import time

from harness.failure import Failure
from place import Neighbour, PASSWORD, Place, USER, Unfit, greeted, logged_in, send_letter, tagged, until_tag

CLIENTS = 5000
LIMIT = 64 << 20
HALF = b"Subject: half\r\n\r\n" + b"half of a message, and the other half does not come\r\n" * 600
# Above the limit come the store's caches, threads and, for each connection, its session and its TLS-less buffers.
MEMORY_MAX = 400 << 20
CALM_S = 4.0
TIME_S = 400
SMTP = ((b"220", b"EHLO flood.test\r\n"), (b"250", b"MAIL FROM:<x@x.test>\r\nRCPT TO:<" + USER.encode() + b">\r\nDATA\r\n"),
        (b"250", b""), (b"250", b""), (b"354", HALF))
CHUNKED = (SMTP[0], (b"250", b"MAIL FROM:<x@x.test>\r\nRCPT TO:<%s>\r\nBDAT %d\r\n" % (USER.encode(), len(HALF)) + HALF), *SMTP[2:4], (b"250", b""))
APPENDERS = 1500
LITERAL = 100_000
IMAP = ((b"* OK", b"l LOGIN %s %s\r\n" % (USER.encode(), PASSWORD.encode())), (b"l OK", b"a APPEND INBOX {%d}\r\n" % LITERAL), (b"+", HALF * 2))


class Half:
    """One client: steps through (the reply it wants, what it says then), then waits; `refused` is what it got instead."""

    def __init__(self, address, steps):
        self.steps = steps
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.connect_ex(address)
        self.step, self.buffer, self.out = 0, b"", b""
        self.refused = self.ended = None

    def take_lines(self):
        while b"\n" in self.buffer and not self.refused:
            line, _, self.buffer = self.buffer.partition(b"\n")
            if line[3:4] == b"-":
                continue
            if self.step == len(self.steps):
                self.ended = line
                return
            code, answer = self.steps[self.step]
            if not line.startswith(code):
                self.refused = line
                return
            self.out += answer
            self.step += 1

    def is_waiting(self):
        return self.step == len(self.steps) and not self.refused

    def ready(self, events):
        """Something to do; False when it ended."""
        try:
            if events & selectors.EVENT_READ:
                octets = self.sock.recv(65536)
                if octets == b"":
                    self.refused = self.refused or b"closed"
                    return False
                self.buffer += octets
                self.take_lines()
            if self.out:
                self.out = self.out[self.sock.send(self.out):]
        except BlockingIOError:
            pass
        except OSError as error:
            self.refused = self.refused or str(error).encode()
            return False
        return True

    def interest(self):
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self.out else 0)


class Crowd:
    def __init__(self, address, n, steps):
        self.selector, self.clients = selectors.DefaultSelector(), []
        self.address, self.n, self.steps = address, n, steps

    def add_some(self):
        while len(self.clients) < self.n and sum(c.step == 0 and not c.refused for c in self.clients[-300:]) < 200:
            client = Half(self.address, self.steps)
            self.clients.append(client)
            self.selector.register(client.sock, client.interest(), client)

    def turn(self, wait_s):
        """One pass over who is ready; True when anything happened."""
        ready = self.selector.select(wait_s)
        for key, events in ready:
            client = key.data
            if client.ready(events):
                self.selector.modify(client.sock, client.interest(), client)
            else:
                self.selector.unregister(client.sock)
        return bool(ready)

    def run(self):
        """Until all began and nothing moves any more."""
        deadline, moved = time.monotonic() + TIME_S, time.monotonic()
        while time.monotonic() < moved + CALM_S:
            if time.monotonic() > deadline:
                raise Failure(f"{self.n} clients to be answered within {TIME_S} s", f"{len(self.clients)} so far")
            self.add_some()
            if self.turn(0.1):
                moved = time.monotonic()

    def ask(self, clients, octets):
        for client in clients:
            client.out += octets
            self.selector.modify(client.sock, client.interest(), client)

    def close(self):
        for client in self.clients:
            client.sock.close()
        self.selector.close()


def raise_limit(n):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < n + 1000:
        raise Unfit(f"only {hard} descriptors allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000) if hard != resource.RLIM_INFINITY else 20_000, hard))


def judge_refusals(place, crowd, name, wanted):
    """What those heard that were refused, and the memory that the others cost."""
    told, memory = [c.refused for c in crowd.clients if c.refused], place.memory_octets(name)
    strange = [line for line in told if not line.startswith(wanted)]
    if strange or not told:
        raise Failure(f"{wanted.decode()} for some and nothing else", (strange or told)[:5])
    if place.variant == "release" and memory > MEMORY_MAX:
        raise Failure(f"{name} within {MEMORY_MAX >> 20} MB", f"{memory >> 20} MB")
    return told, memory


def expect_messages(place, n):
    count = tagged(logged_in(place), "s", "STATUS INBOX (MESSAGES)")
    if not any(f"(MESSAGES {n})" in line for line in count):
        raise Failure(f"{n} messages", count)


def crowd_of_halves(options, folder, steps, ending):
    """CLIENTS that hold half a message; then each second one sends `ending`, and all is well after."""
    raise_limit(CLIENTS)
    with Place(options, folder, settings='limits = { memory = "64M"; };') as place:
        crowd = Crowd(place.server.address_of("smtp"), CLIENTS, steps)
        with Neighbour(place, letters=False) as neighbour:
            crowd.run()
            told, memory = judge_refusals(place, crowd, "smtpd", b"452 4.3.1")
            waiting = [c for c in crowd.clients if c.is_waiting()]
            some = waiting[::2]
            crowd.ask(some, ending)
            crowd.run()
            accepted = sum(bool(c.ended and c.ended.startswith(b"250")) for c in some)
            late = [c.ended or c.refused for c in some if not (c.ended and c.ended[:3] in (b"250", b"452"))]
            if late:
                raise Failure("250 or 452 to each end of a message", late[:5])
        crowd.close()
        print(f"{folder.name}: {len(told)} refused, {len(waiting)} held half, {accepted} of {len(some)} ended well, "
              f"{memory >> 20} MB, neighbour {neighbour.worst_s * 1000:.0f} ms at worst", flush=True)
        got = send_letter(greeted(place))
        if not got.startswith("250"):
            raise Failure("250 when they are gone", got)
        expect_messages(place, accepted + 1)


def half_sent(options, folder):
    """5,000 half-sent messages under limits.memory = 64M: 452 for those above it, neighbours are served, all is well after."""
    crowd_of_halves(options, folder, SMTP, b".\r\n")


def half_chunked(options, folder):
    """The same by BDAT, the last chunk missing.  RFC 3030"""
    crowd_of_halves(options, folder, CHUNKED, b"BDAT 0 LAST\r\n")


def half_appended(options, folder):
    """1,500 half-sent APPENDs under limits.memory = 64M: NO [LIMIT] for those above it, neighbours are served, all is well after."""
    raise_limit(APPENDERS)
    with Place(options, folder, settings='limits = { memory = "64M"; };') as place:
        crowd = Crowd(place.server.address_of("imap"), APPENDERS, IMAP)
        with Neighbour(place) as neighbour:
            crowd.run()
            told, memory = judge_refusals(place, crowd, "imapd", b"a NO [LIMIT]")
        letters = neighbour.rounds
        crowd.close()
        print(f"half_appended: {len(told)} refused, {len(crowd.clients) - len(told)} held half, {memory >> 20} MB, "
              f"neighbour {neighbour.worst_s * 1000:.0f} ms at worst", flush=True)
        client = logged_in(place)
        client.send(b"a APPEND INBOX {%d+}\r\n" % LITERAL + b"x" * LITERAL + b"\r\n")
        got = until_tag(client, "a")[-1]
        if not got.startswith("a OK"):
            raise Failure("OK when they are gone", got)
        expect_messages(place, letters + 1)


TESTS = [half_sent, half_chunked, half_appended]
