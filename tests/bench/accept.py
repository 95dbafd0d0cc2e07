"""4 KiB accepted durably for local users at 64 sessions, beside Postfix with virtual(8) Maildir delivery."""

import imaplib
import time

import smtpload
from peers import postfix, wait
from peers.house import House
from table import Figure

SESSIONS, MESSAGES = 64, 5000


class Ours:
    """Accepted is delivered: 250 follows the commit into the mailbox."""

    def __init__(self, house):
        self.server = house.server("a.test", {"box@a.test": "secret"})
        self.port = self.server.ports()["smtp"]

    def delivered(self):
        with imaplib.IMAP4("127.0.0.1", self.server.ports()["imap"]) as imap:
            imap.login("box@a.test", "secret")
            return int(imap.status("INBOX", "(MESSAGES)")[1][0].split()[-1].rstrip(b")"))

    def run(self, count):
        before = self.delivered()
        seconds = smtpload.source(self.port, "box@a.test", count, SESSIONS)
        if self.delivered() != before + count:
            raise wait.TooLate(f"{count} messages more in our mailbox: {self.delivered() - before}")
        return count / seconds, count / seconds


class Theirs:
    """Accepted is queued; delivered is a file in the Maildir."""

    def __init__(self, house):
        self.postfix = house.own(postfix.Postfix(house.folder / "postfix", "pf.test", ["box"]))

    def run(self, count):
        before = len(self.postfix.messages("box"))
        begin = time.monotonic()
        accepted = smtpload.source(postfix.SMTP_PORT, "box@pf.test", count, SESSIONS)
        wait.until(f"{count} messages more in Postfix' Maildir", lambda: len(self.postfix.messages("box")) >= before + count, smtpload.TIMEOUT_S, 0.02)
        return count / accepted, count / (time.monotonic() - begin)


def measure(options):
    with House(options.bin) as house:
        ours, theirs = Ours(house), Theirs(house)
        ours.run(500)
        theirs.run(500)
        rates = [(ours.run(options.scaled(MESSAGES)), theirs.run(options.scaled(MESSAGES))) for _ in range(options.rounds)]
        house.finish()
    return [Figure("accept_64", "accept and deliver 4 KiB, 64 sessions", "/s", [o[1] for o, _ in rates], [t[1] for _, t in rates],
                   "Postfix", 2),
            Figure("accept_64_only", "the same, Postfix only accepting", "/s", [o[0] for o, _ in rates], [t[0] for _, t in rates], "Postfix")]
