"""What several claims need: run a client, make a letter, look into a mailbox."""

import email
import imaplib
import os
import random
import shutil
import ssl
import subprocess

from harness.failure import Failure
from peers import wait

PASSWORD = "secret"
ALICE = "alice@a.test"
TIMEOUT_S = 60


class Skip(Exception):
    """The claim cannot be judged here; the text says why."""


def need(program):
    if shutil.which(program) is None:
        raise Skip(f"no {program}")


def check(holds, want, got):
    if not holds:
        raise Failure(want, got)


def run(words, stdin=b"", codes=(0,), cwd=None, env=None, timeout=TIMEOUT_S):
    """Standard output as octets; another exit code than `codes` fails the claim with what the program said."""
    done = subprocess.run([str(word) for word in words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                          env={**os.environ, "LANG": "C.UTF-8", **(env or {})}, timeout=timeout)
    if done.returncode not in codes:
        said = (done.stdout[-1500:] + done.stderr[-1500:]).decode(errors="replace")
        raise Failure(f"{words[0]} to exit {codes}", f"exit {done.returncode}\n{said}")
    return done.stdout + (done.stderr if codes != (0,) else b"")


def letter(subject, to=ALICE, lines=8, sender=ALICE):
    """CRLF octets with dots at line starts, 8-bit text and no end of line missing."""
    dice = random.Random(subject)
    body = ["." * (number % 3) + "".join(dice.choice("abcde .,äß") for _ in range(60)).rstrip() for number in range(lines)]
    head = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Sat, 21 Nov 2026 08:00:00 +0000", f"Message-ID: <{subject.replace(' ', '.')}@letter.test>",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", ""]
    return ("\r\n".join(head + body) + "\r\n").encode()


def one_user(house, **options):
    """A server for a.test with alice."""
    return house.server("a.test", {ALICE: PASSWORD}, **options)


def tls_of(server):
    return ssl.create_default_context(cafile=str(server.ca))


class Mailbox:
    """A folder of a user by imaplib; for looking, not for testing imaplib."""

    def __init__(self, server, user=ALICE, folder="INBOX"):
        self.imap = imaplib.IMAP4("127.0.0.1", server.ports()["imap"], timeout=TIMEOUT_S)
        self.imap.login(user, PASSWORD)
        self.folder = folder

    def count(self):
        status, data = self.imap.select(self.folder, readonly=True)
        check(status == "OK", "SELECT to be OK", data)
        return int(data[0])

    def wait_for(self, number, timeout_s=20):
        """All messages as octets, once there are so many."""
        wait.until(f"{number} messages in {self.folder}", lambda: self.count() >= number, timeout_s)
        check(self.count() == number, f"{number} messages in {self.folder}", self.count())
        return self.all()

    def all(self):
        if self.count() == 0:
            return []
        _, data = self.imap.fetch("1:*", "(BODY.PEEK[])")
        return [item[1] for item in data if isinstance(item, tuple)]

    def flags(self):
        """Per message, sorted; \\Recent left out."""
        self.count()
        _, data = self.imap.fetch("1:*", "(FLAGS)")
        return [sorted(flag.decode() for flag in imaplib.ParseFlags(item) if flag != b"\\Recent") for item in data if item]

    def append(self, octets, flags=None):
        status, data = self.imap.append(self.folder, flags, None, octets)
        check(status == "OK", "APPEND to be OK", data)


def ends_with(got, octets):
    check(got.endswith(octets), f"a message of {len(octets)} octets at its end, {octets[-60:]!r}", f"{len(got)}, {got[-60:]!r}")


def subjects(messages):
    return sorted(email.message_from_bytes(octets)["Subject"] for octets in messages)


def is_report(octets, about):
    """A delivery status notification that names the recipient."""
    message = email.message_from_bytes(octets)
    check(message.get_content_type() == "multipart/report", "a multipart/report", message.get_content_type())
    status = [part for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    check(status and about in status[0].as_string(), f"a delivery-status about {about}", message.as_string()[:1500])
