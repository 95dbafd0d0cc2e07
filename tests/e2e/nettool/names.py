"""nettool dns and discover: CLAIM.  On the loopback interface only, against a name server that the claim plays itself."""
import json
import random
import re
import socket
import struct
import subprocess
import threading
import time

from tool import TIMEOUT_S, Tool, check, main

A, SOA, MX, TXT, AAAA = 1, 6, 15, 16, 28


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(name, kind, ttl, data):
    return wire(name) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


SOA_OF_MAIL = record("mail.test", SOA, 300, wire("ns.mail.test") + wire("h.mail.test") + struct.pack(">5I", 1, 2, 3, 4, 20))
DATA = {
    ("mail.test", MX): [record("mail.test", MX, 30, struct.pack(">H", 20) + wire("mx2.mail.test")), record("mail.test", MX, 30, struct.pack(">H", 10) + wire("mx1.mail.test"))],
    ("mx1.mail.test", A): [record("mx1.mail.test", A, 30, bytes([192, 0, 2, 10]))],
    ("long.mail.test", TXT): [record("long.mail.test", TXT, 30, b"".join(bytes([250]) + letter * 250 for letter in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h")))],
}


class NameServer:
    """UDP and TCP on one port; `heard` is what was asked.  Answers are cut over UDP where they are too long."""

    def __init__(self, silent=False):
        self.heard, self.silent = [], silent
        self.udp, self.tcp, self.port = self.both()
        for work in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    @staticmethod
    def both():
        """A free port of the one need not be free of the other."""
        while True:
            tcp = socket.create_server(("127.0.0.1", 0))
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                udp.bind(tcp.getsockname())
                return udp, tcp, tcp.getsockname()[1]
            except OSError:
                udp.close(), tcp.close()

    def reply(self, query, limit):
        number, = struct.unpack(">H", query[:2])
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        kind, = struct.unpack(">H", query[at + 1:at + 3])
        question, name = query[12:at + 5], ".".join(labels)
        self.heard.append((name, kind))
        answers = DATA.get((name, kind), [])
        known = any(other == name for other, _ in DATA)
        flags = 0x8580 if answers or known else 0x8583
        body = b"".join(answers)
        authority = b"" if answers else SOA_OF_MAIL
        whole = struct.pack(">6H", number, flags, 1, len(answers), 0 if answers else 1, 0) + question + body + authority
        if len(whole) > limit:
            whole = struct.pack(">6H", number, flags | 0x0200, 1, 0, 0, 0) + question
        return whole

    def serve_udp(self):
        while True:
            query, peer = self.udp.recvfrom(4096)
            if self.silent:
                self.heard.append(query)
            else:
                self.udp.sendto(self.reply(query, 1232), peer)

    def serve_tcp(self):
        while True:
            client, _ = self.tcp.accept()
            with client:
                head = client.recv(2)
                whole = self.reply(client.recv(4096), 65535) if len(head) == 2 else b""
                client.sendall(struct.pack(">H", len(whole)) + whole)

    def at(self):
        return f"@127.0.0.1:{self.port}"


def ask(*words, code=0):
    done = subprocess.run(["nettool", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100)
    check(done.returncode == code, f"exit {code}", f"{done.returncode}: {done.stdout}")
    return done.stdout


def dns_is_answered_in_order():
    server = NameServer()
    said = ask("dns", "query", "mail.test", "MX", server.at())
    check(said == "mail.test. 30 IN MX 10 mx1.mail.test.\nmail.test. 30 IN MX 20 mx2.mail.test.\n", "both, the preferred one first", said)
    check("NXDOMAIN: no such name" in ask("dns", "query", "nope.mail.test", "A", server.at()), "no such name")
    check("NOERROR: no such data" in ask("dns", "query", "mail.test", "AAAA", server.at()), "no such data")
    said = json.loads(ask("dns", "query", "mx1.mail.test", "A", server.at(), "--json", "--dnssec"))
    check(said["records"] == [{"name": "mx1.mail.test", "type": "A", "ttl": 30, "data": "192.0.2.10"}] and said["security"] == "insecure", "one address", said)


def dns_keeps_what_it_heard():
    for more in ((), ("--trace",)):
        server = NameServer()
        said = ask("dns", "query", "mx1.mail.test", "A", server.at(), "--repeat", "3", *more)
        ttls = [int(ttl) for ttl in re.findall(r"^mx1\.mail\.test\. (\d+) IN A 192\.0\.2\.10", said, re.M)]
        check(len(ttls) == 3 and ttls[0] == 30 and ttls[0] > ttls[1] > ttls[2] > 0, "TTLs from 30 down, a second each or more", said)
        check(server.heard.count(("mx1.mail.test", A)) == 1, "one question", server.heard)


def dns_asks_by_tcp_what_was_cut():
    server = NameServer()
    said = ask("dns", "query", "long.mail.test", "TXT", server.at(), "--trace")
    check("by TCP" in said and "cut over UDP" in said and "h" * 250 in said, "the whole answer by TCP", said)


def dns_ends_when_nobody_answers():
    server = NameServer(silent=True)
    for more in ((), ("--trace",)):
        start = time.monotonic()
        ask("dns", "query", "mail.test", "MX", server.at(), "--timeout", "2", *more, code=75)
        check(1.9 < time.monotonic() - start < 9, "two seconds", time.monotonic() - start)
    check(len(server.heard) >= 2, "it to be asked more than once", server.heard)


def dns_cache_counts_down():
    server = NameServer()
    with Tool("dns", "cache", "127.0.0.1:0", "--forward", f"127.0.0.1:{server.port}") as cache:
        at = f"@127.0.0.1:{cache.at}"
        check("30 IN A 192.0.2.10" in ask("dns", "query", "mx1.mail.test", "A", at, "--trace"), "the address")
        check("NXDOMAIN" in ask("dns", "query", "nope.mail.test", "A", at, "--trace"), "no such name")
        time.sleep(1.1)
        server.silent = True
        said = ask("dns", "query", "MX1.mail.TEST", "A", at, "--trace")
        left = re.search(r" (\d+) IN A 192\.0\.2\.10", said)
        check(left and 0 < int(left[1]) < 30, "less time left", said)
        check("NXDOMAIN" in ask("dns", "query", "nope.mail.test", "A", at, "--trace"), "that there is none, kept too")
        check("SERVFAIL" in ask("dns", "query", "new.mail.test", "A", at, "--trace", code=69), "a failure for what is new")
        server.silent = False
        check("h" * 250 in ask("dns", "query", "long.mail.test", "TXT", at, "--trace"), "a long answer")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rude:
            for junk in (b"", b"x", b"\0" * 12, b"\0" * 11 + b"\1", b"\xff" * 500):
                rude.sendto(junk, ("127.0.0.1", cache.at))
        check("192.0.2.10" in ask("dns", "query", "mx1.mail.test", "A", at), "an answer after junk")


def dns_names_what_is_wrong():
    for words in (["query", "a.test"], ["query", "a.test", "NOSUCH"], ["query", "a.test", "A", "@nowhere"], ["query", "a.test", "A", "--iterate"],
                  ["query", "a..test", "A", "--trace", "@127.0.0.1:1"], ["cache", "192.0.2.1:53", "--forward", "127.0.0.1"], ["cache", "127.0.0.1:0"], ["query", "a.test", "A", "--repeat", "0"]):
        ask("dns", *words, code=64)
    ask("dns", "query", "a.test", "A", "--iterate", "--root-hints", "/nonexistent", code=66)
    check("example:" in ask("dns", "--help"), "an example")


def group():
    return ["--interface", "lo", "--group-port", random.randrange(30000, 50000)]


class Announcer(Tool):
    """`nettool discover announce`, once it has its name; `line` says which."""

    def __init__(self, *words):
        super().__init__("discover", "announce", *words, ready="")
        self.line = self.process.stdout.readline().strip()
        check(self.line.startswith("announced "), "announced …", f"{self.line!r} {self.said()}")


def first_seen(*words):
    """The first line of a browser that goes on until it has said one."""
    browser = subprocess.Popen(["nettool", "discover", "browse", *map(str, words)], stdout=subprocess.PIPE, text=True)
    line = browser.stdout.readline()
    browser.terminate()
    check(browser.wait(TIMEOUT_S) == 0, "exit 0", browser.returncode)
    return line


def discover_finds_what_is_announced():
    where = group()
    with Announcer("_imaps._tcp", 993, "--name", "Post room", "--host", "mx", "--text", "path=/", *where):
        said = first_seen(*where)
        check('found _imaps._tcp "Post room" mx.local. ' in said and "127.0.0.1:993" in said and said.rstrip().endswith("path=/"), "the service", said)
        said = json.loads(first_seen("_imaps._tcp", "--json", *where))
        check(said["event"] == "found" and said["instance"] == "Post room" and said["texts"] == ["path=/"], "the same as JSON", said)
        check(ask("discover", "browse", "_imap._tcp", "--seconds", 1, *where) == "", "nothing of another type")


def discover_numbers_the_second():
    where = group()
    with Announcer("_imap._tcp", 143, "--name", "Post", "--host", "mx", *where):
        browser = subprocess.Popen(["nettool", "discover", "browse", "_imap._tcp", *map(str, where)], stdout=subprocess.PIPE, text=True)
        with Announcer("_imap._tcp", 144, "--name", "Post", "--host", "mx", *where) as second:
            check(second.line == 'announced "Post (2)" at mx.local', "a number", second.line)
            seen = ""
            while '"Post (2)"' not in seen:
                seen += browser.stdout.readline()
        while 'gone _imap._tcp "Post (2)"' not in seen:
            seen += browser.stdout.readline()
        browser.terminate()
        check(browser.wait(TIMEOUT_S) == 0 and 'gone _imap._tcp "Post"' not in seen, "the first to stay", seen)


def discover_names_what_is_wrong():
    for words in (["announce", "_imap._tcp"], ["announce", "imap", "143", *group()], ["browse", "imap", *group()], ["announce", "_imap._tcp", "0"], []):
        ask("discover", *words, code=64)
    ask("discover", "browse", "--interface", "nosuch0", code=66)
    check("example:" in ask("discover", "--help"), "an example")


main({name: claim for name, claim in list(globals().items()) if name.startswith(("dns_", "discover_")) and callable(claim)})
