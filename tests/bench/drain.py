"""5,000 held messages of 4 KiB for one domain, released: until the last is at smtp-sink, over at most 4 connections."""

import time

import smtpload
from peers import postfix, wait
from peers.house import House
from table import Figure

MESSAGES, CONNECTIONS = 5000, 4
HELD_CF = """
smtpd_client_restrictions = check_client_access static:HOLD
default_destination_concurrency_limit = {most}
initial_destination_concurrency = {most}
smtp_connection_cache_on_demand = {caches}
"""


class Ours:
    name = "ours"

    def __init__(self, house):
        self.sink = house.own(smtpload.Sink(house.folder))
        self.server = house.server("a.test", daemons=("smtpd",),
                                   change=f'peers = ( {{ domain = "sink.test"; address = "127.0.0.1:{self.sink.port}"; tls = "none"; connections = {CONNECTIONS}; }} );')
        smtpload.forward(self.server, "box@a.test", "box@sink.test")

    def mailctl(self, *words):
        return self.server.mailctl(["-c", str(self.server.conf), *words])

    def fill(self, count):
        self.mailctl("queue", "hold", "--to", "sink.test")
        smtpload.source(self.server.ports()["smtp"], "box@a.test", count)

    def release(self):
        self.mailctl("queue", "release", "--to", "sink.test")


class Theirs:
    """Held, then moved to the deferred queue; what counts is the time from the flush of that."""

    def __init__(self, house, port, caches):
        self.name = f"Postfix, connection cache {'on' if caches else 'off'}"
        self.sink = house.own(smtpload.Sink(house.folder))
        self.postfix = house.own(postfix.Postfix(
            house.folder / f"postfix.{port}", "pf.test", [], {"sink.test": self.sink.port}, port=port,
            more=HELD_CF.format(most=CONNECTIONS, caches="yes" if caches else "no")))

    def fill(self, count):
        smtpload.source(self.postfix.port, "box@sink.test", count)
        self.postfix.run("postsuper", "-H", "ALL")

    def release(self):
        self.postfix.run("postqueue", "-f")


def drain(side, count):
    """Messages a second, and connections used; the sink is a new one, so that no connection stands from before."""
    side.sink.stop()
    side.sink.start()
    side.fill(count)
    if side.sink.counts()[1] != 0:
        raise wait.TooLate(f"{side.name}: sent before the release")
    before = side.sink.connections()
    begin = time.monotonic()
    side.release()
    side.sink.wait_for(count)
    return count / (time.monotonic() - begin), side.sink.connections() - before


def measure(options):
    with House(options.bin) as house:
        sides = [Ours(house), Theirs(house, postfix.SMTP_PORT, True), Theirs(house, postfix.SMTP_PORT + 1, False)]
        rounds = [[drain(side, options.scaled(MESSAGES)) for side in sides] for _ in range(options.rounds)]
        house.finish()
    ours, *theirs = zip(*rounds)
    most = max(connections for _, connections in ours)
    if most > CONNECTIONS:
        raise RuntimeError(f"{most} connections")
    rates = [rate for rate, _ in ours]
    return [Figure(f"drain{suffix}", f"a held queue of {options.scaled(MESSAGES)}, 4 KiB, drains to smtp-sink", "/s", rates, [rate for rate, _ in values],
                   side.name, 3, note=f"connections {most} beside {max(connections for _, connections in values)}")
            for suffix, side, values in zip(("", "_uncached"), sides[1:], theirs)]
