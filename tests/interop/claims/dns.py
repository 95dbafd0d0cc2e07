"""Names: a signed root of our own served by nsd, walked by hand, by libunbound, and through our cache."""

import json
import time

from harness.failure import Failure
from peers import wait
from peers.network import Host
from peers.nsd import Nsd, SignedTree
from support import check, need


class Tree:
    """A host whose loopback serves the root, test. and mail.test. on three addresses; ends with the house."""

    def __init__(self, house, alter=False):
        for program in ("nsd", "ldns-keygen", "ldns-signzone", "ip", "nsenter"):
            need(program)
        self.house = house
        self.host = house.own(Started(Host("names")))
        self.zones = SignedTree(house.folder / "zones")
        if alter:
            self.zones.alter()
        rows = [("root", "127.0.0.1", {".": "root.signed"}), ("test", "127.0.0.2", {"test": "test.signed"}), ("mail", "127.0.0.3", {"mail.test": "mail.test.signed"})]
        for name, address, zones in rows:
            house.own(Nsd(self.host, self.zones, name, address, zones))

    def ask(self, *words, codes=(0,), **options):
        done = self.host.run([self.house.home.bin / "nettool", "dns", "query", *words], check=False, **options)
        if done.returncode not in codes:
            raise Failure(f"nettool dns query {' '.join(map(str, words))} to exit {codes}", f"exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def iterate(self, *words, **options):
        return self.ask(*words, "--iterate", "--root-hints", self.zones.hints, **options)

    def validate(self, *words, **options):
        return self.ask(*words, "--root-hints", self.zones.hints, "--trust-anchor", self.zones.anchor, "--dnssec", **options)


class Started:
    """A Host for house.own."""

    def __init__(self, host):
        self.host = host

    def start(self):
        pass

    def __getattr__(self, name):
        return getattr(self.host, name)


def holds(text, *wanted):
    for word in wanted:
        check(word in text, word, text)


def the_walk_shows_each_referral(house):
    tree = Tree(house)
    said = tree.iterate("mail.test", "MX")
    holds(said, "zone . server 127.0.0.1:53: referral to test.", "zone test. server 127.0.0.2:53: referral to mail.test.",
          "zone mail.test. server 127.0.0.3:53: NOERROR", "mail.test. 30 IN MX 10 mx1.mail.test.", "mail.test. 30 IN MX 20 mx2.mail.test.")
    holds(tree.iterate("alias.mail.test", "A"), "alias.mail.test. 30 IN CNAME mx1.mail.test.", "mx1.mail.test. 30 IN A 192.0.2.10")
    holds(tree.iterate("nope.mail.test", "A"), "NXDOMAIN: no such name")
    holds(tree.iterate("mail.test", "SRV"), "NOERROR: no such data")
    steps = [json.loads(line) for line in tree.iterate("mx1.mail.test", "AAAA", "--json").splitlines()]
    check([step.get("referral") for step in steps[0]["steps"]] == ["test.", "mail.test.", None], "two referrals", steps)
    check(steps[0]["records"] == [{"name": "mx1.mail.test.", "type": "AAAA", "ttl": 30, "data": "2001:db8::10"}], "the address", steps)


def a_walk_without_end_is_ended(house):
    tree = Tree(house)
    start = time.monotonic()
    said = tree.iterate("x.hen.test", "A", codes=(69, 75))
    check(time.monotonic() - start < 9, "an end before the deadline", said)
    check(said.count("server 127.0.0.") <= 64, "at most 64 questions", said.count("server"))
    holds(tree.iterate("mail.test", "MX"), "10 mx1.mail.test.")


def an_answer_that_was_cut_comes_by_tcp(house):
    tree = Tree(house)
    said = tree.iterate("long.mail.test", "TXT")
    holds(said, "octets by TCP", '"' + "a" * 250 + '" "' + "b" * 250 + '"', "h" * 250)


def what_was_walked_is_kept_and_its_ttl_counts_down(house):
    tree = Tree(house)
    said = tree.iterate("mx1.mail.test", "A", "--repeat", "3")
    holds(said, "mx1.mail.test. 30 IN A 192.0.2.10", "mx1.mail.test. 29 IN A 192.0.2.10", "mx1.mail.test. 28 IN A 192.0.2.10")
    check(said.count("referral to") == 2, "one walk only", said)
    said = tree.validate("mx1.mail.test", "A", "--repeat", "3")
    holds(said, "mx1.mail.test. 30 IN A 192.0.2.10", "mx1.mail.test. 28 IN A 192.0.2.10")


def signatures_are_judged_from_the_root(house):
    tree = Tree(house, alter=True)
    for name, kind, text in (("mail.test", "MX", "10 mx1.mail.test."), ("alias.mail.test", "A", "192.0.2.10"), ("mx1.mail.test", "AAAA", "2001:db8::10"),
                             ("mail.test", "TXT", '"v=spf1 mx -all"'), ("_submission._tcp.mail.test", "SRV", "0 1 587 mx1.mail.test."),
                             ("_25._tcp.mx1.mail.test", "TLSA", "3 1 1 abab"), ("mail.test", "NS", "ns.mail.test."), ("alias.mail.test", "CNAME", "mx1.mail.test."),
                             ("nope.mail.test", "A", "NXDOMAIN"), ("mail.test", "PTR", "no such data")):
        holds(tree.validate(name, kind), text, "; secure")
    said = tree.validate("altered.mail.test", "A", codes=(76,))
    holds(said, "; bogus", "signature verification failed")
    check("192.0.2.67" not in said, "data that is bogus to be withheld", said)
    other = SignedTree(house.folder / "others")
    tree.zones.anchor = other.anchor
    holds(tree.validate("mail.test", "MX", codes=(76,)), "; bogus")
    said = tree.ask("mx1.mail.test", "A", "--root-hints", tree.zones.hints, "--dnssec")
    holds(said, "192.0.2.10", "; insecure")


def a_silent_server_ends_at_our_deadline(house):
    tree = Tree(house)
    tree.house.own(Silent(tree.host, "127.0.0.9", 5353))
    for more in ((), ("--trace",)):
        start = time.monotonic()
        said = tree.ask("mail.test", "MX", "@127.0.0.9:5353", "--timeout", "2", *more, codes=(75,))
        took = time.monotonic() - start
        check(1.5 < took < 4, "two seconds", f"{took:.1f} s: {said}")
        holds(said, "in time")


class Silent:
    """A UDP port that hears and says nothing."""

    def __init__(self, host, address, port):
        self.words = ["python3", "-c", f"import socket,time; s=socket.socket(2,2); s.bind(({address!r},{port})); print('on',flush=True); time.sleep(1000)"]
        self.host = host

    def start(self):
        self.process = self.host.popen(self.words)
        self.process.stdout.readline()

    def stop(self):
        self.process.kill()
        self.process.wait()


def our_cache_serves_and_counts_down(house):
    tree = Tree(house)
    cache = tree.host.popen([house.home.bin / "nettool", "dns", "cache", "127.0.0.1:0", "--forward", "127.0.0.3"])
    at = cache.stdout.readline().split()[-1]
    holds(tree.ask("mx1.mail.test", "A", f"@{at}", "--trace"), "mx1.mail.test. 30 IN A 192.0.2.10")
    time.sleep(1.2)
    holds(tree.ask("MX1.Mail.test", "A", f"@{at}", "--trace"), "29 IN A 192.0.2.10")
    holds(tree.ask("long.mail.test", "TXT", f"@{at}", "--trace"), "by TCP", "cut over UDP", "h" * 250)
    holds(tree.ask("nope.mail.test", "A", f"@{at}", "--trace"), "NXDOMAIN", "mail.test. 20 IN SOA")
    time.sleep(1.2)
    holds(tree.ask("mx1.mail.test", "A", f"@{at}"), "192.0.2.10")
    tree.house.others[-1].stop()
    holds(tree.ask("nope.mail.test", "A", f"@{at}", "--trace"), "NXDOMAIN", "IN SOA")
    holds(tree.ask("unknown.mail.test", "A", f"@{at}", "--trace", codes=(69,)), "SERVFAIL")
    cache.terminate()
    wait.until("the cache to end", lambda: cache.poll() is not None)
    check(cache.returncode == 0, "exit 0", cache.returncode)
    # mx1 again, long by TCP, nope again
    holds(cache.stdout.read(), "kept 3")
