"""4 KiB accepted from 8 submitters and relayed: between two of our servers over one TLS connection, beside Postfix to smtp-sink."""

import imaplib
import re
import time

import smtpload
from harness.port import free_port
from peers import postfix, wait
from peers.house import House
from table import Figure

MESSAGES, WARM_UP = 5000, 500
PEER = 'peers = ( {{ domain = "{domain}"; address = "127.0.0.1:{port}"; tls = "{tls}"; connections = 1; {more} }} );'
OVER_TLS = re.compile(r"\(TLSv1\.\d[^)]*\)|with ESMTPS")


def peer(domain, port, tls, more=""):
    return PEER.format(domain=domain, port=port, tls=tls, more=more)


def rate(port, recipient, count, wait_for_all):
    begin = time.monotonic()
    smtpload.source(port, recipient, count)
    wait_for_all()
    return count / (time.monotonic() - begin)


class Pair:
    """a and b know each other by certificate; done is what is in a mailbox of b."""

    def __init__(self, house):
        ports = {domain: free_port() for domain in ("a.test", "b.test")}
        folders = {domain: house.home.folder / domain for domain in ports}
        a, self.b = (
            house.server(here, {"box@b.test": "secret"} if here == "b.test" else {}, smtp_port=ports[here], daemons=daemons, start=False,
                         change=peer(there, ports[there], "verify", f'ca = "{folders[there]}/tls/ca.pem";'))
            for here, there, daemons in (("a.test", "b.test", ("smtpd",)), ("b.test", "a.test", ("smtpd", "imapd"))))
        self.port = ports["a.test"]
        for server in (self.b, a):
            server.start()
        smtpload.forward(a, "box@a.test", "box@b.test")
        self.imap = imaplib.IMAP4("127.0.0.1", self.b.ports()["imap"])
        self.imap.login("box@b.test", "secret")

    def stored(self):
        return int(self.imap.status("INBOX", "(MESSAGES)")[1][0].split()[-1].rstrip(b")"))

    def connections(self):
        """Of a to b, known by its certificate; none other may bring mail."""
        return sum("event=peer" in line for line in self.b.log_lines())

    def run(self, count):
        """At most a new connection: one that rested for a minute was closed."""
        before, connections = self.stored(), self.connections()
        got = rate(self.port, "box@a.test", count,
                   lambda: wait.until(f"{count} messages more in b's store", lambda: self.stored() >= before + count, smtpload.TIMEOUT_S, 0.005))
        if self.connections() - connections > 1:
            raise RuntimeError(f"{self.connections() - connections} connections from a to b")
        return got

    def check_secure(self):
        """Raises unless what came last came by TLS."""
        self.imap.select("INBOX", readonly=True)
        received = self.imap.fetch(str(self.stored()), "(BODY.PEEK[HEADER.FIELDS (RECEIVED)])")[1][0][1].decode()
        if self.connections() == 0 or not OVER_TLS.search(received):
            raise RuntimeError(f"not over TLS: {received}")


class ToSink:
    """One of our servers, or Postfix, before smtp-sink."""

    def __init__(self, sink, port, recipient):
        self.sink, self.port, self.recipient = sink, port, recipient

    def run(self, count):
        _, before = self.sink.counts()
        return rate(self.port, self.recipient, count, lambda: self.sink.wait_for(before + count))


def ours_to_sink(house):
    sink = house.own(smtpload.Sink(house.folder))
    server = house.server("c.test", daemons=("smtpd",), change=peer("sink.test", sink.port, "none"))
    smtpload.forward(server, "box@c.test", "box@sink.test")
    return ToSink(sink, server.ports()["smtp"], "box@c.test")


def theirs_to_sink(house):
    sink = house.own(smtpload.Sink(house.folder))
    house.own(postfix.Postfix(house.folder / "postfix", "pf.test", [], {"sink.test": sink.port}))
    return ToSink(sink, postfix.SMTP_PORT, "box@sink.test")


def measure(options):
    with House(options.bin) as house:
        pair = Pair(house)
        ways = [pair, ours_to_sink(house), theirs_to_sink(house)]
        for way in ways:
            way.run(WARM_UP)
        rates = [[way.run(options.scaled(MESSAGES)) for way in ways] for _ in range(options.rounds)]
        pair.check_secure()
        house.finish()
    between, to_sink, theirs = zip(*rates)
    return [Figure("relay", "accept and relay 4 KiB, 8 submitters, a to b over one TLS connection", "/s", between, theirs, "Postfix to smtp-sink", 2),
            Figure("relay_sink", "the same, ours to smtp-sink", "/s", to_sink, theirs, "Postfix to smtp-sink")]
