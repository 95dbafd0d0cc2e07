"""What IMAP shows of a mailbox, all of it or what is new."""

import re
from collections import Counter

from harness.client import Client, octets_of
from harness.failure import Failure

WAIT_S = 120
FETCHED = re.compile(r"\* \d+ FETCH \((?:.*?)UID (\d+)[ )]")
SUBJECT = re.compile(r"^Subject: (.*)$", re.MULTILINE)
LITERAL = re.compile(r"\{(\d+)\}\r\n")


class Reader:
    """One mailbox, looked at again and again: UIDs must rise, UIDVALIDITY must stay.  `home`: what the ledger calls it."""

    def __init__(self, server, user, password, mailbox, home=None):
        self.server, self.user, self.password, self.mailbox = server, user, password, mailbox
        self.home = home or (server.domain, mailbox)
        self.validity, self.last_uid = None, 0
        self.found = Counter()

    def connect(self):
        client = Client.connect(self.server.address_of("imap"), "imap", WAIT_S)
        client.read("a greeting")
        self.command(client, f"LOGIN {self.user} {self.password}")
        for line in self.command(client, f"EXAMINE {self.mailbox}"):
            found = re.search(r"UIDVALIDITY (\d+)", line)
            if found and self.validity not in (None, found.group(1)):
                raise Failure(f"UIDVALIDITY {self.validity} of {self.home}", found.group(1))
            self.validity = found.group(1) if found else self.validity
        return client

    @staticmethod
    def command(client, text):
        client.send(octets_of(f"t {text}\r\n"))
        out = []
        while True:
            line = client.read(f"the end of {text.split()[0]}")
            if line.startswith("t "):
                if not line.startswith("t OK"):
                    raise Failure(f"OK to {text.split()[0]}", line)
                return out
            out.append(line)

    def new(self, items):
        """[(uid, literal as text)] of the messages behind those seen before."""
        client = self.connect()
        try:
            lines = self.command(client, f"UID FETCH {self.last_uid + 1}:* (UID {items})")
        finally:
            client.close()
        out = []
        for line in lines:
            uid = FETCHED.match(line)
            if not uid or int(uid.group(1)) <= self.last_uid:
                continue
            self.last_uid = int(uid.group(1))
            literal = LITERAL.search(line)
            out.append((self.last_uid, line[literal.end():literal.end() + int(literal.group(1))]))
        return out

    def look(self):
        """Count what is new by subject."""
        for _, text in self.new("BODY.PEEK[HEADER.FIELDS (SUBJECT)]"):
            subject = SUBJECT.search(text)
            self.found[subject.group(1).rstrip("\r") if subject else "a message without our subject"] += 1
        return self.found


def read_all(reader, ledger):
    """(Counter of names, problems): every message whole, compared octet for octet below the trace headers."""
    found, problems = Counter(), []
    for uid, text in Reader(reader.server, reader.user, reader.password, reader.mailbox).new("BODY.PEEK[]"):
        subject = SUBJECT.search(text)
        name = subject.group(1).rstrip("\r") if subject else f"message {uid} without our subject"
        found[name] += 1
        letter = ledger.letters.get(name)
        if letter and not octets_of(text).endswith(letter.octets()):
            problems.append(f"{name} is not what was sent: {len(text)} octets, sent {len(letter.octets())}")
    return found, problems
