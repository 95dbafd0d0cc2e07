"""Clients that are silent, slow, deaf or talk something else: cut off, and nobody else is harmed."""

import random
import select
import socket
import ssl
import time

from harness.failure import Failure
from place import Neighbour, Place, USER, greeted, logged_in, say, send_letter, tagged, until_tag

MEGABYTE = 1 << 20
GROWS = 48 * MEGABYTE               # what one deaf client may cost, at most; a sanitizer build keeps freed memory for a while
GROWS_TEST = 400 * MEGABYTE
PUSH_S = 30
MANY, CHANGES = 2000, 1200          # messages, and changes of all their flags, that an idle session is told
CLOSE_S = 60
PORTS = ("smtp", "submission", "submissions", "imap", "imaps")


def needs_clock(test):
    test.needs_clock = True
    return test


def wait_closed(client, what):
    """Everything the server still says, up to its end."""
    said, deadline = b"", time.monotonic() + CLOSE_S
    client.sock.settimeout(CLOSE_S)
    try:
        while time.monotonic() < deadline:
            octets = client.sock.recv(65536)
            if octets == b"":
                return (client.buffer + said).decode("utf-8", "replace")
            said += octets
    except ConnectionError:
        return (client.buffer + said).decode("utf-8", "replace")
    except TimeoutError:
        pass
    raise Failure(f"the end of {what}", f"still open after {CLOSE_S} s")


# -- deaf: sends commands and never reads

def push(client, octets):
    """Send until the server takes no more for a second; False when it takes all for PUSH_S and more."""
    client.sock.setblocking(False)
    sent, deadline = 0, time.monotonic() + PUSH_S + 1
    while time.monotonic() < deadline:
        if not select.select([], [client.sock], [], 1)[1]:
            return sent
        try:
            sent += client.sock.send(octets)
        except BlockingIOError:
            continue
    return None


def wait_dropped(client):
    deadline = time.monotonic() + CLOSE_S
    poll = select.poll()
    poll.register(client.sock, select.POLLERR | select.POLLHUP)
    if not poll.poll(CLOSE_S * 1000) and time.monotonic() >= deadline:
        raise Failure("a client that never reads to be cut off", f"still connected after {CLOSE_S} s")


def deaf(place, name, client, octets):
    with Neighbour(place):
        before = place.memory_octets(name)
        sent = push(client, octets)
        grown, allowed = place.memory_octets(name) - before, GROWS if place.variant == "release" else GROWS_TEST
        if grown > allowed:
            raise Failure(f"{name} to grow by at most {allowed // MEGABYTE} MB", f"{grown // MEGABYTE} MB")
        if sent is None:
            raise Failure("the server to stop reading from one that does not read", f"it reads on after {PUSH_S} s")
        if place.home.clock:
            place.home.clock.move("+2m")
            wait_dropped(client)
    client.close()


def has_clock(options):
    return options.variant == "test"


def deaf_smtp(options, folder):
    """One who sends NOOP after NOOP and reads nothing costs smtpd little memory and is cut off."""
    with Place(options, folder, clock=has_clock(options)) as place:
        deaf(place, "smtpd", greeted(place), b"NOOP\r\n" * 5000)


def deaf_chunks(options, folder):
    """One who sends chunk after chunk of an octet and reads nothing costs smtpd little memory and is cut off.  RFC 3030"""
    with Place(options, folder, clock=has_clock(options)) as place:
        client = greeted(place)
        for line in ("MAIL FROM:<x@x.test>", f"RCPT TO:<{USER}>"):
            say(client, line, "250")
        deaf(place, "smtpd", client, b"BDAT 1\r\nx" * 5000)


def deaf_imap(options, folder):
    """One who sends NOOP after NOOP and reads nothing costs imapd little memory and is cut off."""
    with Place(options, folder, clock=has_clock(options)) as place:
        deaf(place, "imapd", logged_in(place), b"a NOOP\r\n" * 5000)


def deaf_before_login(options, folder):
    """The same before the log-in."""
    with Place(options, folder, clock=has_clock(options)) as place:
        client = place.connect("imap")
        client.read()
        deaf(place, "imapd", client, b"a CAPABILITY\r\n" * 5000)


def deaf_fetch(options, folder):
    """One who fetches large messages again and again and reads nothing costs imapd little memory and is cut off."""
    with Place(options, folder, clock=has_clock(options)) as place:
        client, text = logged_in(place), "Subject: x\r\n\r\n" + ("x" * 70 + "\r\n") * 14_000
        for n in range(8):
            client.send(f"{n} APPEND INBOX {{{len(text)}+}}\r\n{text}\r\n".encode())
            until_tag(client, str(n))
        tagged(client, "s", "EXAMINE INBOX")
        deaf(place, "imapd", client, b"f FETCH 1:8 BODY[]\r\n" * 500)


