"""Two servers that know each other by certificate, mail both ways, and kill -9 of their smtpds: each message arrives exactly once."""

import re
import threading
import time
from collections import Counter

from harness import queue
from harness.failure import Failure
from harness.journey import Journey
from kills import Victim
from ledger import PROMISED, Ledger, shown
from load import Refused, Smtp
from mailboxes import Reader, read_all

FRESH_S = 0.15                      # from new work for the clients to the kill, at most
SEND_S = 240
EMPTY_S = 240
HURRY_S = 2
KILLS_THAT_TELL = 50
REPEATED = 9                        # enum store_journal_stage
DELIVERED = re.compile(r"area=relay event=delivered queue=(\S+) to=(\S+)")
PEER = 'peers = ( {{ domain = "{0}"; address = "127.0.0.1:{1}"; tls = "verify"; ca = "{2}"; }} );'


class Acquainted(Journey):
    """Each takes mail of the other only for its own domain, encrypted, and knows it by its certificate.  Two users each."""

    def prepare(self, server, user):
        super().prepare(server, user)
        server.user_add(f"second@{server.domain}", self.password)

    def prepared(self):
        for server, other in ((self.a, self.b), (self.b, self.a)):
            server.change(PEER.format(other.domain, self.ports[other.domain], other.ca))


class Quota:
    """How many letters may be written: the clients of one way share it."""

    def __init__(self):
        self.left, self.changed = 0, threading.Condition()

    def give(self, n):
        with self.changed:
            self.left += n
            self.changed.notify_all()

    def take(self, stopping):
        with self.changed:
            while self.left == 0 and not stopping.is_set():
                self.changed.wait(0.1)
            if stopping.is_set():
                raise Refused("enough is sent")
            self.left -= 1


class Rationed(Smtp):
    """Sends as it likes, no more than its quota."""

    def __init__(self, quota, *plan):
        super().__init__(*plan)
        self.quota = quota

    def new_letter(self):
        self.quota.take(self.stopping)
        return super().new_letter()

    def pause(self):
        """The quota is pause enough."""


class Way:
    """From the users of one server to those of the other."""

    def __init__(self, journey, source, target, sender, recipient, seed):
        self.ledger = Ledger(f"{source.domain[0]}{seed:08x}")
        self.quota = Quota()
        self.source, self.target = source, target
        one, two = [recipient], [recipient, f"second@{target.domain}"]
        homes = {user: (target.domain, user) for user in two}
        self.readers = [Reader(target, user, journey.password, "INBOX", home) for user, home in homes.items()]
        login = (sender, journey.password)
        self.senders = [Rationed(self.quota, source, self.ledger, f"{seed}{n}", 0.002, users, {homes[user]: True for user in users}, how, login)
                        for n, (users, how) in enumerate([(one, "in turn"), (one, "ahead"), (two, "ahead"), (one, "chunked"), (two, "chunked")])]

    def n_promised(self):
        return self.ledger.counts()[PROMISED]

    def more_than_once(self):
        return [f"{name} is {n} times in {reader.home}" for reader in self.readers for name, n in reader.look().items() if n > 1]

    def judge(self):
        problems = []
        for reader in self.readers:
            found, altered = read_all(reader, self.ledger)
            problems += altered + self.ledger.judge(reader.home, found)[0]
        return problems

    def n_repeated(self):
        """Transmissions that the target had stored before."""
        return int(queue.ask(self.target, f"SELECT count(*) FROM journal WHERE stage = {REPEATED}"))

    def delivered_twice(self):
        done = Counter(DELIVERED.findall(self.source.daemons["smtpd"].log_from()))
        return [f"{place} of {self.source.domain} was delivered, and {n - 1} times again" for place, n in done.items() if n > 1]


class Ways:
    """`kills` rounds: new work for all clients, a kill in the middle of it.  At the end every letter of every mailbox is counted."""

    def __init__(self, journey, rng, totals, kills, letters):
        self.journey, self.rng, self.totals, self.kills, self.letters = journey, rng, totals, kills, letters
        a, b = journey.a, journey.b
        self.ways = [Way(journey, a, b, "alice@a.test", "bob@b.test", rng.randrange(1 << 32)),
                     Way(journey, b, a, "bob@b.test", "alice@a.test", rng.randrange(1 << 32))]
        self.victims = [Victim(s, "smtpd", rng, lambda s=s: queue.retry_now(s)) for s in (a, b)]

    def senders(self):
        return [sender for way in self.ways for sender in way.senders]

    def round(self, number):
        done = "the kill"
        for way in self.ways:
            way.quota.give(self.letters // self.kills)
        time.sleep(self.rng.random() * FRESH_S)
        try:
            done = self.rng.choice(self.victims).strike()
            problems = [problem for way in self.ways for problem in way.more_than_once()]
        except (Failure, OSError) as failure:
            problems = [str(failure)]
        self.totals.add(*(("failed", f"both ways, kill {number}, {done}:\n    {shown(problems)}") if problems else ("passed",)))
        return not problems

    def send_rest(self):
        """Until so many letters of each way are promised: what a kill left unanswered is sent as another letter."""
        deadline = time.monotonic() + SEND_S
        while time.monotonic() < deadline:
            missing = [self.letters - way.n_promised() for way in self.ways]
            if max(missing) <= 0:
                return
            for way, n in zip(self.ways, missing):
                if way.quota.left == 0 and n > 0:
                    way.quota.give(n)
            time.sleep(0.2)
        raise Failure(f"{self.letters} letters promised on each way", [way.n_promised() for way in self.ways])

    def stop_senders(self):
        for sender in self.senders():
            sender.stopping.set()
        for sender in self.senders():
            sender.join(SEND_S)

    def drain(self):
        deadline = time.monotonic() + EMPTY_S
        servers = (self.journey.a, self.journey.b)
        while any(left := [queue.length(server) for server in servers]):
            if time.monotonic() > deadline:
                raise Failure("empty queues", f"{left} recipients that wait")
            for server in servers:
                server.mailctl(["-c", str(server.conf), "queue", "retry", "--all"])
            time.sleep(HURRY_S / 10 if max(left) < 50 else HURRY_S)

    def end(self):
        self.send_rest()
        self.stop_senders()
        self.drain()
        problems = [problem for way in self.ways for problem in way.judge() + way.delivered_twice()]
        for server in (self.journey.a, self.journey.b):
            server.mailctl(["-c", str(server.conf), "check"])
        repeated = sum(way.n_repeated() for way in self.ways)
        if repeated == 0 and self.kills >= KILLS_THAT_TELL:
            problems.append("no transmission came again: the kills met none under way")
        self.journey.finish()
        counts = ", ".join(f"{way.source.domain} to {way.target.domain} {dict(way.ledger.counts())}" for way in self.ways)
        print(f"both ways, {self.kills} kills: {counts}; {repeated} transmissions came again and were stored once", flush=True)
        return problems

    def run(self):
        for sender in self.senders():
            sender.start()
        for number in range(1, self.kills + 1):
            if not self.round(number):
                break
        try:
            problems = self.end()
        except (Failure, OSError) as failure:
            problems = [str(failure)] + [line for v in self.victims for line in v.daemon.log_from().splitlines()[-6:]]
        self.totals.add(*(("failed", f"both ways end:\n    {shown(problems)}") if problems else ("passed",)))
        return not problems
