"""One server of a test of its own, a client that behaves, and what the server takes of the machine."""

import re
import threading
import time
from pathlib import Path

from harness import process
from harness.client import Client
from harness.clock import Clock
from harness.failure import Failure
from harness.server import Server
from harness.stage import Home

WAIT_S = 90
USER, PASSWORD = "alice@a.test", "secret"
ASK_S = 0.1
SLOW_S = 15                         # a neighbour's command that takes longer was harmed, on a busy machine too


class Unfit(Exception):
    """This machine cannot show the claim; says why."""


class Place:
    """`with Place(options, folder) as place:` is a.test, running, with alice."""

    def __init__(self, options, folder, settings="", extra=None, clock=False, prepare=None):
        self.identity = process.Identity.usual()
        self.identity.make_folder(folder)
        bin_folder = process.reachable_programs(options.bin, folder)
        self.home = Home(folder, bin_folder, options.variant, self.identity, WAIT_S)
        self.variant, self.settings, self.extra, self.prepare = options.variant, settings, extra, prepare
        if clock:
            self.home.clock = Clock(folder / "clock")
        self.server = Server("a.test", folder / "a.test", self.home, ["smtpd", "imapd"])

    def __enter__(self):
        try:
            self.server.init((), change=self.settings)
            if self.prepare:
                self.prepare(self)
            self.server.user_add(USER, PASSWORD)
            self.server.start(extra=self.extra)
        except BaseException:
            self.server.close()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.server.finish()
        finally:
            self.server.close()

    def connect(self, service, timeout=WAIT_S):
        protocol = "imap" if service.startswith("imap") else "smtp"
        return Client.connect(self.server.address_of(service), protocol, timeout)

    def server_pid(self, name):
        children = self.server.daemons[name].children()
        if len(children) != 1:
            raise Failure(f"one server process of {name}", children)
        return children[0]

    def memory_octets(self, name):
        """Resident memory of the server process, its own and anonymous."""
        text = Path(f"/proc/{self.server_pid(name)}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", text).group(1)) * 1024

    def descriptors(self, name):
        return len(list(Path(f"/proc/{self.server_pid(name)}/fd").iterdir()))


def reply(client):
    """The last line of an SMTP reply."""
    while True:
        line = client.read("a reply")
        if line[3:4] != "-":
            return line


def say(client, line, code):
    client.send(line.encode() + b"\r\n")
    got = reply(client)
    if not got.startswith(code):
        raise Failure(f"{code} to {line}", got)
    return got


def greeted(place, service="smtp"):
    client = place.connect(service)
    got = reply(client)
    if not got.startswith("220"):
        raise Failure("a greeting", got)
    say(client, "LHLO client.test" if service == "lmtp" else "EHLO client.test", "250")
    return client


def send_letter(client, text="Subject: x\r\n\r\ntext\r\n", recipient=USER):
    """The reply to the final dot, or the first that refuses."""
    for line in ("MAIL FROM:<x@x.test>", f"RCPT TO:<{recipient}>", "DATA"):
        client.send(line.encode() + b"\r\n")
        got = reply(client)
        if got[0] not in "23":
            client.send(b"RSET\r\n")
            reply(client)
            return got
    client.send(text.encode() + b".\r\n")
    return reply(client)


def tagged(client, tag, text):
    """Untagged lines and the tagged one."""
    client.send(f"{tag} {text}\r\n".encode())
    return until_tag(client, tag)


def until_tag(client, tag):
    lines = []
    while True:
        line = client.read(f"the end of {tag}")
        lines.append(line)
        if line.startswith(tag + " "):
            return lines


def logged_in(place):
    client = place.connect("imap")
    client.read("a greeting")
    got = tagged(client, "l", f"LOGIN {USER} {PASSWORD}")[-1]
    if not got.startswith("l OK"):
        raise Failure("l OK", got)
    return client


class Neighbour(threading.Thread):
    """Sends a letter and asks over IMAP all the time; `with` fails when either was refused or slow."""

    def __init__(self, place, letters=True):
        super().__init__(daemon=True)
        self.place, self.letters = place, letters
        self.over = threading.Event()
        self.worst_s, self.rounds, self.problem = 0, 0, None

    def run(self):
        try:
            smtp, imap = greeted(self.place), logged_in(self.place)
            while not self.over.is_set():
                begin = time.monotonic()
                got = send_letter(smtp) if self.letters else say(smtp, "NOOP", "250")
                if not got.startswith("250"):
                    raise Failure("250 to a neighbour's letter", got)
                got = tagged(imap, "n", "STATUS INBOX (MESSAGES)")[-1]
                if not got.startswith("n OK"):
                    raise Failure("n OK to a neighbour", got)
                self.worst_s = max(self.worst_s, time.monotonic() - begin)
                self.rounds += 1
                time.sleep(ASK_S)
        except (Failure, OSError) as failure:
            self.problem = failure

    def __enter__(self):
        self.start()
        deadline = time.monotonic() + WAIT_S
        while self.rounds == 0 and not self.problem and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.join(WAIT_S)
        if kind is None:
            self.judge()

    def judge(self):
        if self.problem:
            raise Failure("the neighbour to be served", self.problem)
        if self.is_alive() or self.rounds == 0:
            raise Failure("the neighbour to be served", f"an answer not there after {WAIT_S} s, {self.rounds} rounds before")
        if self.worst_s > SLOW_S:
            raise Failure(f"the neighbour to be served within {SLOW_S} s", f"{self.worst_s:.1f} s")