def deaf_idle(options, folder):
    """One who idles and never reads costs imapd little memory, however much there is to tell, and is told the end of it when he reads again."""
    with Place(options, folder) as place:
        client, text = logged_in(place), "Subject: x\r\n\r\ntext\r\n"
        for n in range(0, MANY, 100):
            client.send(f"{n} APPEND INBOX".encode() + f" {{{len(text)}+}}\r\n{text}".encode() * 100 + b"\r\n")
            until_tag(client, str(n))
        idle = logged_in(place)
        tagged(idle, "s", "SELECT INBOX")
        idle.send(b"i IDLE\r\n")
        tagged(client, "s", "SELECT INBOX")
        before = place.memory_octets("imapd")
        for n in range(CHANGES):
            tagged(client, f"c{n}", f"STORE 1:* {'+-'[n % 2]}FLAGS.SILENT (\\Flagged)")
        grown, allowed = place.memory_octets("imapd") - before, GROWS if place.variant == "release" else GROWS_TEST
        if grown > allowed:
            raise Failure(f"imapd to grow by at most {allowed // MEGABYTE} MB", f"{grown // MEGABYTE} MB")
        tagged(client, "e", "STORE 1 +FLAGS.SILENT (\\Answered)")
        while "\\Answered" not in idle.read("the last change"):
            pass
        idle.send(b"DONE\r\n")
        until_tag(idle, "i")


# -- something else than mail

def hello():
    """The first octets of a TLS handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="mx.a.test").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def noise(rng, length):
    kinds = (rng.randbytes, lambda n: bytes(rng.choices(b"\r\n\0 {}+*()<>\"\\aA1%", k=n)),
             lambda n: b" ".join(rng.choices((b"MAIL", b"RCPT TO:<", b"a LOGIN {9}", b"{99999999999}", b"FETCH 1:*", b"\r\n", b"DATA"), k=n // 8)))
    return rng.choice(kinds)(length)


def shout(place, service, octets):
    """Send it all, whatever the server thinks of it; then read until it ends or is silent, and hang up."""
    with socket.create_connection(place.server.address_of(service), 10) as sock:
        sock.settimeout(0.3)
        try:
            sock.sendall(octets)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except OSError:
            pass


def garbage(options, folder):
    """Random octets, a TLS hello on a plain port, HTTP: on every port, and nobody else notices."""
    rng = random.Random(7)
    with Place(options, folder) as place, Neighbour(place):
        pids = [place.server_pid(name) for name in ("smtpd", "imapd")]
        for service in PORTS:
            for octets in (hello(), b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", b"\0", b"\x80\x2e\x01\x03\x01" * 50,
                           *(noise(rng, rng.choice((10, 1000, 100_000))) for _ in range(8))):
                shout(place, service, octets)
        if pids != [place.server_pid(name) for name in ("smtpd", "imapd")]:
            raise Failure("the same server processes as before", "others")


# -- silent

@needs_clock
def silent(options, folder):
    """Whoever says nothing is cut off in every state, and the next one is served."""
    with Place(options, folder, clock=True) as place:
        quiet = {f"a client of {service}": place.connect(service) for service in PORTS}
        quiet["after EHLO"] = greeted(place)
        quiet["inside MAIL"] = greeted(place)
        say(quiet["inside MAIL"], "MAIL FROM:<x@x.test>", "250")
        quiet["inside DATA"] = greeted(place)
        for line, code in (("MAIL FROM:<x@x.test>", "250"), (f"RCPT TO:<{USER}>", "250"), ("DATA", "354")):
            say(quiet["inside DATA"], line, code)
        quiet["inside AUTH"] = greeted(place, "submission")
        say(quiet["inside AUTH"], "AUTH PLAIN", "334")
        quiet["inside a line"] = greeted(place)
        quiet["inside a line"].send(b"NOO")
        quiet["inside a TLS handshake"] = place.connect("submissions")
        quiet["inside a TLS handshake"].send(hello()[:50])
        quiet["inside a command"] = logged_in(place)
        quiet["inside a command"].send(b"a NO")
        patient = {"a session of IMAP": logged_in(place), "an APPEND": logged_in(place)}
        patient["an APPEND"].send(b"a APPEND INBOX {100+}\r\nSubject:")
        time.sleep(1)
        place.home.clock.move("+6m")
        for name, client in quiet.items():
            wait_closed(client, name)
        place.home.clock.move("+25m")
        for name, client in patient.items():
            if "* BYE" not in wait_closed(client, name):
                raise Failure(f"BYE to {name}", "an end without it")
        if not send_letter(greeted(place)).startswith("250"):
            raise Failure("250 after them", "something else")


# -- slow

def drip(clients, place, minutes):
    """An octet of each, and a minute."""
    for _ in range(minutes):
        for client in clients:
            try:
                client.sock.send(b"x")
            except OSError:
                pass                # cut off already
        time.sleep(0.8)             # a neighbour that does not get a turn for five minutes of this is cut off too
        place.home.clock.move("+1m")


@needs_clock
def slow(options, folder):
    """Whoever sends an octet now and then is cut off: a deadline is for the whole line, command or message."""
    with Place(options, folder, clock=True) as place:
        drips = {"a command line": greeted(place), "a message": greeted(place), "an IMAP command": logged_in(place),
                 "a first command": place.connect("imap")}
        literal = logged_in(place)
        drips["a first command"].read()
        for line, code in (("MAIL FROM:<x@x.test>", "250"), (f"RCPT TO:<{USER}>", "250"), ("DATA", "354")):
            say(drips["a message"], line, code)
        literal.send(b"a APPEND INBOX {100+}\r\n")
        with Neighbour(place):
            drip([*drips.values(), literal], place, 7)
            for name, client in drips.items():
                wait_closed(client, f"one who drips {name}")
        place.home.clock.move("+24m")
        wait_closed(literal, "one who drips a literal")


TESTS = [deaf_smtp, deaf_chunks, deaf_imap, deaf_before_login, deaf_fetch, deaf_idle, garbage, silent, slow]
