"""Services on a network of two hosts: ours announced and found, judged by avahi."""

import time

from peers import wait
from peers.avahi import Avahi
from peers.network import Here, Host, cable
from support import check, need, one_user


class Ended:
    """A Host for house.own."""

    def __init__(self, host):
        self.host = host

    def start(self):
        pass

    def stop(self):
        self.host.stop()


class Street:
    """Two hosts and a cable: ours has 10.88.0.1, avahi's 10.88.0.2."""

    def __init__(self, house, services=(), avahi_name="other"):
        for program in ("avahi-daemon", "avahi-browse", "dbus-daemon", "ip", "nsenter"):
            need(program)
        self.house = house
        self.ours, self.theirs = Host("ours"), Host("theirs")
        for host in (self.ours, self.theirs):
            house.own(Ended(host))
        cable(self.ours, self.theirs)
        self.avahi = house.own(Avahi(self.theirs, house.folder / "avahi", avahi_name, services))

    def nettool(self, *words):
        return self.ours.popen([self.house.home.bin / "nettool", "discover", *words])

    def announce(self, *words):
        """The process, once it holds its name; and the line that says so."""
        child = self.nettool("announce", *words)
        return child, child.stdout.readline().strip()


def avahi_finds_what_we_announce(house):
    street = Street(house)
    child, said = street.announce("_imap._tcp", "143", "--name", "Post room, übung", "--host", "mailbox", "--text", "path=/", "--text", "a b")
    check(said.endswith("at mailbox.local"), "its name", said)
    found = wait.until("avahi to find it", lambda: [row for row in street.avahi.browse("_imap._tcp") if row[2] == "10.88.0.1"])
    check(found == [("Post\\032room\\044\\032\\195\\188bung", "mailbox.local", "10.88.0.1", 143, '"a b" "path=/"')], "one service", found)
    check(street.avahi.resolve("mailbox.local") == ["mailbox.local", "10.88.0.1"], "the host's address", street.avahi.resolve("mailbox.local"))
    child.terminate()
    wait.until("it to be gone after the goodbye", lambda: street.avahi.browse("_imap._tcp") == [], 5)


def we_find_what_avahi_announces(house):
    street = Street(house, [("Old post", "_imaps._tcp", 993, ["x=1"]), ("Sub.mission", "_submission._tcp", 587, [])])
    said = street.nettool("browse", "--seconds", "4").communicate(timeout=20)[0]
    check('found _imaps._tcp "Old post" other.local. ' in said and "10.88.0.2:993" in said and "x=1" in said, "Old post", said)
    check('found _submission._tcp "Sub.mission" other.local. ' in said and "10.88.0.2:587" in said, "Sub.mission", said)


def a_taken_name_gets_a_number(house):
    street = Street(house, [("Post", "_imap._tcp", 1143, [])], avahi_name="mailbox")
    wait.until("avahi to announce", lambda: "found" in street.nettool("browse", "_imap._tcp", "--seconds", "2").communicate()[0], 20)
    child, said = street.announce("_imap._tcp", "143", "--name", "Post", "--host", "mailbox")
    check(said == 'announced "Post (2)" at mailbox-2.local', "both renamed", said)
    wait.until("avahi to find both", lambda: {row[0] for row in street.avahi.browse("_imap._tcp")} == {"Post", "Post\\032\\0402\\041"}, 10)


def avahi_yields_to_a_name_of_ours(house):
    street = Street(house)
    street.announce("_imap._tcp", "143", "--name", "Post", "--host", "mailbox")
    street.avahi.stop()
    late = house.own(Avahi(street.theirs, house.folder / "late", "other", [("Post", "_imap._tcp", 1143, [])]))
    rows = wait.until("avahi to rename its own", lambda: [row for row in late.browse("_imap._tcp") if row[3] == 1143], 20)
    check(rows[0][0] == "Post\\032\\0352", "avahi's own number", rows)


def a_new_interface_is_joined(house):
    street = Street(house)
    street.ours.run(["ip", "link", "set", "e0", "down"])
    child = street.nettool("announce", "_imap._tcp", "143", "--name", "Post", "--host", "mailbox")
    time.sleep(1.5)
    street.ours.run(["ip", "link", "set", "e0", "up"])
    wait.until("avahi to find it after the cable was put in", lambda: any(row[2] == "10.88.0.1" for row in street.avahi.browse("_imap._tcp")), 15)
    check(child.poll() is None, "it to live", child.poll())


def servers_announce_themselves_from_their_sandbox(house):
    need("avahi-daemon")
    theirs = Host("theirs")
    house.own(Ended(theirs))
    cable(Here(), theirs, "10.89.0", "posta0")
    avahi = house.own(Avahi(theirs, house.folder / "avahi"))
    listen = """listen = ( { address = "0.0.0.0:0"; service = "submission"; tls = "starttls"; }, { address = "10.89.0.1:0"; service = "imap"; tls = "implicit"; },
                { address = "127.0.0.1:0"; service = "imap"; tls = "starttls"; } ); announce = true;"""
    server = one_user(house, change=listen)
    for service in ("submission", "imaps"):
        wanted = ("mx\\.a\\.test", "mx.local", "10.89.0.1", server.ports()[service], "")
        # the host has an IPv6 address besides, from when the kernel has made sure that it is nobody else's
        found = wait.until(f"avahi to find {service}", lambda: avahi.browse(f"_{service}._tcp"), 20)
        check(wanted in found and all(row[:2] + row[3:] == wanted[:2] + wanted[3:] for row in found), f"our {service}", found)
    check(avahi.browse("_imap._tcp") == [], "nothing that listens on loopback", avahi.browse("_imap._tcp"))
    check(not any("sandbox-off" in line for line in server.log_lines()), "the sandbox on", server.log_lines())
    server.stop([])
    wait.until("both to be gone", lambda: avahi.browse("_submission._tcp") == [] and avahi.browse("_imaps._tcp") == [], 5)
    server.start((), None)


def a_host_without_ipv4_is_found_by_ipv6(house):
    street = Street(house)
    street.ours.run(["ip", "-4", "addr", "flush", "dev", "e0"])
    child, said = street.announce("_imap._tcp", "143", "--name", "Post", "--host", "mailbox")
    check(said.endswith("at mailbox.local"), "its name", said)
    found = wait.until("avahi to find it", lambda: street.avahi.browse("_imap._tcp"), 15)
    check(len(found) == 1 and found[0][2].startswith("fe80::") and found[0][3] == 143, "one link-local address", found)
    said = street.nettool("browse", "_imap._tcp", "--seconds", "2").communicate(timeout=20)[0]
    check("[fe80::" in said, "found by ourselves, too", said)
    child.terminate()
    wait.until("it to be gone", lambda: street.avahi.browse("_imap._tcp") == [], 5)
