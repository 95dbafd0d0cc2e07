"""Debian's Postfix as a peer, in both directions."""

import smtplib

from harness.port import free_port
from peers import certificate, postfix, wait
from support import ALICE, PASSWORD, Mailbox, check, ends_with, is_report, letter, one_user, run

BOX = "box@pf.test"
PEER = 'peers = ( {{ domain = "pf.test"; address = "127.0.0.1:{port}"; {settings} }} );'


class Pair:
    """Our a.test and Postfix' pf.test, each knowing the other's port."""

    def __init__(self, house, with_tls=True, peer=""):
        """peer: more settings of our row for pf.test."""
        self.port, theirs = free_port(), free_port()
        folder = house.folder / "tls"
        if with_tls:
            certificate.make(folder, "mx.pf.test")
        self.ours = one_user(house, peers={"pf.test": theirs}, smtp_port=self.port,
                             change=PEER.format(port=theirs, settings=peer) if peer else "")
        self.theirs = house.own(postfix.Postfix(house.folder / "postfix", "pf.test", ["box"], {"a.test": self.port}, folder if with_tls else None,
                                                str(self.ours.ca), "encrypt" if with_tls else "none", port=theirs))

    def submit(self, octets, to):
        with smtplib.SMTP("127.0.0.1", self.ours.ports()["submission"]) as smtp:
            smtp.login(ALICE, PASSWORD)
            smtp.sendmail(ALICE, to, octets, ["BODY=8BITMIME"])

    def give_to_postfix(self, octets, to, sender=BOX):
        with smtplib.SMTP("127.0.0.1", self.theirs.port) as smtp:
            smtp.sendmail(sender, to, octets, ["BODY=8BITMIME"])

    def in_postfix(self, count=1):
        wait.until(f"{count} messages in Postfix' mailbox", lambda: len(self.theirs.messages("box")) >= count)
        return [path.read_bytes().replace(b"\n", b"\r\n") for path in self.theirs.messages("box")]


def gets_our_mail_by_starttls(house):
    pair, octets = Pair(house), letter("to Postfix", to=BOX)
    pair.submit(octets, BOX)
    got, = pair.in_postfix()
    ends_with(got, octets)
    check(b"with ESMTPS" in got or b"using TLSv1.3" in got, "a Received line that tells TLS", got[:600])


def gets_our_mail_by_verified_tls(house):
    pair, octets = Pair(house, peer=f'tls = "verify"; ca = "{house.folder}/tls/ca.pem";'), letter("to Postfix", to=BOX)
    pair.submit(octets, BOX)
    ends_with(pair.in_postfix()[0], octets)


def stays_without(pair):
    """The letter waits in our queue: Postfix saw no MAIL and alice has no report."""
    pair.submit(letter("to Postfix", to=BOX), BOX)
    wait.until("a log line about the failure", lambda: any("event=deferred" in line for line in pair.ours.log_lines()))
    check(not pair.theirs.messages("box"), "nothing at Postfix", "a message")
    check(Mailbox(pair.ours).count() == 0, "no report yet", "one")


def gets_nothing_when_another_authority_is_trusted(house):
    certificate.make(house.folder / "other", "mx.pf.test")
    stays_without(Pair(house, peer=f'tls = "verify"; ca = "{house.folder}/other/ca.pem";'))


def gets_nothing_without_tls_when_it_is_required(house):
    stays_without(Pair(house, with_tls=False, peer='tls = "required";'))


def gets_our_mail_without_tls(house):
    pair, octets = Pair(house, with_tls=False), letter("to Postfix", to=BOX)
    pair.submit(octets, BOX)
    ends_with(pair.in_postfix()[0], octets)


def gets_much_of_our_mail(house):
    pair = Pair(house)
    with smtplib.SMTP("127.0.0.1", pair.ours.ports()["submission"]) as smtp:
        smtp.login(ALICE, PASSWORD)
        for number in range(100):
            smtp.sendmail(ALICE, BOX, letter(f"number {number}"), ["BODY=8BITMIME"])
    check(len(set(pair.in_postfix(100))) == 100, "100 different messages", len(pair.in_postfix(100)))
    connections = pair.theirs.log().count("connect from")
    check(connections < 40, "few connections for 100 messages", connections)


def refuses_our_mail_and_alice_gets_a_report(house):
    pair = Pair(house)
    pair.submit(letter("to no one", to="no-one@pf.test"), "no-one@pf.test")
    is_report(Mailbox(pair.ours).wait_for(1)[0], "no-one@pf.test")


def takes_one_recipient_and_refuses_another(house):
    pair = Pair(house)
    pair.submit(letter("to two", to=BOX), [BOX, "no-one@pf.test"])
    ends_with(pair.in_postfix()[0], letter("to two", to=BOX))
    is_report(Mailbox(pair.ours).wait_for(1)[0], "no-one@pf.test")


def relays_to_us_by_verified_tls(house):
    pair, octets = Pair(house), letter("from Postfix", sender=BOX)
    pair.give_to_postfix(octets, ALICE)
    got, = Mailbox(pair.ours).wait_for(1)
    ends_with(got, octets)
    check("Trusted TLS connection established to 127.0.0.1" in pair.theirs.log(), "a trusted TLS connection", pair.theirs.log()[-1500:])
    check(got.startswith(b"Return-Path: <box@pf.test>"), "a Return-Path", got[:200])


def gets_our_refusal_and_reports_it(house):
    pair = Pair(house)
    pair.give_to_postfix(letter("to no one", to="no-one@a.test"), "no-one@a.test")
    is_report(pair.in_postfix()[0], "no-one@a.test")


def smtp_source_is_served_at_64_sessions(house):
    server = one_user(house)
    run(["smtp-source", "-d", "-s", "64", "-m", "1000", "-l", "4096", "-f", "a@vm.test", "-t", ALICE, f"127.0.0.1:{server.ports()['smtp']}"])
    check(Mailbox(server).count() == 1000, "1000 messages", Mailbox(server).count())


def smtp_source_is_served_a_new_connection_each_message(house):
    server = one_user(house)
    run(["smtp-source", "-s", "8", "-m", "200", "-r", "1", "-l", "4096", "-f", "a@vm.test", "-t", ALICE, f"127.0.0.1:{server.ports()['smtp']}"])
    check(Mailbox(server).count() == 200, "200 messages", Mailbox(server).count())
